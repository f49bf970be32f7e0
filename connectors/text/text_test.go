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
		if got := reader.Read(Input{Direction: crm.In, Body: body}); got.Units < 1 || got.Units > 2 || got.Class != crm.Human {
			t.Errorf("%q: %d units, class %s; want a person's one or two", body, got.Units, got.Class)
		}
	}
}
