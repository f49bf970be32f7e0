package pipeline

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// TestDeadLetterHolds: a record that cannot be fetched may be their answer, so nothing is announced against those it
// may concern until a person has settled its letter.
func TestDeadLetterHolds(t *testing.T) {
	reject := func(op string) error {
		return &connectors.Error{Vendor: "fake", Op: op, Kind: connectors.Rejected, Err: errors.New("HTTP 400")}
	}
	for _, c := range []struct {
		name    string
		who     func(crm.Ref) ([]string, error)
		named   []string // by the reference
		letter  []string
		pending []string
		resend  bool
	}{
		{
			name: "by associations", who: func(crm.Ref) ([]string, error) { return []string{"7"}, nil },
			letter: []string{"7"}, pending: []string{"8"},
		},
		{
			name: "by associations, sent again", who: func(crm.Ref) ([]string, error) { return []string{"7"}, nil },
			letter: []string{"7"}, pending: []string{"8"}, resend: true,
		},
		{
			name: "by the reference", who: func(crm.Ref) ([]string, error) { return nil, reject("fetch") },
			named: []string{"8"}, letter: []string{"8"}, pending: []string{"7"},
		},
		{name: "anybody", who: func(crm.Ref) ([]string, error) { return nil, reject("fetch") }},
		{name: "nobody", who: func(crm.Ref) ([]string, error) { return nil, nil }, pending: []string{"7", "8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{who: c.who}
			f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
				if refs[0].Type == "emails" {
					return nil, reject("fetch")
				}
				return profiles(refs), nil
			}
			r := newRig(t, t.TempDir(), nil, f)
			r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "1", Contacts: c.named}})
			r.idle()
			letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, watermark.StageFetch, "fake")
			if err != nil || len(letters) != 1 {
				t.Fatalf("dead letters %+v, %v, want the mail's", letters, err)
			}
			if diff := cmp.Diff(c.letter, letters[0].Contacts); diff != "" {
				t.Errorf("contacts of the letter (-want +got):\n%s", diff)
			}
			said := start.Add(-90 * 24 * time.Hour)
			r.send("fake", no("7", said), no("8", said))
			r.idle()
			r.pass(time.Hour)
			r.idle()
			for _, contact := range []string{"7", "8"} {
				want := crm.Open
				if slices.Contains(c.pending, contact) {
					want = crm.Pending
				}
				if got := f.of(contact)[crm.FieldStatus]; got != string(want) {
					t.Errorf("contact %s is %s, want %s", contact, got, want)
				}
				e, err := r.p.Explain(t.Context(), crm.ContactRef{Source: "fake", Contact: contact})
				if err != nil {
					t.Fatal(err)
				}
				if want == crm.Open && (e.Rating.Held != watermark.HoldLetter || e.ReadUpTo.Time().After(start)) {
					t.Errorf("contact %s is held by %q and read up to %s, want %q and %s", contact, e.Rating.Held,
						e.ReadUpTo, watermark.HoldLetter, start)
				}
			}
			r.pass(91 * 24 * time.Hour)
			if c.resend {
				f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
					if refs[0].Type == "emails" {
						return []crm.Notice{mail("7", "1", start)}, nil
					}
					return profiles(refs), nil
				}
				if err := r.p.Resend(t.Context(), letters[0].Seq); err != nil {
					t.Fatal(err)
				}
			} else if err := r.q.DeadLetters.Discard(t.Context(), letters[0].Seq); err != nil {
				t.Fatal(err)
			}
			r.idle()
			r.pass(timing.Lagging) // while the letter's record was fetched the source lagged
			r.idle()
			for _, contact := range []string{"7", "8"} {
				want := crm.Pending
				switch {
				case slices.Contains(c.pending, contact):
					want = crm.Disqualified
				case c.resend:
					want = crm.Open
				}
				if got := f.of(contact)[crm.FieldStatus]; got != string(want) {
					t.Errorf("after the letter was settled contact %s is %s, want %s", contact, got, want)
				}
			}
		})
	}
}

// TestForgetKeepsOthersHeld: a letter that names a contact to be forgotten goes on holding for the others it names.
func TestForgetKeepsOthersHeld(t *testing.T) {
	f := &fake{who: func(crm.Ref) ([]string, error) { return []string{"7", "8"}, nil }}
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		if refs[0].Type == "emails" {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.Rejected, Err: errors.New("HTTP 400"),
			}
		}
		return profiles(refs), nil
	}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", mail("7", "2", start), crm.Notice{
		Ref: &crm.Ref{Type: "emails", ID: "1", Contacts: []string{"7"}, Left: []string{"7", "9"}},
	},
		crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "7"}}) // of which it is the id: as of a profile
	r.idle()
	if err := r.p.Forget(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"}); err != nil {
		t.Fatal(err)
	}
	r.idle()
	letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, "", "fake")
	if err != nil || len(letters) != 1 || !slices.Equal(letters[0].Contacts, []string{"8", "9"}) {
		t.Fatalf("dead letters %+v, %v, want one that names the contacts 8 and 9 alone", letters, err)
	}
	if ref, err := stored.Decode[crm.Ref](letters[0].Payload); err != nil || ref.ID != "1" || len(ref.Contacts) > 0 ||
		!slices.Equal(ref.Left, []string{"9"}) {
		t.Errorf("the letter's reference is %+v, %v", ref, err)
	}
	// What comes late names the one who was forgotten no more, and of what concerns nobody else no letter is kept.
	r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "2", Contacts: []string{"7"}}}, crm.Notice{
		Ref: &crm.Ref{Type: "emails", ID: "7"},
	})
	r.idle()
	letters, err = r.q.DeadLetters.List(t.Context(), letters[0].Seq, 10, "", "fake")
	if err != nil || len(letters) != 1 || !slices.Equal(letters[0].Contacts, []string{"8"}) {
		t.Errorf("dead letters after it was forgotten: %+v, %v, want one that names contact 8 alone", letters, err)
	}
}
