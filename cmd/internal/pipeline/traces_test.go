package pipeline

import (
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// payloads are those of the dead letters that nothing could decode.
func (r *rig) payloads() (all []string) {
	for _, d := range r.letters(queue.KindMalformed) {
		all = append(all, string(d.Payload))
	}
	slices.Sort(all)
	return all
}

// holding is how many messages of deliveries hold a text.
func (r *rig) holding(text string) (n int) {
	r.t.Helper()
	_, err := r.q.Deliveries.EraseHeld(r.t.Context(), "fake", func(data []byte) bool {
		if strings.Contains(string(data), text) {
			n++
		}
		return false
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// TestForgottenLeavesNoTrace: an erasure takes with it what nothing can decode and holds the person's id or address, in
// dead letters, in deliveries that were read, and in references; and nothing of others.
func TestForgottenLeavesNoTrace(t *testing.T) {
	r := newRig(t, t.TempDir(), nil, &fake{})
	r.send("fake", mail("4711", "1", start))
	r.send("fake", mail("94711", "1", start))
	for _, garbage := range []string{
		`{"id":4711`, `{"id":94711`, `{"id":47110`, `{"mail":"Jane.Doe@example.com"`, `{"mail":"mary@example.com`,
		`body=%7B%22id%22%3A4711`, `from=jane.doe%40example.com`,
	} {
		r.post("fake", "right", []byte(garbage))
	}
	r.idle()
	broken := queue.FetchMsg{Source: "fake", Type: "emails", ID: "9", Data: []byte("\xff of 4711")}
	if err := r.q.Fetches.Publish(t.Context(), []queue.FetchMsg{broken}, nil); err != nil {
		t.Fatal(err)
	}
	person := crm.ContactRef{Source: "fake", Contact: "4711"}
	if known, err := r.p.Knows(t.Context(), crm.ContactRef{Source: "fake", Contact: "47110"}); err != nil || !known {
		t.Errorf("somebody whom a letter alone names is known: %t, %v", known, err)
	}
	if err := r.p.Forget(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the contact is forgotten", func() bool {
		gone, err := r.p.Forgotten(t.Context(), person)
		return err == nil && gone
	})
	left, err := r.p.Eraser.EraseTraces(t.Context(), person, []string{" jane.doe@EXAMPLE.com"})
	if err != nil || len(left) != 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	want := []string{`{"id":47110`, `{"id":94711`, `{"mail":"mary@example.com`}
	if got := r.payloads(); !slices.Equal(got, want) {
		t.Errorf("letters of %q stay, want %q", got, want)
	}
	if n := r.holding(`"4711"`); n != 0 {
		t.Errorf("%d messages of deliveries hold the id", n)
	}
	if n := r.holding(`"94711"`); n == 0 {
		t.Error("another's delivery is gone")
	}
	err = r.q.Fetches.Each(t.Context(), "fake", func(m queue.FetchMsg, _ bool) error {
		if strings.Contains(string(m.Data), "4711") && !strings.Contains(string(m.Data), "94711") {
			t.Errorf("a reference holds the id: %q", m.Data)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestForgetSaysWhatIsLeft: a delivery that waits to be read cannot be erased, and an address that nobody named cannot
// be looked for.
func TestForgetSaysWhatIsLeft(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{RoleReceive, RoleRate} }, &fake{})
	r.send("fake", mail("4711", "1", start))
	letter := queue.DeadLetter{Stage: "read", Source: "fake", Kind: queue.KindMalformed, Payload: []byte("{")}
	if _, err := r.q.DeadLetters.Bury(t.Context(), letter, ""); err != nil {
		t.Fatal(err)
	}
	left, err := r.p.Eraser.EraseTraces(t.Context(), crm.ContactRef{Source: "fake", Contact: "4711"}, nil)
	said := strings.Join(left, "\n")
	if err != nil || len(left) != 2 || !strings.Contains(said, "1 messages of deliveries that name them wait") ||
		!strings.Contains(said, "--address") {
		t.Errorf("left: %q, %v", left, err)
	}
	if n := r.holding(`"4711"`); n != 1 {
		t.Errorf("%d messages hold what is not read yet, want 1", n)
	}
}
