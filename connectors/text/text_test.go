package text

import (
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// reader is shared: compiling the lexicons takes a few milliseconds.
var reader = NewReader([]byte("a salt of the tests"), nil)

func TestShortAnswers(t *testing.T) {
	for _, body := range []string{
		"ok", "Hi Anna,\n\nok\n\nBest regards\nTom", "好的", "ได้ครับ", "👍", "👍👍👍", ":-)", "Sounds good.", "no",
		"Maybe later.\n\nOn Mon, 5 Jan 2026 at 10:00, Tom <t@example.com> wrote:\n> shall we talk?\n",
	} {
		if got := reader.Read(Input{Direction: crm.In, Body: body}); got.Units < 1 || got.Units > 2 ||
			got.Class != crm.Human {
			t.Errorf("%q: %d units, class %s; want a person's one or two", body, got.Units, got.Class)
		}
	}
}

// TestMended reads text that some program took for Western letters on its way.
func TestMended(t *testing.T) {
	for body, want := range map[string]string{
		"CafÃ© â€“ fÃ¼r 20 â‚¬": "Café – für 20 €", "NÃO, obrigado": "NÃO, obrigado",
		"Ã© ist Latein für é 好": "Ã© ist Latein für é 好", "plain": "plain", "Â©": "©", "à la carte": "à la carte",
	} {
		if got := mended(body); got != want {
			t.Errorf("%q: %q, want %q", body, got, want)
		}
	}
	if got := reader.Read(Input{
		Direction: crm.In, Body: "KÃ¶nnten Sie uns ein Angebot fÃ¼r zehn StÃ¼hle schicken?",
	}); !got.Intents.Has(crm.QuoteRequest) {
		t.Errorf("%q", got.Intents)
	}
}
