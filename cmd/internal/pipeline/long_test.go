package pipeline

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// talk are so many mails of a contact, by the hour until the start.
func talk(contact string, mails int) []crm.Notice {
	var ns []crm.Notice
	for i := range mails {
		ns = append(ns, mail(contact, fmt.Sprintf("%s-%03d", contact, i), start.Add(time.Duration(i-mails)*time.Hour)))
	}
	return ns
}

// base is what stands beside a contact's record; false where there is no message at all.
func (r *rig) base(contact string) (data []byte, ok bool) {
	r.t.Helper()
	key := queue.Key{Source: "fake", Contact: contact}
	found, err := r.q.Contacts.LoadBases(r.t.Context(), r.q.PartitionOf("fake", contact), []queue.Key{key})
	if err != nil {
		r.t.Fatal(err)
	}
	b, ok := found[key]
	return b.Data, ok
}

// TestLongHistories: what happens to a contact happens to all of a long history, the base of its record included, in
// this process and in the next.
func TestLongHistories(t *testing.T) {
	dir := t.TempDir()
	const mails = 100
	look := func(t *testing.T, r *rig, contact string, gone int) {
		t.Helper()
		ids := r.stands(contact)
		if len(ids) != mails+1-gone || !slices.IsSorted(ids) {
			t.Errorf("of contact %s %d mails stand, want %d in order", contact, len(ids), mails+1-gone)
		}
	}
	t.Run("grow", func(t *testing.T) {
		r := newRig(t, dir, nil, &fake{})
		for _, contact := range []string{"1", "2", "3"} {
			ns := talk(contact, mails)
			r.send("fake", ns[mails/2:]...)
			r.idle()
			r.send("fake", ns[:mails/2+9]...) // the older half comes later
			r.idle()
			r.send("fake", mail(contact, contact+"-new", start))
			r.idle()
			if data, _ := r.base(contact); len(data) == 0 {
				t.Error("a long record has no base")
			}
			look(t, r, contact, 0)
		}
	})
	t.Run("go on", func(t *testing.T) {
		r := newRig(t, dir, nil, &fake{})
		r.send("fake", talk("1", mails)...) // once more
		r.send("fake", goneNotice("emails/1-003", start, ""), goneNotice("emails/2-new", start, "2"))
		r.idle()
		look(t, r, "1", 1)
		look(t, r, "2", 1)
		n := 0
		if err := r.p.Records(t.Context(), "fake", func(contact string, rec *rules.Record) error {
			n++
			if len(rec.Conduct) != mails+1 {
				t.Errorf("the record of %s has %d mails, want %d", contact, len(rec.Conduct), mails+1)
			}
			return nil
		}); err != nil || n != 3 {
			t.Errorf("%d records, %v", n, err)
		}

		r.send("fake", merged("1", "4", start)...)
		r.idle()
		r.send("fake", mail("1", "1-zlate", start.Add(time.Hour))) // for the loser, after the merge
		r.idle()
		if ids := r.stands("4"); len(ids) != mails+1 || ids[len(ids)-1] != "emails/1-zlate" {
			t.Errorf("%d mails of the loser have come to the winner: %v", len(ids), ids)
		}
		if data, _ := r.base("1"); len(data) > 0 {
			t.Error("the history of who was merged stands there still")
		}

		person := crm.ContactRef{Source: "fake", Contact: "2"}
		if err := r.p.Forget(t.Context(), person); err != nil {
			t.Fatal(err)
		}
		r.idle()
		if gone, err := r.p.Forgotten(t.Context(), person); err != nil || !gone {
			t.Fatalf("forgotten %t, %v", gone, err)
		}
		if _, ok := r.base("2"); ok {
			t.Error("the base of who was forgotten is there")
		}
		if _, err := r.q.Contacts.Compact(t.Context(), queue.CompactOptions{All: true, Rate: -1}); err != nil {
			t.Fatal(err)
		}
	})
	files, err := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", "CONTACTS_*", "msgs", "*.blk"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("emails/2-0")) {
			t.Errorf("%s holds mails of who was forgotten", file)
		}
	}
	t.Run("once more", func(t *testing.T) {
		r := newRig(t, dir, nil, &fake{})
		r.idle()
		look(t, r, "3", 0)
		if ids := r.stands("4"); len(ids) != mails+1 {
			t.Errorf("the winner has %d mails, want %d", len(ids), mails+1)
		}
		if ids := r.stands("2"); len(ids) != 0 {
			t.Errorf("who was forgotten has %v", ids)
		}
	})
}

// TestDamagedBase: one byte of the base of a record costs that contact its record, as one of the record does.
func TestDamagedBase(t *testing.T) {
	dir := t.TempDir()
	var one, two rules.Record
	for _, n := range talk("1", 100) {
		one.Fold(*n.Fact)
	}
	two.Fold(*mail("2", "another", start).Fact)
	leave(t, dir, map[string]stored.Contact{"1": {Record: one}, "2": {Record: two}})
	spoil(t, dir, "emails/1-042")
	h := &history{notices: talk("1", 100), open: make(chan struct{})}
	close(h.open)
	r := newRig(t, dir, func(o *Options) { o.Sources[0].CRM.Backfill = h }, &fake{})
	r.wait("the history is read again", func() bool { return len(r.stands("1")) == 100 })
	r.idle()
	if ids := r.stands("1"); len(ids) != 100 || !slices.Contains(ids, "emails/1-042") {
		t.Errorf("%d mails stand, want 100", len(ids))
	}
	if ids := r.stands("2"); len(ids) != 1 {
		t.Errorf("of the other contact %v stand", ids)
	}
}
