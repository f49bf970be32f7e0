package hubspot

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors"
)

// Lists are made once. One that is there already, whoever made it, is left alone.
func TestLists(t *testing.T) {
	p := newPortal(t)
	made, denied := map[string]obj{"Winnow: Pending": {}}, ""
	p.override = func(w http.ResponseWriter, r *http.Request, body obj) bool {
		name, looks := strings.CutPrefix(r.URL.Path, listsPath+"/object-type-id/0-1/name/")
		switch {
		case !strings.HasPrefix(r.URL.Path, listsPath):
			return false
		case denied == r.Method:
			refuse(w, 403, "MISSING_SCOPES", "")
		case looks && made[name] == nil:
			refuse(w, 404, "OBJECT_NOT_FOUND", "")
		case looks:
			reply(w, obj{"list": made[name]})
		default:
			made[body["name"].(string)] = body
			reply(w, obj{"list": body})
		}
		return true
	}
	c := p.connect(t, func(c *Config) { c.Fields = "override=" })
	steps, err := c.Lists(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"list Winnow: We owe an answer", "list Winnow: Look again"}
	if !slices.Equal(missing(steps), want) || len(steps) != 3 {
		t.Fatalf("missing %q of %d, want %q: no list of a field that is not written", missing(steps), len(steps), want)
	}
	denied = "POST"
	if err := c.Apply(t.Context(), steps[0]); err == nil || !strings.Contains(err.Error(), "crm.lists.write") {
		t.Errorf("without the scope: %v", err)
	}
	denied = ""
	for _, s := range steps {
		if err := c.Apply(t.Context(), s); err != nil {
			t.Fatal(s.Name, err)
		}
	}
	if made["Winnow: Pending"]["name"] != nil {
		t.Error("a list that is there was made anew")
	}
	branch := made["Winnow: We owe an answer"]["filterBranch"].(obj)["filterBranches"].([]any)[0].(obj)
	filter := branch["filters"].([]any)[0].(obj)
	if filter["property"] != "winnow_ball" || filter["operation"].(obj)["values"].([]any)[0] != "us" {
		t.Errorf("the list has %v", filter)
	}
	if steps, err = c.Lists(t.Context()); err != nil || len(missing(steps)) > 0 {
		t.Errorf("after all was made %q is missing, %v", missing(steps), err)
	}
	denied = "GET"
	if _, err := c.Lists(t.Context()); connectors.KindOf(err) != connectors.Unauthenticated ||
		!strings.Contains(err.Error(), "crm.lists.read") {
		t.Errorf("without the scope: %v", err)
	}
}
