package generic

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// showing has people who are read one by one, and people who are read together.
const showing = `version: 1
title: Shown
api: {base: /api, auth: bearer, calls: 3}
records:
  Lead:
    person: {kind: lead, emails: .mails}
    read: {get: "/leads/{$id}"}
    deleted: .deleted
  Contact:
    person: {kind: contact, emails: .mails}
    read: {get: /contacts, query: {ids: '{$ids | join(",")}'}, batch: 2, item: .list}
  Mail:
    message: {}
    read: {get: "/mails/{$id}"}
    people: .people
  Note:
    note: true
    read: {get: "/notes/{$id}"}
    people: .people
show:
  card: {name: .name, email: .main}
  find: {get: "/{$kind}s", query: {mail: "{$email}"}, ids: ".list[].id"}
  link: {Lead: "/#{$type}/{$account}/{$id}", Contact: "/page?of={$id}", Mail: "/mail/{$id}"}
`

// shownAs is the role of a source with that mapping.
func shownAs(t *testing.T, web string, api http.HandlerFunc) connectors.Shower {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "shown.yaml")
	if err := os.WriteFile(file, []byte(showing), 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := New(Config{MAPPING: file, API: API{URL: server.URL}, Web: Web{URL: web}, Token: "t0ken"},
		connectors.Options{Source: crm.Source{Name: "shown", Vendor: Vendor}})
	if err != nil {
		t.Fatal(err)
	}
	return v.Show
}

// Who is gone or deleted has no card, nobody gets one who was not asked for, and what is read together is asked for
// together.
func TestCards(t *testing.T) {
	var calls atomic.Int64
	show := shownAs(t, "", func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		switch r.URL.Path + "?" + r.URL.RawQuery {
		case "/api/leads/1?":
			fmt.Fprint(w, `{"id": 1, "name": " Ada Quill ", "main": "ada@quill.example", "mails": ["a@old.example"]}`)
		case "/api/leads/2?":
			fmt.Fprint(w, `{"id": 2, "name": "Ben", "deleted": true}`)
		case "/api/contacts?ids=1%2C2":
			fmt.Fprint(w, `{"list": [{"id": 1, "name": "Cy", "mails": ["cy@x.example", "cy@y.example"]},
				{"id": 9, "name": "No"}]}`)
		case "/api/contacts?ids=3":
			fmt.Fprint(w, `{"list": [{"id": 3, "name": "Dee"}]}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	got, err := show.Cards(t.Context(), []string{
		"lead/1", "lead/2", "lead/3", "contact/1", "contact/2", "contact/3", "partner/1",
	})
	want := map[string]connectors.Card{
		"lead/1": {Name: "Ada Quill", Email: "ada@quill.example"}, "contact/1": {Name: "Cy", Email: "cy@x.example"},
		"contact/3": {Name: "Dee"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if calls.Load() != 5 {
		t.Errorf("%d calls, want 3 for the leads and 2 for the contacts", calls.Load())
	}
}

// A CRM that answers for some people alone: their cards are shown, and the error says that there are more.
func TestCardsInPart(t *testing.T) {
	show := shownAs(t, "", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/contacts" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"id": %q, "name": "Ada"}`, strings.TrimPrefix(r.URL.Path, "/api/leads/"))
	})
	got, err := show.Cards(t.Context(), []string{"lead/1", "contact/1"})
	if err == nil {
		t.Error("nothing says that there are more")
	}
	if _, there := got["lead/1"]; !there {
		t.Errorf("the card that was read is lost: %v", got)
	}
}

func TestFind(t *testing.T) {
	for name, c := range map[string]struct {
		contacts string // empty: 404
		want     []string
		err      connectors.Kind
	}{
		"both kinds": {contacts: `{"list": [{"id": 7}]}`, want: []string{"contact/7", "lead/1"}},
		"one kind":   {contacts: `{"list": []}`, want: []string{"lead/1"}},
		"no list":    {want: []string{"lead/1"}},
		"no JSON":    {contacts: `<html>`, err: connectors.Garbled},
		"no answer":  {contacts: `"?"`, err: connectors.Garbled},
	} {
		t.Run(name, func(t *testing.T) {
			show := shownAs(t, "", func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Query().Get("mail") != "ada+1@quill.example":
					t.Errorf("asked for %q", r.URL.RawQuery)
				case r.URL.Path == "/api/leads":
					fmt.Fprint(w, `{"list": [{"id": "1"}]}`)
				case c.contacts == "":
					w.WriteHeader(http.StatusNotFound)
				default:
					fmt.Fprint(w, c.contacts)
				}
			})
			got, err := show.Find(t.Context(), "ada+1@quill.example")
			if (err != nil) != (c.err != 0) || err != nil && connectors.KindOf(err) != c.err ||
				!slices.Equal(got, c.want) {
				t.Errorf("it finds %v, %v", got, err)
			}
		})
	}
}

// A page is that of the record which told a fact, and the person's where such records have none. Nothing in an id leads
// to another page or host.
func TestLink(t *testing.T) {
	show := shownAs(t, "https://crm.example.com/app/", http.NotFound)
	for _, c := range []struct{ person, fact, want string }{
		{"contact/7", "", "/page?of=7"},
		{"contact/7", "Mail/5", "/mail/5"},
		{"contact/7", "Mail/5/2", "/mail/5"},
		{"contact/7", "Note/5", "/page?of=7"},
		{"contact/7", "Unknown/5", "/page?of=7"},
		{"contact/7&of=8#a+b", "", "/page?of=7%26of%3D8%23a%2Bb"},
		{"contact/7", "Mail/..", "/page?of=7"},
		{"lead/7", "", "/#Lead/acc0unt/7"},
		{"partner/7", "", ""},
	} {
		want := c.want
		if want != "" {
			want = "https://crm.example.com/app" + want
		}
		if got := show.Link("acc0unt", c.person, c.fact); got != want {
			t.Errorf("%s, %q: %q, want %q", c.person, c.fact, got, want)
		}
	}
	if got := show.Link("", "lead/7", ""); got != "" {
		t.Errorf("while the account is not known: %q", got)
	}
}

