package hubspot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// account is the part of the portal that set-up speaks to.
type account struct {
	groups []obj
	props  map[string]obj
	denied map[string]bool // kinds and "owners"
}

func (a *account) serve(w http.ResponseWriter, r *http.Request, body obj) bool {
	for kind := range a.denied {
		if strings.Contains(r.URL.Path, "/"+kind+"/search") || strings.HasSuffix(r.URL.Path, "/"+kind+"/2026-09") {
			refuse(w, 403, "MISSING_SCOPES", "")
			return true
		}
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/crm/properties/2026-09/contacts")
	switch {
	case !ok:
		return false
	case r.Method == "GET" && rest == "/groups":
		reply(w, obj{"results": a.groups})
	case r.Method == "GET":
		list := []obj{}
		for _, p := range a.props {
			list = append(list, p)
		}
		reply(w, obj{"results": list})
	case r.Method == "POST" && rest == "/groups":
		a.groups = append(a.groups, body)
		w.WriteHeader(201)
		reply(w, body)
	case r.Method == "POST" && rest == "":
		name := body["name"].(string)
		if len(a.groups) == 0 {
			refuse(w, 400, "VALIDATION_ERROR", "no group")
		} else if a.props[name] != nil {
			refuse(w, 409, "OBJECT_ALREADY_EXISTS", "")
		} else {
			a.props[name] = body
			w.WriteHeader(201)
			reply(w, body)
		}
	case r.Method == "PATCH":
		a.props[strings.TrimPrefix(rest, "/")]["options"] = body["options"]
		reply(w, obj{})
	}
	return true
}

func missing(steps []connectors.Step) []string {
	var out []string
	for _, s := range steps {
		if !s.Have {
			out = append(out, s.Name)
		}
	}
	return out
}

func TestSetup(t *testing.T) {
	p := newPortal(t)
	a := &account{props: map[string]obj{}}
	p.override = a.serve
	c := p.connect(t, nil)
	steps, err := c.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(missing(steps)); n != 1+len(crm.FieldTable) {
		t.Errorf("%d steps, want the group and %d properties: %v", n, len(crm.FieldTable), missing(steps))
	}
	for range 2 { // twice: what is there already is no error
		for _, s := range steps {
			if err := c.Apply(t.Context(), s); err != nil && s.Name != "property group winnow" {
				t.Errorf("%s: %v", s.Name, err)
			}
		}
	}
	if steps, err = c.Plan(t.Context()); err != nil || len(missing(steps)) != 0 {
		t.Errorf("after set-up still missing: %v, %v", missing(steps), err)
	}
	if rating := a.props["winnow_rating"]; rating["type"] != "enumeration" || rating["groupName"] != "winnow" ||
		len(rating["options"].([]any)) != 4 {
		t.Errorf("%v", rating)
	}
	if b := a.props["winnow_disqualified"]; b["type"] != "bool" || b["fieldType"] != "booleancheckbox" ||
		len(b["options"].([]any)) != 2 {
		t.Errorf("%v", b)
	}
}

func TestSetupFindsWhatIsWrong(t *testing.T) {
	p := newPortal(t)
	a := &account{groups: []obj{{"name": "winnow"}}, denied: map[string]bool{
		"quotes": true, "line_items": true, "owners": true,
	}, props: map[string]obj{
		"winnow_rating": {"name": "winnow_rating", "type": "string"},
		"winnow_status": {"name": "winnow_status", "type": "enumeration", "options": []obj{
			{"label": "Mine", "value": "mine"}, {"label": "Open", "value": "open"},
		}},
		"industry": {"name": "industry", "type": "enumeration"},
	}}
	p.override = a.serve
	c := p.connect(t, func(c *Config) {
		c.Fields = "score=our_score"
		c.FitProperties = []string{"industry", "no_such"}
	})
	steps, err := c.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]connectors.Step{}
	for _, s := range steps {
		byName[s.Name] = s
	}
	for name, detail := range map[string]string{
		"property winnow_rating": "is there as string, but has to be enumeration", "property our_score": "not there",
		"property no_such":              "not there",
		"scope crm.objects.quotes.read": "to read quotes", "scope crm.objects.line_items.read": "to read line_items",
		"scope crm.objects.owners.read": "to read owners",
	} {
		s := byName[name]
		if s.Have || !strings.Contains(s.Detail, detail) {
			t.Errorf("%s: %+v", name, s)
		}
		if s.Hand == "" || strings.Contains(s.Hand, "FIELDS") && !strings.Contains(s.Hand, "WINNOW_HUBSPOT_FIELDS") {
			t.Errorf("%s: what to do is not said in full: %q", name, s.Hand)
		}
		if err := c.Apply(t.Context(), s); connectors.KindOf(err) != connectors.Misconfigured {
			t.Errorf("%s cannot be done by us: %v", name, err)
		}
	}
	if byName["property industry"].Name != "" {
		t.Error("a property that is there is a step")
	}
	status := byName["property winnow_status"]
	if status.Have || !strings.Contains(status.Detail, "add the options pending") {
		t.Errorf("%+v", status)
	}
	if err := c.Apply(t.Context(), status); err != nil {
		t.Fatal(err)
	}
	if n := len(a.props["winnow_status"]["options"].([]any)); n != 7 {
		t.Errorf("%d options: what people added has to stay", n)
	}
	if group := byName["property group winnow"]; !group.Have {
		t.Error("the group is there")
	}
}

