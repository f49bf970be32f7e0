package hubspot

import (
	"context"
	"slices"
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// What we wrote is not theirs when they quote it, read with the reply or remembered: our farewell opts nobody out.
func TestOursIsNotTheirs(t *testing.T) {
	const farewell = "Would you still like to have the offer? If you are not interested any more, I will take you " +
		"off my list."
	p := newPortal(t)
	p.add("contacts", "101")
	sent := func(id, at, direction, body string) {
		p.add("emails", id, "hs_timestamp", at, "hs_createdate", at, "hs_lastmodifieddate", at, "hs_email_direction",
			direction, "hs_email_text", body)
		p.link("emails/"+id, "contacts/101")
	}
	sent("301", "2026-02-02T08:00:00Z", "INCOMING_EMAIL", "Yes please, we want it.\n\n"+farewell)
	sent("302", "2026-02-01T08:00:00Z", "EMAIL", farewell)
	sent("303", "2026-02-03T08:00:00Z", "EMAIL",
		"Yes please, we want it now, you said. Our answer is on its way to you.")
	c := p.connect(t, nil)
	theirs := func(ids ...string) crm.Message {
		t.Helper()
		got, err := c.Fetch(t.Context(), refs("emails", ids...))
		return *facts(t, got, err)["101 emails/301"].Message
	}
	want := theirs("301", "302", "303")
	if want.Text.Intents.Any(crm.OptOut|crm.NotInterested) || want.Text.Units > 6 || want.Lines != nil {
		t.Errorf("read with what it quotes: %s, %d units", want.Text.Intents, want.Text.Units)
	}
	lines := c.text().Lines(farewell, "")
	var asked []string
	c.relate.Wrote = func(_ context.Context, people []string) (map[string][]crm.Wrote, error) {
		asked = append(asked, people...)
		return map[string][]crm.Wrote{"101": {{At: ms("2026-02-01T08:00:00Z"), Lines: lines}}}, nil
	}
	if got := theirs("301"); got.Text != want.Text || !slices.Equal(asked, []string{"101"}) {
		t.Errorf("read alone %+v, with what it quotes %+v; asked for %s", got.Text, want.Text, asked)
	}
	c.relate.Wrote = func(context.Context, []string) (map[string][]crm.Wrote, error) {
		return map[string][]crm.Wrote{"101": {{At: ms("2026-02-02T08:00:00Z"), Lines: lines}}}, nil
	}
	if got := theirs("301"); got.Text.Units <= want.Text.Units {
		t.Error("what we write later makes their words ours")
	}
}
