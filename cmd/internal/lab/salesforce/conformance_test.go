package salesforce

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/salesforce"
)

// TestConformance holds the connector to the contract, against this org.
func TestConformance(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	var org *Org
	var lead, contact, mail string
	found := func() { // the same ids each time
		org = New(Options{Now: func() time.Time { return now }, DailyLimit: -1, Fields: true})
		f := Face{org}
		lead = f.CreatePerson(world.Profile{
			First: "Ada", Last: "Quill", Email: "ada@quill.example", Company: "Quill Mills",
		})
		contact = f.CreatePerson(world.Profile{
			First: "Ben", Last: "Ode", Email: "ben@ode.example", Company: "Ode", Customer: true,
		})
		mail = f.Email([]string{lead}, world.Email{Incoming: true, Subject: "Looms", Text: "How much is one?"})
	}
	found()
	user := org.integration.id
	message := func(extra string) []byte {
		b := string(org.Message("Lead", "04l000000000001AAA/"+lead))
		return []byte(strings.Replace(b, "<sf:LastModifiedById>"+org.owner.id, "<sf:LastModifiedById>"+extra, 1))
	}
	with := func(t *testing.T, apiURL string, state connectors.State) connectors.Vendor {
		c, err := salesforce.New(salesforce.Config{
			API: salesforce.API{URL: apiURL}, ClientID: "sandbox-client", ClientSecret: "sandbox-secret",
			HookKey: "h00k", OrgID: org.ID(),
		}, connectors.Options{
			Source: crm.Source{Name: "salesforce", Vendor: salesforce.Vendor}, Salt: []byte("salt"), State: state,
		})
		if err != nil {
			t.Fatal(err)
		}
		return c.Vendor()
	}
	connectortest.Run(t, connectortest.Harness{
		New: func(t *testing.T, apiURL string) connectors.Vendor {
			state := connectors.NewMemory()
			_ = state.Put(t.Context(), "user", []byte(user)) // a memory takes everything
			v := with(t, apiURL, state)
			if err := v.Maintain.Recall(t.Context()); err != nil {
				t.Fatal(err)
			}
			return v
		},
		WithState: with,
		Sign: func(body []byte, secret string, _ time.Time) connectors.Delivery {
			return connectors.Delivery{
				Method: http.MethodPost, Query: url.Values{"key": {secret}}, Body: body, Received: crm.At(now),
			}
		},
		Secret: "h00k", Secrets: []string{"sandbox-secret", "sess10n"},
		Deliveries: "../../../../connectors/salesforce/testdata/deliveries",
		Body:       message(org.owner.id), Echo: message(user),
		API: func(*testing.T) http.Handler {
			found()
			return org.Handler()
		},
		Refs: []crm.Ref{{Type: "EmailMessage", ID: mail}}, Concerned: []string{"lead/" + lead},
		Profiles: []crm.Ref{{Type: "Lead", ID: lead}, {Type: "Contact", ID: contact}},
		Gone:     []crm.Ref{{Type: "Event", ID: "00UD000000QOMqgIAH"}},
		Changed:  []string{"Lead/" + lead, "Contact/" + contact, "EmailMessage/" + mail},
		Changes: []crm.Change{
			{Contact: "lead/" + lead, Values: map[crm.Field]string{crm.FieldRating: "B", crm.FieldScore: "61"}},
			{Contact: "contact/" + contact, Values: map[crm.Field]string{crm.FieldRating: ""}},
		},
		Written: func(person string, f crm.Field) string {
			p, _ := Face{org}.Person(crm.ParsePerson(person).ID)
			return p.Fields[string(f)]
		},
		// A token endpoint that refuses with 400 refuses the credential.
		Kinds: map[int]connectors.Kind{400: connectors.Unauthenticated},
		Taken: func(r connectors.Reply) bool {
			return r.Status == http.StatusOK && strings.Contains(string(r.Body), "<Ack>true</Ack>")
		},
	})
}
