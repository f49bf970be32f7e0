package stored

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// asStored is a contact's way through the store, whose present base is beside it.
func asStored(t interface {
	Helper()
	Fatal(args ...any)
}, c *Contact, base []byte,
) (*Contact, []byte) {
	t.Helper()
	data, other := c.Parts()
	if other != nil {
		base = other
	}
	got, err := Decode[Contact](data)
	if err != nil {
		t.Fatal(err)
	}
	if got.Base != 0 {
		if idOf(base) != got.Base {
			t.Fatal("the record belongs to another base than the one that is stored")
		}
		got.base.data = base
	} else if len(base) > 0 {
		t.Fatal("a base is left of which the record does not know")
	}
	return &got, base
}

// talked is a mail or a call, one of many that come in any order and in several versions.
func talked(t *rapid.T) crm.Fact {
	n := rapid.IntRange(0, 400).Draw(t, "fact")
	f := crm.Fact{
		ID: "emails/" + strconv.Itoa(n), Version: int64(rapid.IntRange(1, 3).Draw(t, "version")), Kind: crm.KindMessage,
		At:      crm.Millis(1000 + n/2),
		Message: &crm.Message{Direction: crm.Out, Channel: crm.Email, Lines: []uint64{uint64(n)}},
	}
	switch rapid.IntRange(0, 60).Draw(t, "odd") {
	case 0: // a vendor moves it, against the contract
		f.At = crm.Millis(1000 + rapid.IntRange(0, 200).Draw(t, "moved"))
	case 1:
		f.Message, f.Gone = nil, true
	case 2:
		f.Kind, f.Message, f.Call = crm.KindCall, nil, &crm.Call{Direction: crm.In, Seconds: n}
	case 3:
		f.ID, f.Peer = crm.PeerPrefix+f.ID, "8"
	case 4:
		f.Kind, f.Message, f.Property = crm.KindProperty, nil, &crm.Property{Name: f.ID, Value: "x"}
	}
	return f
}

// TestPartsAreTheWhole: a record that was taken apart and put together is what it would have been in one piece,
// whatever came, in whichever order, and however often it was stored in between. Of what was read in a Room nothing is
// left in it.
func TestPartsAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var whole rules.Record
		var room Room
		c, base := &Contact{}, []byte(nil)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			from := rapid.IntRange(0, 380).Draw(t, "from")
			run := rapid.IntRange(0, 120).Draw(t, "run")
			var facts []crm.Fact
			for i := range run { // a history comes in order
				facts = append(facts, crm.Fact{
					ID: "emails/" + strconv.Itoa(from+i), Version: 1, Kind: crm.KindMessage,
					At:      crm.Millis(1000 + (from+i)/2),
					Message: &crm.Message{Direction: crm.Out, Channel: crm.Email, Lines: []uint64{7}},
				})
			}
			for range rapid.IntRange(0, 3).Draw(t, "more") {
				facts = append(facts, talked(t))
			}
			if rapid.Bool().Draw(t, "room") {
				c.ReadIn(&room)
			}
			for i := range facts {
				if a, b := whole.Fold(facts[i]), c.Fold(&facts[i]); a != b {
					t.Fatalf("%v changes the one: %t, and the other: %t", facts[i], a, b)
				}
			}
			if rapid.Bool().Draw(t, "rated") {
				if err := c.Whole(); err != nil {
					t.Fatal(err)
				}
			}
			if rapid.IntRange(0, 20).Draw(t, "emptied") == 0 {
				whole = rules.Record{}
				c.Empty()
			}
			again, other := asStored(t, c, base)
			stands := Encode(c)
			copied := *again
			copied.ReadIn(&room)
			if err := copied.Whole(); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(Encode(c), stands) {
				t.Fatal("another contact was read into the memory of this one")
			}
			if base = other; rapid.Bool().Draw(t, "cold") {
				c = again
			}
			if !bytes.Equal(Encode(whole), Encode(copied.Record)) {
				t.Fatalf("the record is another one: %s", cmp.Diff(whole, copied.Record))
			}
			copied.Parts()
		}
	})
}

