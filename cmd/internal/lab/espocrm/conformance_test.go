package espocrm

import (
	"net/http"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic"
)

// TestConformance holds the connector with EspoCRM's mapping to the contract, against this server.
func TestConformance(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	var espo *Espo
	var lead, contact, mail string
	found := func() { // the same ids each time
		espo = New(Options{Now: func() time.Time { return now }, Fields: true})
		f := Face{espo}
		lead = f.CreatePerson(
			world.Profile{First: "Ada", Last: "Quill", Email: "ada@quill.example", Company: "Quill Mills"},
		)
		contact = f.CreatePerson(
			world.Profile{First: "Ben", Last: "Ode", Email: "ben@ode.example", Company: "Ode", Customer: true},
		)
		mail = f.Email([]string{lead}, world.Email{Incoming: true, Subject: "Looms", Text: "How much is one?"})
	}
	found()
	with := func(t *testing.T, apiURL string, state connectors.State) connectors.Vendor {
		v, err := generic.New(generic.Config{
			MAPPING: "espocrm", API: generic.API{URL: apiURL}, Token: "sandbox-key",
			HookSecret: "older,s3cret-of-hooks",
		}, connectors.Options{
			Source: crm.Source{Name: "espocrm", Vendor: generic.Vendor}, Salt: []byte("salt"), State: state,
			Now: func() time.Time { return now },
		})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	connectortest.Run(t, connectortest.Harness{
		New: func(t *testing.T, apiURL string) connectors.Vendor {
			return with(t, apiURL, connectors.NewMemory())
		},
		WithState: with,
		Sign: func(body []byte, secret string, _ time.Time) connectors.Delivery {
			return connectors.Delivery{
				Method: http.MethodPost, Path: "Lead.update", Body: body, Received: crm.At(now),
				Header: http.Header{
					"Signature":    {Sign("65f0c0ffee0000001", secret, body)},
					"Content-Type": {"application/json"},
				},
			}
		},
		Secret: "s3cret-of-hooks", SignsBody: true, Secrets: []string{"sandbox-key"},
		Deliveries: "testdata/deliveries",
		Body:       Message(map[string]any{"id": lead, "status": "Dead"}),
		Echo:       Message(map[string]any{"id": lead, "cWinnowRating": "B", "modifiedAt": "2026-03-02 09:30:00"}),
		API: func(*testing.T) http.Handler {
			found()
			return espo.Handler()
		},
		Refs: []crm.Ref{{Type: "Email", ID: mail}}, Concerned: []string{"lead/" + lead},
		Profiles: []crm.Ref{{Type: "Lead", ID: lead}, {Type: "Contact", ID: contact}},
		Gone:     []crm.Ref{{Type: "Meeting", ID: "65f0000000000ffff"}},
		Changed:  []string{"Lead/" + lead, "Contact/" + contact, "Email/" + mail},
		Changes: []crm.Change{
			{Contact: "lead/" + lead, Values: map[crm.Field]string{crm.FieldRating: "B", crm.FieldScore: "61"}},
			{Contact: "contact/" + contact, Values: map[crm.Field]string{crm.FieldRating: ""}},
		},
		Written: func(person string, f crm.Field) string {
			p, _ := Face{espo}.Person(crm.ParsePerson(person).ID)
			return p.Fields[string(f)]
		},
		// A record that is not there is gone, and concerns nobody.
		Answers: map[string][]int{
			"fetch": {http.StatusNotFound}, "relate": {http.StatusNotFound}, "cards": {http.StatusNotFound},
			"find": {http.StatusNotFound},
		},
	})
}