// What somebody pastes from the browser names the person whose page it is, in every preset that knows its CRM's pages,
// and nobody where it is the page of something else.
func TestPagesOfPresets(t *testing.T) {
	const uuid = "0c6c7a0e-8f5c-4d0b-9a53-1f2e3d4c5b6a"
	for preset, pages := range map[string]map[string]string{
		"espocrm": {
			"https://crm.example.com/#Lead/view/65f0c0ffee0000001":          "lead/65f0c0ffee0000001",
			"https://crm.example.com/sales/?x=1#Contact/view/65f0c0ffee001": "contact/65f0c0ffee001",
			"https://crm.example.com/#Lead/edit/65f0c0ffee0000001":          "lead/65f0c0ffee0000001",
			"https://crm.example.com/#Opportunity/view/65f0c0ffee0000001":   "",
			"https://crm.example.com/#Account/view/65f0c0ffee0000001":       "",
			"https://crm.example.com/#Lead":                                 "",
			"https://crm.example.com/Lead/view/65f0c0ffee0000001":           "",
		},
		"dolibarr": {
			"https://erp.example.com/contact/card.php?id=12":                            "contact/12",
			"https://erp.example.com/dolibarr/contact/card.php?save_lastsearch=1&id=12": "contact/12",
			"https://erp.example.com/contact/perso.php?id=12&mainmenu=companies":        "contact/12",
			"https://erp.example.com/societe/card.php?socid=5":                          "thirdparty/5",
			"https://erp.example.com/societe/card.php?action=edit&socid=5":              "thirdparty/5",
			"https://erp.example.com/comm/card.php?socid=5":                             "thirdparty/5",
			"https://erp.example.com/comm/propal/card.php?id=12":                        "",
			"https://erp.example.com/comm/action/card.php?id=12":                        "",
			"https://erp.example.com/contact/list.php?socid=5":                          "",
			"https://erp.example.com/product/card.php?id=12":                            "",
			"https://erp.example.com/user/card.php?id=12":                               "",
			"https://erp.example.com/index.php":                                         "",
			"https://erp.example.com/contact/card.php?id=":                              "",
			"https://erp.example.com/contact/card.php?id=12%26id%3D13":                  "contact/12&id=13",
		},
		"odoo": {
			"https://odoo.example.com/web#id=5&menu_id=101&cids=1&model=res.partner&view_type=form": "contact/5",
			"https://odoo.example.com/web?debug=1#id=7&model=crm.lead&view_type=form":               "lead/7",
			"https://odoo.example.com/web#id=5&model=sale.order&view_type=form":                     "",
			"https://odoo.example.com/web#model=res.partner&view_type=list":                         "",
			"https://odoo.example.com/odoo/contacts/5":                                              "contact/5",
			"https://odoo.example.com/odoo/crm/7":                                                   "lead/7",
			"https://odoo.example.com/odoo/sales/7":                                                 "",
		},
		"odoo-json2": {
			"https://odoo.example.com/odoo/res.partner/5":                            "contact/5",
			"https://odoo.example.com/odoo/contacts/5?debug=1":                       "contact/5",
			"https://odoo.example.com/odoo/crm/7":                                    "lead/7",
			"https://odoo.example.com/odoo/crm.lead/7":                               "lead/7",
			"https://odoo.example.com/odoo/sale.order/7":                             "",
			"https://odoo.example.com/web#id=7&model=crm.lead&view_type=form&cids=1": "lead/7",
		},
		"suitecrm": {
			"https://crm.example.com/index.php?module=Leads&action=DetailView&record=" + uuid: "lead/" + uuid,
			"https://crm.example.com/index.php?offset=3&module=Contacts&stamp=17&record=" + uuid +
				"&action=DetailView": "contact/" + uuid,
			"https://crm.example.com/index.php?module=Leads&action=EditView&record=" + uuid:         "lead/" + uuid,
			"https://crm.example.com/#/contacts/record/" + uuid + "?return_module=Contacts":         "contact/" + uuid,
			"https://suite.example/index.php?module=Opportunities&action=DetailView&record=" + uuid: "",
			"https://crm.example.com/index.php?module=Leads&action=index":                           "",
		},
		"twenty": {
			"https://acme.twenty.com/object/person/" + uuid:               uuid,
			"https://acme.twenty.com/object/person/" + uuid + "#timeline": uuid,
			"https://acme.twenty.com/object/opportunity/" + uuid:          "",
			"https://acme.twenty.com/objects/people":                      "",
		},
	} {
		cfg := presetConfig(preset, "https://crm.example.com", settings(t, "presets/"+preset+"/samples/settings.env"))
		v, err := New(cfg, connectors.Options{Source: crm.Source{Name: "crm", Vendor: Vendor}})
		if err != nil {
			t.Fatal(preset, err)
		}
		for page, want := range pages {
			if who, ok := v.PersonAt("", page); who != want || ok != (want != "") {
				t.Errorf("%s: %s is the page of %q, want %q", preset, page, who, want)
			}
		}
		for _, kind := range v.People { // whoever is shown is found again
			who := crm.Person{Kind: kind.Kind, ID: "65f0-7"}.String()
			if got, _ := v.PersonAt("", v.Show.Link("", who, "")); got != who {
				t.Errorf("%s: the page of %s is found to be that of %q", preset, who, got)
			}
		}
	}
}