// TestRoomIsOneContacts: while a contact's history stands in a Room, another's is read elsewhere.
func TestRoomIsOneContacts(t *testing.T) {
	long := func(of string) *Contact {
		c := &Contact{}
		for n := range 100 {
			c.Fold(&crm.Fact{
				ID: of + strconv.Itoa(n), At: crm.Millis(n), Kind: crm.KindMessage, Message: &crm.Message{Thread: of},
			})
		}
		c.Parts()
		return c
	}
	var room Room
	a, b := long("a"), long("b")
	for range 3 {
		for _, c := range []*Contact{a, b} {
			c.ReadIn(&room)
			if err := c.Whole(); err != nil {
				t.Fatal(err)
			}
		}
		if first := a.Record.Conduct[0]; room.by != a || first.ID != "a0" || first.Message.Thread != "a" {
			t.Fatalf("the room holds %v", first)
		}
		a.Parts()
		b.Parts()
		if room.by != nil {
			t.Fatal("the room is still taken")
		}
	}
}

// TestBaseIsSeldomWritten: what is not conduct, and new conduct, leave the base as it is until there is a quarter as
// much of it again. What changes an old mail writes it anew.
func TestBaseIsSeldomWritten(t *testing.T) {
	c := &Contact{}
	mail := func(n int) crm.Fact {
		return crm.Fact{
			ID: "emails/" + strconv.Itoa(n), Version: 1, Kind: crm.KindMessage, At: crm.Millis(n),
			Message: &crm.Message{Direction: crm.In, Channel: crm.Email},
		}
	}
	store := func(f crm.Fact) (record, base int) {
		c.Fold(&f)
		data, b := c.Parts()
		if b == nil {
			return len(data), -1
		}
		return len(data), len(b)
	}
	for n := range baseLeast - 1 {
		if _, base := store(mail(n)); base != -1 {
			t.Fatalf("a record of %d mails has a base", n+1)
		}
	}
	var at []int
	for n := baseLeast - 1; n < 200; n++ {
		if record, base := store(mail(n)); base > 0 {
			at = append(at, n+1)
		} else if base == 0 || record > 64*200/baseShare {
			t.Fatalf("a record of %d bytes, with a base of %d", record, base)
		}
	}
	if want := []int{32, 41, 52, 66, 83, 104, 131, 164}; !slices.Equal(at, want) {
		t.Errorf("the base is written at mail %v, want %v", at, want)
	}
	owner := crm.Fact{ID: "property/owner", Version: 1, Kind: crm.KindProperty, Property: &crm.Property{Name: "owner"}}
	if _, base := store(owner); base != -1 || c.base.joined {
		t.Error("for an owner the base is read or written")
	}
	if _, base := store(mail(7)); base != -1 {
		t.Error("for a mail that it holds the base is written")
	}
	old := mail(7)
	old.Version, old.Gone, old.Message = 2, true, nil
	if _, base := store(old); base <= 0 {
		t.Error("of a mail that is gone the base holds what it was")
	}
}

// TestBaseGoes: nothing is left beside a record that is emptied, and what belongs to a contact stays with it when it
// becomes another one.
func TestBaseGoes(t *testing.T) {
	var c Contact
	for n := range 100 {
		c.Fold(&crm.Fact{ID: strconv.Itoa(n), At: crm.Millis(n), Kind: crm.KindMessage, Message: &crm.Message{}})
	}
	if _, base := c.Parts(); len(base) == 0 {
		t.Fatal("a record of 100 mails has no base")
	}
	c.Become(Contact{Redirect: "8"})
	if _, base := c.Parts(); base != nil || c.Base == 0 || c.Redirect != "8" {
		t.Error("the base is written again or forgotten")
	}
	if err := c.Whole(); err != nil || len(c.Record.Conduct) != 100 {
		t.Errorf("it has %d mails, %v", len(c.Record.Conduct), err)
	}
	c.Empty()
	if _, base := c.Parts(); base == nil || len(base) > 0 || c.Base != 0 || c.BaseBytes() != 0 {
		t.Errorf("the base of an emptied record is %q, want an empty one", base)
	}
	if _, base := c.Parts(); base != nil {
		t.Error("a base that is gone goes again")
	}
}

// TestBaseThatCannotBeRead is none of which a record may be written as if it were whole.
func TestBaseThatCannotBeRead(t *testing.T) {
	for _, data := range [][]byte{nil, {}, []byte("\xa0"), []byte("x")} {
		c := Contact{Base: 7, base: footing{data: data}}
		if c.Whole() == nil {
			t.Errorf("the base %q is read", data)
		}
		c.Fold(&crm.Fact{ID: "1", Kind: crm.KindMessage, Message: &crm.Message{}})
		if _, base := c.Parts(); base != nil || c.Base != 7 {
			t.Error("another base takes its place")
		}
	}
}

