package stored

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// What a record remembers of our messages is found under the person's name; of others nothing is known.
func TestWrote(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{Dir: t.TempDir(), Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	var c Contact
	c.Record.Fold(
		crm.Fact{ID: "emails/1", Kind: crm.KindMessage, At: 5, Message: &crm.Message{Direction: crm.Out, Lines: []uint64{7, 8}}},
		crm.Fact{ID: "emails/2", Kind: crm.KindMessage, At: 6, Message: &crm.Message{Direction: crm.In}},
	)
	put := []queue.Put{{Key: queue.Key{Source: "fake", Contact: "ada"}, Data: Encode(c)}}
	if _, err := q.Contacts.Commit(t.Context(), q.PartitionOf("fake", "ada"), queue.Batch{Contacts: put}); err != nil {
		t.Fatal(err)
	}
	got, err := Wrote(q, "fake")(t.Context(), []string{"ada", "ben", "cy"})
	if diff := cmp.Diff(map[string][]crm.Wrote{"ada": {{At: 5, Lines: []uint64{7, 8}}}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
