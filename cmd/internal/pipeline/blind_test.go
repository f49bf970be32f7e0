package pipeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestUnratedFacts: their answer has been received and read, and waits behind more facts than one step takes when the grace ends.
func TestUnratedFacts(t *testing.T) {
	dir := t.TempDir()
	t.Run("pending", func(t *testing.T) {
		f := &fake{}
		r := newRig(t, dir, nil, f)
		r.send("fake", no("7", start.Add(-90*24*time.Hour)))
		r.idle()
		r.pass(time.Hour)
		r.idle()
		if got := f.of("7")[crm.FieldStatus]; got != string(crm.Pending) {
			t.Fatalf("the contact is %q, want pending", got)
		}
	})
	later := start.Add(30 * 24 * time.Hour)
	q, err := queue.Open(t.Context(), queue.Config{Dir: dir, Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	part := q.PartitionOf("fake", "7")
	neighbour := "8"
	for n := 8; q.PartitionOf("fake", neighbour) != part; n++ {
		neighbour = fmt.Sprint(n)
	}
	publish := func(facts []crm.Fact) {
		if err := q.PublishBundles(t.Context(), []queue.Bundle{{Partition: part, Data: encode(bundle{Source: "fake", Facts: facts})}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		var facts []crm.Fact
		for n := range rateFacts {
			facts = append(facts, *mail(neighbour, fmt.Sprint(i, "-", n), start.Add(time.Duration(n)*time.Second)).Fact)
		}
		publish(facts)
	}
	publish([]crm.Fact{*mail("7", "answer", start.Add(24*time.Hour)).Fact})
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	var statuses []string // by one call at a time
	f := &fake{write: func(chs []crm.Change) []error {
		for _, c := range chs {
			if c.Contact == "7" {
				statuses = append(statuses, c.Values[crm.FieldStatus])
			}
		}
		return make([]error, len(chs))
	}}
	r := newRig(t, dir, func(o *Options) { o.Now = func() time.Time { return later } }, f)
	r.idle()
	if slices.Contains(statuses, string(crm.Disqualified)) || !slices.Contains(statuses, string(crm.Requalified)) {
		t.Errorf("statuses written: %v, want requalified at once: the answer was there", statuses)
	}
}
