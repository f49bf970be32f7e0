package stored

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// What a record remembers of our messages is found under the person's name; of others nothing is known.
func TestWrote(t *testing.T) {
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 4, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	var c Contact
	c.Record.Fold(
		crm.Fact{ID: "emails/1", Kind: crm.KindMessage, At: 5, Message: &crm.Message{
			Direction: crm.Out, Lines: []uint64{7, 8},
		}},
		crm.Fact{ID: "emails/2", Kind: crm.KindMessage, At: 6, Message: &crm.Message{Direction: crm.In}},
	)
	put := []queue.Put{{Key: queue.Key{Source: "fake", Contact: "ada"}, Data: Encode(c)}}
	if _, err := q.Contacts.Commit(t.Context(), q.PartitionOf("fake", "ada"), queue.Batch{Contacts: put}); err != nil {
		t.Fatal(err)
	}
	got, err := Wrote(q, "fake")(t.Context(), []string{"ada", "ben", "cy"})
	if diff := cmp.Diff(map[string][]crm.Wrote{"ada": {{At: 5, Lines: []uint64{7, 8}}}}, got); err != nil ||
		diff != "" {
		t.Error(err, diff)
	}
}

// A record that is damaged remembers nothing, and keeps nobody from looking up the others.
func TestWroteOfDamagedRecords(t *testing.T) {
	cfg := queue.Config{Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30}
	reopen := func() *queue.Queue {
		q, err := queue.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = q.Close() })
		return q
	}
	q := reopen()
	var batch queue.Batch
	for _, id := range []string{"ada", "ben"} {
		var c Contact
		ours := &crm.Message{Direction: crm.Out, Lines: []uint64{7}}
		c.Record.Fold(crm.Fact{ID: "emails/of-" + id, Kind: crm.KindMessage, At: 5, Message: ours})
		batch.Contacts = append(batch.Contacts, queue.Put{Key: queue.Key{Source: "fake", Contact: id}, Data: Encode(c)})
	}
	if _, err := q.Contacts.Commit(t.Context(), 0, batch); err != nil {
		t.Fatal(err)
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cfg.Dir, "jetstream", "$G", "streams", "CONTACTS_0", "msgs", "*.blk"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	block, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[0], bytes.Replace(block, []byte("of-ada"), []byte("of-eve"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	q = reopen()
	got, err := Wrote(q, "fake")(t.Context(), []string{"ada", "ben"})
	if diff := cmp.Diff(map[string][]crm.Wrote{"ben": {{At: 5, Lines: []uint64{7}}}}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if n := len(q.Damaged()); n != 1 {
		t.Errorf("%d messages are damaged", n)
	}
}
