package connectors

import "testing"

// Where nothing is known of a CRM's pages, a path that ends with an id may still name somebody.
func TestPersonAtWithoutPages(t *testing.T) {
	one := Vendor{People: []PersonKind{{Record: "contacts"}}}
	two := Vendor{People: []PersonKind{{Kind: "contact", Record: "contacts"}, {Kind: "lead", Record: "leads"}}}
	for page, want := range map[string]string{
		"https://crm.example.com/sales/contacts/402":          "402",
		"https://crm.example.com/content/people/0c6c7a0e-8f5": "0c6c7a0e-8f5",
		"https://crm.example.com/sales/contacts/402/notes":    "402",
		" https://crm.example.com/sales/contacts/402/?q=7#8 ": "402",
		"https://crm.example.com/sales":                       "",
		"https://crm.example.com":                             "",
		"402":                                                 "",
		"https://%":                                           "",
	} {
		if who, ok := one.PersonAt("", page); who != want || ok != (want != "") {
			t.Errorf("%q is the page of %q, want %q", page, who, want)
		}
		if who, ok := two.PersonAt("", page); ok {
			t.Errorf("%q is the page of %q, and might be that of another kind", page, who)
		}
	}
}