func TestAdvice(t *testing.T) {
	c := connectTo(t, "http://127.0.0.1:1", func(c *Config) {
		c.Objects = []string{"contacts", "emails", "quotes", "conversations"}
		c.FitProperties = []string{"industry"}
	})
	text, paste := c.Advice("https://winnow.example.com/")
	var component struct {
		Type   string
		Config struct {
			Settings      struct{ TargetURL string }
			Subscriptions struct {
				CrmObjects, HubEvents []struct{ SubscriptionType, ObjectType, PropertyName string }
			}
		}
	}
	if err := json.Unmarshal(paste, &component); err != nil {
		t.Fatalf("the component is not JSON: %v", err)
	}
	if component.Config.Settings.TargetURL != "https://winnow.example.com/hooks/hubspot" ||
		component.Type != "webhooks" {
		t.Errorf("%+v", component.Config.Settings)
	}
	got := map[string]bool{}
	for _, s := range append(component.Config.Subscriptions.CrmObjects, component.Config.Subscriptions.HubEvents...) {
		got[strings.TrimSpace(s.SubscriptionType+" "+s.ObjectType+" "+s.PropertyName)] = true
	}
	for _, want := range []string{
		"object.creation contact", "object.merge contact", "object.propertyChange contact lifecyclestage",
		"object.propertyChange contact winnow_override", "object.propertyChange contact industry",
		"object.creation email", "object.propertyChange quote hs_status", "contact.privacyDeletion",
		"conversation.newMessage",
	} {
		if !got[want] {
			t.Errorf("no subscription to %s", want)
		}
	}
	for _, never := range []string{
		"object.propertyChange contact winnow_rating", "object.creation deal",
		"object.propertyChange email hs_email_subject",
	} {
		if got[never] {
			t.Errorf("a subscription to %s", never)
		}
	}
	for _, scope := range []string{
		"crm.objects.contacts.write", "sales-email-read", "crm.objects.line_items.read", "conversations.read",
	} {
		if !strings.Contains(text, scope) {
			t.Errorf("scope %s is not named", scope)
		}
	}
	if off, paste := connectTo(t, "http://127.0.0.1:1",
		func(c *Config) { c.Webhooks = "off" }).Advice("x"); strings.Contains(off, "hsmeta") || paste != nil {
		t.Error("webhooks are off, but there is a component to paste")
	}
}

// Five kinds of records need one scope: it is listed once, and missing where one of them is refused.
func TestSetupListsAScopeOnce(t *testing.T) {
	for _, denied := range []map[string]bool{nil, {"meetings": true}} {
		p := newPortal(t)
		p.override = (&account{props: map[string]obj{}, denied: denied}).serve
		steps, err := p.connect(t, nil).Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n, lines := 0, false
		for _, s := range steps {
			if s.Name == "scope crm.objects.line_items.read" {
				lines = s.Have
			}
			if s.Name != "scope crm.objects.contacts.read" {
				continue
			}
			n++
			if want := "to read meetings"; denied == nil && !s.Have || denied != nil && (s.Have || s.Detail != want ||
				s.Hand == "") {
				t.Errorf("with %v refused: %+v", denied, s)
			}
		}
		if n != 1 || !lines {
			t.Errorf("the scope is listed %d times, and the one for the lines of quotes is granted: %v", n, lines)
		}
	}
}

