package hubspot

import (
	"testing"

	"github.com/winnow-crm/winnow/connectors"
)

// The address in the browser names the contact whose page it is, in this account, and nobody where it is another page.
func TestWhose(t *testing.T) {
	v := connectors.Vendor{Show: &Connector{}}
	for page, want := range map[string]string{
		"https://app.hubspot.com/contacts/62515/record/0-1/101":                "101",
		"https://app-eu1.hubspot.com/contacts/62515/record/0-1/101/view/1?a=5": "101",
		"https://app.hubspot.com/contacts/62515/contact/101/?interaction=note": "101",
		"https://app.hubspot.com/contacts/62515/record/0-3/101":                "",
		"https://app.hubspot.com/contacts/62515/record/0-1/101?engagement=7":   "101",
		"https://app.hubspot.com/contacts/777/record/0-1/101":                  "",
		"https://app.hubspot.com/contacts/62515/objects/0-1/views/all/list":    "",
		"https://app.hubspot.com/contacts/62515/record/0-1/":                   "",
		"https://app.hubspot.com/reports-dashboard/62515/view/101":             "",
	} {
		if who, ok := v.PersonAt("62515", page); who != want || ok != (want != "") {
			t.Errorf("%s is the page of %q, want %q", page, who, want)
		}
	}
	if who, _ := v.PersonAt("", "https://app.hubspot.com/contacts/777/record/0-1/101"); who != "101" {
		t.Errorf("while the account is not known: %q", who)
	}
}
