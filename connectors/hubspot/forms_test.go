package hubspot

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestForms: each form that a contact filled in is a sign of life, and one that the settings name waits for an answer.
func TestForms(t *testing.T) {
	p := newPortal(t)
	ada := p.add("contacts", "101", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate", "2026-03-01T10:00:00Z")
	was(ada, formSent, "2026-03-01T09:59:58.5Z", "2026-03-01T09:59:59Z", "1770000000000", "2026-02-02T02:40:01Z", "",
		"2026-01-20T00:00:00Z", "2026-01-05T07:59:59Z", "2026-01-05T08:00:00Z")
	was(ada, formName, "Pricing: Contact us", "2026-03-01T09:59:59Z", "Home: Newsletter", "2026-01-05T08:00:00Z")
	c := p.connect(t, func(c *Config) { c.Forms = []string{" Contact", ""} })
	got, err := c.Fetch(t.Context(), refs("contacts", "101"))
	sent := map[string]crm.Direction{}
	for _, f := range facts(t, got, err) {
		if f.Message == nil {
			continue
		}
		if f.Message.Channel != crm.Form || !f.Message.Text.Unread || f.Contact != "101" {
			t.Errorf("form %+v, %+v", f, *f.Message)
		}
		sent[f.ID+" "+f.At.String()] = f.Message.Direction
	}
	want := map[string]crm.Direction{
		"forms/1767599999000 2026-01-05T07:59:59Z": 0, "forms/1770000000000 2026-02-02T02:40:00Z": 0,
		"forms/1772359198500 2026-03-01T09:59:58.5Z": crm.In,
	}
	if d := cmp.Diff(want, sent); d != "" {
		t.Errorf("forms (-want +got):\n%s", d)
	}
	heard, err := c.Decode(connectors.Delivery{Body: []byte(`[{"eventId":1,"subscriptionId":2,"portalId":4242,"appId":54321,"occurredAt":1772359199000,
		"subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":101,"propertyName":"recent_conversion_date","propertyValue":"1772359198500","changeSource":"FORM","sourceId":"f"}]`)})
	if err != nil || len(heard) != 1 || heard[0].Ref == nil || heard[0].Ref.Type != "contacts" ||
		heard[0].Ref.ID != "101" {
		t.Errorf("the webhook of a form has the contact read: %+v, %v", heard, err)
	}
}

// TestFormNamedLater: the name of a form may be worked out a moment after its date, and be read only then.
func TestFormNamedLater(t *testing.T) {
	p := newPortal(t)
	ada := p.add("contacts", "101", "createdate", "2026-01-05T08:00:00Z", "lastmodifieddate", "2026-03-01T10:00:00Z")
	was(ada, formSent, "2026-03-01T09:59:58.5Z", "2026-03-01T09:59:59Z", "2026-01-05T08:00:00Z", "2026-01-05T08:00:00Z")
	c := p.connect(t, func(c *Config) { c.Forms = []string{"contact"} })
	latest := func(names ...string) crm.Fact {
		was(ada, formName, names...)
		got, err := c.Fetch(t.Context(), refs("contacts", "101"))
		for _, f := range facts(t, got, err) {
			if f.ID == "forms/1772359198500" {
				return f
			}
		}
		t.Fatal("the form is not told")
		return crm.Fact{}
	}
	before := latest("Home: Newsletter", "2026-01-05T08:00:00Z")
	after := latest("Pricing: Contact us", "2026-03-01T09:59:59.2Z", "Home: Newsletter", "2026-01-05T08:00:00Z")
	if after.Message.Direction != crm.In || after.Version <= before.Version {
		t.Errorf("direction %d of version %d, before the name was known %d", after.Message.Direction, after.Version,
			before.Version)
	}
}