func TestSetupNamesTheHostThatDoesNotAnswer(t *testing.T) {
	_, err := connectTo(t, "http://127.0.0.1:1", nil).Plan(t.Context())
	if connectors.KindOf(err) != connectors.Unavailable || !strings.Contains(err.Error(), "127.0.0.1:1") ||
		!strings.Contains(err.Error(), "refused") {
		t.Errorf("%v", err)
	}
}

// What the rules look at is read, subscribed to and missed where it is not there, as if the source's own settings named
// it. What we write ourselves, and what means something here already, is not taken.
func TestPropertiesOfTheRules(t *testing.T) {
	p := newPortal(t)
	p.override = (&account{props: map[string]obj{"industry": {"name": "industry", "type": "enumeration"}}}).serve
	c := p.connect(t, func(c *Config) { c.FitProperties = []string{"industry"} })
	c.opt.Properties = []string{"industry", "no_such", "owner", "region", "winnow_score"}
	c.translate = c.translators()
	if want := []string{"industry", "no_such", "region"}; !slices.Equal(sortedKeys(c.fit()), want) {
		t.Errorf("%q, want %q", c.fit(), want)
	}
	steps, err := c.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if m := missing(steps); !slices.Contains(m, "property region") || slices.Contains(m, "property industry") {
		t.Errorf("missing: %q", m)
	}
	for _, name := range []string{"region", "industry"} {
		_, paste := c.Advice("https://winnow.example.com")
		if n := bytes.Count(paste, fmt.Appendf(nil, "%q: %q", "propertyName", name)); n != 1 {
			t.Errorf("%d subscriptions to %s", n, name)
		}
		if !slices.Contains(c.dated(), name) {
			t.Errorf("%s is not read with its history", name)
		}
	}
}

// Under enforce an account's own list of lead statuses has to have the value that a disqualified contact gets: set-up
// and the check of the settings say so, and name those that there are.
func TestTheNativeStatusIsLookedFor(t *testing.T) {
	for value, there := range map[string]bool{"UNQUALIFIED": false, "BAD_FIT": true} {
		p := newPortal(t)
		p.override = (&account{props: map[string]obj{
			"hs_lead_status": {"name": "hs_lead_status", "type": "enumeration", "options": []obj{
				{"value": "NEW"}, {"value": "BAD_FIT"},
			}},
		}}).serve
		c := p.connect(t, func(c *Config) { c.Unqualified = value })
		name := "value " + value + " of hs_lead_status"
		for _, enforce := range []bool{false, true} {
			c.opt.Enforce = enforce
			steps, err := c.Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(steps, func(s connectors.Step) bool { return s.Name == name })
			if (i >= 0) != enforce {
				t.Errorf("enforce %t: the value is looked for: %t", enforce, i >= 0)
			}
			if i >= 0 && (steps[i].Have != there ||
				!there && (steps[i].Hand == "" || !strings.Contains(steps[i].Detail, "NEW, BAD_FIT"))) {
				t.Errorf("%+v", steps[i])
			}
		}
		err := c.Vendor().CheckNative(t.Context())
		if there != (err == nil) || !there && (connectors.KindOf(err) != connectors.Misconfigured ||
			!strings.Contains(err.Error(), "WINNOW_HUBSPOT_UNQUALIFIED")) {
			t.Errorf("%s: %v", value, err)
		}
	}
}

// TestLabels: fields are made with the labels that the account's people read.
func TestLabels(t *testing.T) {
	p := newPortal(t)
	p.override = (&account{props: map[string]obj{}}).serve
	c := p.connect(t, nil)
	c.opt.Labels = slices.Clone(crm.FieldTable)
	i := slices.IndexFunc(c.opt.Labels, func(s crm.FieldSpec) bool { return s.Field == crm.FieldDisqualified })
	c.opt.Labels[i].Label, c.opt.Labels[i].Options = "Winnow disqualifiziert", []crm.Option{{Value: "true", Label: "Ja"}}
	steps, err := c.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range steps {
		do, _ := s.Data.(todo)
		if made, ok := do.body.(property); ok && made.Name == "winnow_disqualified" {
			if made.Label != "Winnow disqualifiziert" || len(made.Options) != 1 || made.Options[0].Label != "Ja" {
				t.Errorf("made as %+v", made)
			}
			return
		}
	}
	t.Error("nothing makes winnow_disqualified")
}