// store is a queue with one partition.
func store(t *testing.T) *queue.Queue {
	t.Helper()
	q, err := queue.Open(t.Context(), queue.Config{
		Dir: t.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// TestRecordsAndBasesBelongTogether: whoever reads while the owner writes gets each contact as it stood at some
// instant.
func TestRecordsAndBasesBelongTogether(t *testing.T) {
	q := store(t)
	key := queue.Key{Source: "fake", Contact: "ada"}
	c := &Contact{}
	var at queue.Checkpoint
	commit := func(n int) {
		for i := range 40 { // more than a quarter of what is there, at first; later less
			f := crm.Fact{
				ID: fmt.Sprintf("emails/%05d", n*40+i), At: crm.Millis(n*40 + i), Kind: crm.KindMessage,
				Message: &crm.Message{Direction: crm.In},
			}
			c.Fold(&f)
		}
		b := queue.Batch{Checkpoint: at}
		data, base := c.Parts()
		b.Contacts = []queue.Put{{Key: key, Data: data}}
		if base != nil {
			b.Bases = []queue.Put{{Key: key, Data: base}}
		}
		var err error
		if at, err = q.Contacts.Commit(t.Context(), 0, b); err != nil {
			t.Error(err)
		}
	}
	commit(0)
	var done atomic.Bool
	written := make(chan struct{})
	go func() {
		defer close(written)
		for n := 1; n < 25; n++ {
			commit(n)
		}
		done.Store(true)
	}()
	defer func() { <-written }()
	read := 0
	for !done.Load() {
		found, lost, err := Contacts(t.Context(), q, 0, []queue.Key{key, {Source: "fake", Contact: "ben"}})
		if err != nil || len(found) != 1 {
			t.Fatal(found, err)
		}
		if len(lost) > 0 { // it was written all the while
			continue
		}
		read++
		if err := found[key].Whole(); err != nil {
			t.Fatal(err)
		}
		all := found[key].Record.Conduct
		last := int(all[len(all)-1].At)
		if len(all) != min(last+1, 300) || int(all[0].At) != last+1-len(all) {
			t.Fatalf("%d mails, from %d to %d: want all of one instant", len(all), all[0].At, last)
		}
	}
	if read == 0 {
		t.Error("nothing was read")
	}
}

// TestLostBase: a record whose base is not there is as if it were damaged.
func TestLostBase(t *testing.T) {
	q := store(t)
	var long Contact
	for n := range 100 {
		long.Fold(&crm.Fact{ID: strconv.Itoa(n), At: crm.Millis(n), Kind: crm.KindMessage, Message: &crm.Message{}})
	}
	data, base := long.Parts()
	key := func(contact string) queue.Key { return queue.Key{Source: "fake", Contact: contact} }
	if _, err := q.Contacts.Commit(t.Context(), 0, queue.Batch{
		Contacts: []queue.Put{
			{Key: key("short"), Data: Encode(Contact{})},
			{Key: key("whole"), Data: data},
			{Key: key("lost"), Data: data},
			{Key: key("other"), Data: data},
		},
		Bases: []queue.Put{{Key: key("whole"), Data: base}, {Key: key("other"), Data: Encode(Base{})}},
	}); err != nil {
		t.Fatal(err)
	}
	found, lost, err := Contacts(t.Context(), q, 0, []queue.Key{key("short"), key("whole"), key("lost"), key("other")})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 4 || found[key("short")] == nil || found[key("whole")] == nil || found[key("lost")] != nil ||
		found[key("other")] != nil {
		t.Errorf("found %v", found)
	}
	slices.SortFunc(lost, func(a, b queue.Record) int { return int(a.Seq) - int(b.Seq) })
	if len(lost) != 2 || lost[0].Key != key("lost") || lost[1].Key != key("other") {
		t.Errorf("lost %v", lost)
	}
	seen := map[string]int{}
	all := func(queue.Key) bool { return true }
	if err := Each(t.Context(), q, 0, all, func(k queue.Key, c *Contact) error {
		seen[k.Contact] = len(c.Record.Conduct)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"short": 0, "whole": 100}, seen); diff != "" {
		t.Error(diff)
	}
}
