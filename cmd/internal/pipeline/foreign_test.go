package pipeline

import (
	"strconv"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/intake"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
)

// TestForeignAccount: what another account sends is dropped. One letter stands for it, which holds nothing of it and
// nobody back.
func TestForeignAccount(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("7", "1", start))
	r.idle()
	if err := stored.AccountState("fake").Put(t.Context(), r.q, "1", stored.AnyRevision); err != nil {
		t.Fatal(err)
	}
	if err := r.p.watermark.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		for _, account := range []string{"2", "3"} {
			n := mail("7", "theirs"+strconv.Itoa(i), start)
			n.Account = account
			r.send("fake", n)
		}
	}
	r.idle()
	letters := r.letters(intake.KindForeign)
	if len(letters) != 2 {
		t.Fatalf("%d letters, want one for each account", len(letters))
	}
	for _, d := range letters {
		if len(d.Payload) > 0 || len(d.Contacts) > 0 || !d.Nobody {
			t.Errorf("the letter is %+v, want nothing of what was sent, and nobody concerned", d)
		}
	}
	if all := r.letters("malformed"); len(all) > 0 {
		t.Errorf("letters beside these: %+v", all)
	}
	if c := r.contact("fake", "7"); len(c.Record.Conduct) != 1 {
		t.Errorf("the contact of the same id has %d messages, want its own", len(c.Record.Conduct))
	}
	if s := r.state("fake"); s.Held != "" {
		t.Errorf("held by %s", s.Held)
	}
	ours := mail("7", "ours", start)
	ours.Account = "1"
	r.send("fake", ours)
	r.idle()
	if c := r.contact("fake", "7"); len(c.Record.Conduct) != 2 {
		t.Errorf("the contact has %d messages, want the account's own too", len(c.Record.Conduct))
	}
}
