package pipeline

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Who was forgotten or merged has no record any more, and sources are kept apart.
func TestRecords(t *testing.T) {
	one, two := &fake{}, &fake{}
	r := newRig(t, t.TempDir(), nil, one, two)
	for _, contact := range []string{"7", "8", "9"} {
		r.send("fake", mail(contact, "1", start))
	}
	r.send("other", mail("7", "2", start))
	r.idle()
	r.send("fake", crm.Notice{Fact: &crm.Fact{
		Contact: "9", ID: "merge/7", Kind: crm.KindMerge, Version: 1, At: crm.At(start), Merge: &crm.Merge{Into: "7"},
	}})
	if err := r.p.Forget(t.Context(), crm.ContactRef{Source: "fake", Contact: "8"}); err != nil {
		t.Fatal(err)
	}
	r.idle()
	got := map[string]int{}
	if err := r.p.Records(t.Context(), "fake", func(contact string, rec *rules.Record) error {
		got[contact] = len(rec.Conduct)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"7": 1}, got); diff != "" {
		t.Errorf("contacts and their messages (-want +got):\n%s", diff)
	}
	if err := r.p.Records(t.Context(), "nowhere", nil); !errors.Is(err, operate.ErrUnknownSource) {
		t.Errorf("an unknown source gives %v", err)
	}
	stop := errors.New("enough")
	if err := r.p.Records(t.Context(), "fake", func(string, *rules.Record) error { return stop }); !errors.Is(err,
		stop) {
		t.Errorf("fn's error becomes %v", err)
	}
}
