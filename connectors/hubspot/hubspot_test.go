package hubspot

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
)

func TestConformance(t *testing.T) {
	echo := connectortest.Load(t, "testdata/deliveries/echo.http")
	connectortest.Run(t, connectortest.Harness{
		New: func(t *testing.T, apiURL string) connectors.Vendor {
			return connectTo(t, apiURL, func(c *Config) {
				c.Objects = append(slices.Clone(defaultObjects), conversations)
				withReferrals(c)
			}).Vendor()
		},
		Sign:       sign,
		Secret:     "s3cret",
		SignsBody:  true,
		Stale:      6 * time.Minute,
		Secrets:    []string{"s3cret", "t0ken"},
		Deliveries: "testdata/deliveries",
		Echo:       echo.Body,
		API: func(t *testing.T) http.Handler {
			p := newPortal(t)
			a := &account{props: map[string]obj{}}
			p.override = func(w http.ResponseWriter, r *http.Request, body obj) bool {
				if strings.HasSuffix(r.URL.Path, "/threads") {
					reply(w, obj{"results": []obj{}})
					return true
				}
				return a.serve(w, r, body)
			}
			p.add("contacts", "101", "email", "ada@example.com", "lifecyclestage", "lead")
			p.add("contacts", "102", "email", "ben@example.com")
			p.add("emails", "301", "hs_timestamp", "2026-02-01T08:00:00Z", "hs_email_direction", "INCOMING_EMAIL",
				"hs_email_text", "Could you send a quote?")
			p.link("emails/301", "contacts/101")
			return p
		},
		Refs: refs("emails", "301"), Concerned: []string{"101"}, Profiles: refs("contacts", "101"),
		Gone: refs("emails", "999"),
		Changes: []crm.Change{
			{Contact: "101", Values: map[crm.Field]string{crm.FieldRating: "B", crm.FieldScore: "61"}},
			{Contact: "102", Values: map[crm.Field]string{crm.FieldRating: ""}},
		},
	})
}

func TestPhrasesOfSettingsAreRead(t *testing.T) {
	opt := connectors.Options{
		Source: crm.Source{Name: "hubspot"}, Phrases: map[crm.Intents][]string{crm.OptOut: {"leave the barn"}},
	}
	c, err := New(Config{ClientSecret: "s3cret", Token: "t0ken"}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.text().Read(text.Input{
		Direction: crm.In, Body: "Please leave the barn.",
	}); !got.Intents.Has(crm.OptOut) {
		t.Errorf("%q; want what the settings say", got.Intents)
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/deliveries/*.http")
	for _, file := range files {
		f.Add(connectortest.Load(f, file).Body)
	}
	f.Add([]byte(`[null]`))
	f.Add([]byte(`{"objectId":{}}`))
	c, err := New(Config{ClientSecret: "s3cret", Token: "t0ken", ReferralLabels: []string{"Referred by"}},
		connectors.Options{Source: crm.Source{Name: "hubspot"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ns, err := c.Decode(connectors.Delivery{Body: body})
		if err != nil && connectors.KindOf(err) != connectors.Malformed {
			t.Errorf("unreadable is %v", err)
		}
		for _, n := range ns {
			switch {
			case n.Fact != nil && (n.Fact.Contact == "" || n.Fact.ID == "" || n.Fact.Version <= 0):
				t.Errorf("an unusable fact: %+v", n.Fact)
			case n.Ref != nil && (n.Ref.ID == "" || n.Ref.Type == ""):
				t.Errorf("an unusable reference: %+v", n.Ref)
			case n.Removed != nil && (n.Removed.ID == "" || n.Removed.Version <= 0):
				t.Errorf("an unusable removal: %+v", n.Removed)
			case n.Fact == nil && n.Ref == nil && n.Removed == nil && n.Passed == "":
				t.Error("an empty notice")
			}
		}
	})
}

// One source's deliveries of 100 property changes are the bulk of what comes in.
func BenchmarkDecode(b *testing.B) {
	one := connectortest.Load(b, "testdata/deliveries/single.http").Body
	body := []byte{'['}
	for i := range 100 {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, one...)
	}
	body = append(body, ']')
	c, err := New(Config{ClientSecret: "s3cret", Token: "t0ken"}, connectors.Options{
		Source: crm.Source{Name: "hubspot"},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if ns, err := c.Decode(connectors.Delivery{Body: body}); err != nil || len(ns) != 100 {
			b.Fatal(len(ns), err)
		}
	}
}

// Every subscription that HubSpot offers is known: none ends as a dead letter. Source: HubSpot docs, "Webhooks API"
// reference, eventType.
func TestEverySubscriptionIsKnown(t *testing.T) {
	c := connectTo(t, "http://127.0.0.1:1", nil)
	decode := func(e string) {
		t.Helper()
		if _, err := c.Decode(connectors.Delivery{Body: []byte("[" + e + "]")}); err != nil {
			t.Errorf("%s: %v", e, err)
		}
	}
	for _, object := range []string{"contact", "company", "deal", "ticket", "product", "line_item", "object"} {
		for _, action := range []string{"creation", "deletion", "merge", "restore", "propertyChange"} {
			decode(fmt.Sprintf(`{"occurredAt":1,"subscriptionType":%q,"objectId":5,"objectTypeId":"0-1","propertyName":"x","primaryObjectId":5,"mergedObjectIds":[6],"newObjectId":7}`, object+"."+action))
		}
		decode(fmt.Sprintf(`{"occurredAt":1,"subscriptionType":%q,"associationType":"CONTACT_TO_DEAL","fromObjectId":1,"toObjectId":2}`, object+".associationChange"))
	}
	for _, typeID := range []string{
		"0-1", "0-2", "0-3", "0-5", "0-8", "0-14", "0-18", "0-27", "0-46", "0-47", "0-48", "0-49", "0-136", "2-123",
	} {
		decode(fmt.Sprintf(`{"occurredAt":1,"subscriptionType":"object.creation","objectId":5,"objectTypeId":%q}`,
			typeID))
	}
	for _, word := range []string{
		"contact.privacyDeletion", "conversation.creation", "conversation.deletion", "conversation.newMessage",
		"conversation.privacyDeletion", "conversation.propertyChange", "event.completed",
	} {
		decode(fmt.Sprintf(`{"occurredAt":1,"subscriptionType":%q,"objectId":5,"messageId":"m"}`, word))
	}
}
