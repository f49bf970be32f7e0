package pipeline

import (
	"errors"
	"slices"
	"strconv"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/intake"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// account says whose the source's token is.
func (r *rig) account(id string) {
	r.t.Helper()
	if err := stored.AccountState("fake").Put(r.t.Context(), r.q, id, stored.AnyRevision); err != nil {
		r.t.Fatal(err)
	}
	if err := r.p.watermark.Refresh(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// TestForeignAccount: what another account sends is dropped. One letter stands for it, which holds nothing of it and
// nobody back.
func TestForeignAccount(t *testing.T) {
	f := &fake{}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("7", "1", start))
	r.idle()
	r.account("1")
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

// partly reads of a delivery what it can: an empty notice stands for an event that it cannot read.
type partly struct{ *fake }

func (p partly) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	all, err := p.fake.Decode(d)
	ns := slices.DeleteFunc(slices.Clone(all), func(n crm.Notice) bool { return n == (crm.Notice{}) })
	if err == nil && len(ns) < len(all) {
		err = &connectors.Error{
			Vendor: "fake", Op: "decode", Kind: connectors.Malformed, Err: errors.New("an odd event"),
		}
	}
	return ns, err
}

// TestUnreadableForeign: of what another account sends nothing is kept where some of it cannot be read either. Where
// something of ours is in the same body, the letter names ours alone.
func TestUnreadableForeign(t *testing.T) {
	f, registry := &fake{}, prometheus.NewRegistry()
	r := newRig(t, t.TempDir(), func(o *Options) {
		o.Sources[0].CRM.Receive, o.Metrics = partly{f}, NewMetrics(registry)
	}, f)
	r.account("1")
	ours, theirs := mail("8", "1", start), mail("7", "1", start)
	ours.Account, theirs.Account = "1", "2"

	r.send("fake", theirs, crm.Notice{}, theirs)
	r.idle()
	if n := len(r.letters(queue.KindMalformed)); n > 0 {
		t.Errorf("%d letters keep what another account sent", n)
	}
	if n := counted(t, registry, "winnow_events_foreign_total"); n != 3 {
		t.Errorf("%v events of another account are counted, want 3", n)
	}

	r.send("fake", theirs, crm.Notice{}, ours)
	r.idle()
	letters := r.letters(queue.KindMalformed)
	if len(letters) != 1 || !slices.Equal(letters[0].Contacts, []string{"8"}) {
		t.Errorf("letters %+v, want one that names our contact alone", letters)
	}
	if n := len(r.letters(intake.KindForeign)); n != 1 {
		t.Errorf("%d letters stand for the other account", n)
	}
}
