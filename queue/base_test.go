package queue

import (
	"testing"
)

// TestBases: a base is committed with its record or not at all, read by itself, goes with the contact, and one that is
// lost is damage to the contact.
func TestBases(t *testing.T) {
	q := open(t)
	key, other := Key{src, "1"}, Key{src, "2"}
	at, err := q.Contacts.Commit(t.Context(), 1, Batch{
		Contacts: []Put{{Key: key, Data: []byte("record")}, {Key: other, Data: []byte("other")}},
		Bases:    []Put{{Key: key, Data: []byte("base")}},
	})
	must(t, err)
	records, err := q.Contacts.Load(t.Context(), 1, []Key{key, other})
	must(t, err)
	bases, err := q.Contacts.LoadBases(t.Context(), 1, []Key{key, other})
	must(t, err)
	if string(records[key].Data) != "record" || string(bases[key].Data) != "base" ||
		len(records) != 2 || len(bases) != 1 {
		t.Fatalf("records %v, bases %v", records, bases)
	}
	n := 0
	must(t, q.Contacts.Scan(t.Context(), 1, func(r Record) error { n++; return nil }))
	if n != 2 {
		t.Errorf("a scan finds %d records, want 2: bases are none", n)
	}
	zombie := Batch{Bases: []Put{{Key: key, Data: []byte("zombie's")}}}
	if _, err := q.Contacts.Commit(t.Context(), 1, zombie); err == nil {
		t.Error("a base of another owner is committed")
	}
	if _, err = q.Contacts.Commit(t.Context(), 1, Batch{
		Bases: []Put{{Key: key, Data: []byte("newer")}}, Checkpoint: at,
	}); err != nil {
		t.Fatal(err)
	}
	if n, err := q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}); err != nil || n < 3 {
		t.Fatalf("%d messages compacted, %v", n, err)
	}
	bases, err = q.Contacts.LoadBases(t.Context(), 1, []Key{key})
	must(t, err)
	if string(bases[key].Data) != "newer" {
		t.Errorf("after compaction the base is %q", bases[key].Data)
	}
	q.Contacts.BaseLost(1, Record{Key: key, Seq: 7})
	if all := q.Damaged(); len(all) != 1 || all[0].Contact != "1" || all[0].Source != src || all[0].Rating {
		t.Errorf("damage is %+v, want that to contact 1", all)
	}
	must(t, q.Contacts.Purge(t.Context(), 1, key))
	records, err = q.Contacts.Load(t.Context(), 1, []Key{key})
	must(t, err)
	bases, err = q.Contacts.LoadBases(t.Context(), 1, []Key{key})
	must(t, err)
	if len(records)+len(bases) != 0 {
		t.Errorf("records %v and bases %v are left of who was purged", records, bases)
	}
}
