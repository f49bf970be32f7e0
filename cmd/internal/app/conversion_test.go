package app

import (
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	story "github.com/winnow-crm/winnow/cmd/internal/lab/world"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestConversionInTheFlow: a lead that becomes a contact takes along what was known of it, under both vendors whose
// people are of two kinds.
func TestConversionInTheFlow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	t.Parallel()
	for _, vendor := range []string{"espocrm", "salesforce"} {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			face, err := stage.Start(vendor, story.Options{Limit: -1, Fields: true, RetryWait: 10 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = face.Close() })
			p := &pair{t: t, faces: map[string]story.Face{vendor: face}, people: map[string][]string{}}
			a := p.serve(face.Settings(vendor))
			lead := face.CreatePerson(story.Profile{First: "P", Last: "One", Email: "p@two.example", Company: "Two"})
			face.Email([]string{lead}, story.Email{
				Incoming: true, Subject: "Price", Text: "Could you send me a quote?",
			})
			p.people[vendor] = []string{lead}
			if err := face.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.rated(vendor)
			face.Deal([]string{lead}, story.Deal{Name: "Looms", Amount: 9000}) // which a contact alone has
			if err := face.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			explain := func(who string) (messages int, into string) {
				e, err := a.Pipeline.Explain(t.Context(), crm.ContactRef{Source: vendor, Contact: who})
				if err != nil {
					return 0, ""
				}
				return e.Facts["message"], e.MergedTo
			}
			waittest.Until(t, "the contact has what the lead had", func() bool {
				_, contact := explain("lead/" + lead)
				messages, _ := explain(contact)
				return contact != "" && messages == 1
			})
			_, contact := explain("lead/" + lead)
			if crm.ParsePerson(contact).Kind != "contact" {
				t.Errorf("the lead lives on as %s", contact)
			}
			p.rated(vendor)
		})
	}
}
