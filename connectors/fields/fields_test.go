package fields

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// shop is a vendor that spells its own way.
var shop = Spelling{
	Own: func(f crm.Field) string { return "W-" + string(f) },
	Valid: func(name string) error {
		if strings.Contains(name, " ") {
			return fmt.Errorf("%q has a blank", name)
		}
		return nil
	},
	Theirs: func(name string) bool { return name == "email" },
}

func TestParse(t *testing.T) {
	m, err := Parse(" rating = grade ,score=,winnow_override=by_hand", shop)
	if err != nil {
		t.Fatal(err)
	}
	for f, want := range map[crm.Field]string{
		crm.FieldRating: "grade", crm.FieldScore: "", crm.FieldFit: "W-fit", crm.FieldOverride: "by_hand",
	} {
		if m[f] != want {
			t.Errorf("%s is kept in %q, want %q", f, m[f], want)
		}
	}
	if w := m.Written(); len(w) != len(crm.Fields)-1 || w[0] != "grade" {
		t.Errorf("written: %q", w)
	}
	if diff := cmp.Diff([]string{"grade", "W-status", "W-model"}, m.Marks()); diff != "" {
		t.Error(diff)
	}
	_, err = Parse("rating,no_such=x,fit=email,worth=a b,ball=W-fit", shop)
	for _, want := range []string{
		`"rating": want`, `"no_such=x": want`, `"email" is the CRM's own`, `"a b" has a blank`,
		"fit and ball both name the property W-fit",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant it to say %s", err, want)
		}
	}
}

func TestValues(t *testing.T) {
	m, err := Parse("score=", shop)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Values(crm.Change{Values: map[crm.Field]string{
		crm.FieldRating: "B", crm.FieldScore: "50", crm.FieldBall: "", crm.FieldReasons: "first\nsecond\nthird",
		crm.FieldNativeStatus: "x",
	}}, 14)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{
		"W-rating": "B", "W-ball": "", "W-reasons": "first\nsecond",
	}, got); diff != "" {
		t.Error(diff)
	}
	if got, err := m.Values(crm.Change{Values: map[crm.Field]string{crm.FieldOverride: "A"}}, 14); err == nil {
		t.Errorf("what people set would be written: %v", got)
	}
}

func TestProperties(t *testing.T) {
	p, err := ParseProperties("role=job_role,reputation=", map[string]string{
		"role": "title", "company_size": "heads",
	}, shop)
	if err != nil {
		t.Fatal(err)
	}
	// owner is a name of the rules' own, and W-rating what is written: neither is read.
	wanted := []string{"role", "company_size", "industry", "reputation", "owner", "W-rating", "heads", "heads", ""}
	got := p.Named(wanted, []string{"W-rating"})
	want := map[string][]string{"job_role": {"role"}, "heads": {"company_size", "heads"}, "industry": {"industry"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"role", "Role=x", "role=a b"} {
		if p, err := ParseProperties(bad, nil, shop); err == nil {
			t.Errorf("%q is taken: %v", bad, p)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"äöü äöü", 7, "äöü äöü"},
		{"one line\nand another", 12, "one line"},
		{"schöne Grüße aus Köln", 15, "schöne Grüße"},
		{"schöne Grüße aus Köln", 16, "schöne Grüße aus"},
		{"ääääääää", 5, "äääää"},
		{"a verylongwordthatgoeson", 12, "a verylongwo"},
	} {
		if got := Cut(c.text, c.most); got != c.want {
			t.Errorf("%q at %d: %q, want %q", c.text, c.most, got, c.want)
		}
	}
}
