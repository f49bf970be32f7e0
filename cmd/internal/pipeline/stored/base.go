package stored

import (
	"cmp"
	"context"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules/record"
)

// A long record is stored in two parts, because most of it never changes and a fact of a hundred bytes must not have
// all of it written again. Its base holds the conduct up to some fact. The record holds the conduct that came behind
// that, and everything else, so that who needs no history reads no base. The base is written again when what is
// behind it has grown, or when something in it changes. Put together the two give exactly what was taken apart.

// Base is what CONTACTS holds beside a long record.
type Base struct {
	Conduct []crm.Fact `cbor:"1,keyasint"`
}

// HeldBase is the part of a base that is also in Holder.
type HeldBase struct {
	Conduct []Held `cbor:"1,keyasint"`
}

const (
	// baseLeast is the conduct from which on a record has a base. With less, a base would cost more messages than it
	// saves bytes.
	baseLeast = 32
	// baseShare is the part of the base, in conduct, that may be behind it.
	baseShare = 4
)

// footing is what a contact in memory knows of its base.
type footing struct {
	data    []byte // as it is stored
	joined  bool   // its conduct stands in the record
	changed bool   // and not all of that is as it was
	at      crm.Millis
	id      string // of its last fact, like at
	room    *Room  // where its conduct may be read, nil: in memory of its own
}

// Room is memory in which the bases of contacts are read, of one at a time: they are large, needed for a moment, and
// otherwise the greatest part of all garbage.
type Room struct {
	reader reader
	facts  []crm.Fact
	by     *Contact // whose base is in it
}

// ReadIn has the contact's base read in m, if it is free by then, until Parts has taken the record apart.
func (c *Contact) ReadIn(m *Room) { c.base.room = m }

// take reads a base for c; false where the library has to.
func (m *Room) take(c *Contact) (conduct []crm.Fact, ok bool) {
	data := c.base.data
	for i := range m.reader.rooms {
		m.reader.rooms[i].again()
	}
	m.facts = m.facts[:cap(m.facts)]
	clear(m.facts)
	// Nobody writes to what is stored, and who holds a base holds these bytes anyway.
	m.reader = reader{b: data, text: unsafe.String(unsafe.SliceData(data), len(data)), rooms: m.reader.rooms}
	b := Base{Conduct: m.facts[:0]}
	if !coderOf[Base]().read(&m.reader, unsafe.Pointer(&b)) || m.reader.i != len(data) {
		return nil, false
	}
	if cap(b.Conduct) > cap(m.facts) { // with room for what is behind it
		m.facts = make([]crm.Fact, len(b.Conduct)*(baseShare+1)/baseShare+1)
		b.Conduct = m.facts[:copy(m.facts, b.Conduct)]
	}
	m.by = c
	return b.Conduct, true
}

// leave makes the room free for another contact, of whose record nothing in it is part any more.
func (c *Contact) leave() {
	if m := c.base.room; m != nil {
		if c.base.room = nil; m.by == c {
			m.by = nil
		}
	}
}

// idOf is the name of a base: its length and its checksum. By it a record says which base it belongs to, which tells
// whoever has read them apart whether another one has been written in between.
func idOf(data []byte) uint64 {
	return uint64(len(data))<<32 | uint64(crc32.Checksum(data, castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// BaseBytes is how many bytes of the base the contact holds in memory.
func (c *Contact) BaseBytes() int { return len(c.base.data) }

// Whole gives the record all of its conduct.
func (c *Contact) Whole() error {
	if c.Base == 0 || c.base.joined {
		return nil
	}
	conduct, err := c.conductOfBase()
	if err == nil && len(conduct) == 0 {
		err = fmt.Errorf("a base of %d bytes without conduct", len(c.base.data))
	}
	if err != nil {
		return fmt.Errorf("base of a record: %w", err)
	}
	last := conduct[len(conduct)-1]
	c.base.joined, c.base.at, c.base.id = true, last.At, last.ID
	c.Record.Conduct = record.Join(conduct, c.Record.Conduct)
	return nil
}

func (c *Contact) conductOfBase() ([]crm.Fact, error) {
	if m := c.base.room; m != nil && m.by == nil {
		if conduct, ok := m.take(c); ok {
			return conduct, nil
		}
	}
	b, err := Decode[Base](c.base.data)
	return b.Conduct, err
}

// Fold folds a fact into the record and reports whether it changed it. Where the fact is conduct the record is whole
// from then on, unless its base cannot be read.
func (c *Contact) Fold(f *crm.Fact) bool {
	if c.Base == 0 || !record.IsConduct(f) || c.Whole() != nil {
		return c.Record.Fold(*f)
	}
	behind := c.behindBase(f.At, f.ID) && !slices.ContainsFunc(c.Record.Conduct, func(g crm.Fact) bool {
		return g.ID == f.ID && !c.behindBase(g.At, g.ID)
	})
	changed := c.Record.Fold(*f)
	c.base.changed = c.base.changed || changed && !behind
	return changed
}

// behindBase reports whether a fact stands behind those of the base.
func (c *Contact) behindBase(at crm.Millis, id string) bool {
	return cmp.Or(cmp.Compare(at, c.base.at), strings.Compare(id, c.base.id)) > 0
}

// Become makes the contact another one with the same record.
func (c *Contact) Become(other Contact) {
	other.Record, other.Base, other.base = c.Record, c.Base, c.base
	*c = other
}

// Empty takes everything out of the record.
func (c *Contact) Empty() { c.Record, c.base.joined, c.base.changed = record.Record{}, true, true }

// Parts is the contact as it is stored. The second part is nil where it stands there already, or there is none, and
// empty where it goes. Afterwards the record holds no more than the first one does.
func (c *Contact) Parts() (data, base []byte) {
	if c.Base == 0 && len(c.Record.Conduct) >= baseLeast || c.Base != 0 && c.base.joined {
		base = c.divide()
	}
	c.leave()
	return Encode(c), base
}

// divide takes what a base holds out of a record that is whole, and returns that base where it is another one.
func (c *Contact) divide() (base []byte) {
	all := c.Record.Conduct
	within := 0
	for within < len(all) && c.Base != 0 && !c.behindBase(all[within].At, all[within].ID) {
		within++
	}
	switch {
	case len(all) < baseLeast:
		if m := c.base.room; m != nil && m.by == c {
			*m = Room{} // its memory is the record's now
		}
		c.Base, c.base = 0, footing{}
		return []byte{}
	case c.base.changed || (len(all)-within)*baseShare > within:
		base = Encode(Base{Conduct: all})
		c.leave()
		c.Base, c.base = idOf(base), footing{data: base}
		c.Record.Conduct = nil
		return base
	}
	c.leave()
	c.base = footing{data: c.base.data}
	c.Record.Conduct = slices.Clone(all[within:]) // none of them was read in a Room
	return nil
}

// How often who finds a record and a base that do not belong together looks again, and after what pause.
const (
	baseTries = 5
	basePause = 20 * time.Millisecond
)

// Contacts loads contacts of a partition with their bases. Who has no record is absent, and nil where it is damaged.
// lost are those of the latter whose base is not there: for the owner of the partition, who alone writes them, that is
// damage; for others it may be that they were written all the while.
func Contacts(
	ctx context.Context, q *queue.Queue, part int, keys []queue.Key,
) (found map[queue.Key]*Contact, lost []queue.Record, err error) {
	found = make(map[queue.Key]*Contact, len(keys))
	for try := 0; ; try++ {
		records, err := q.Contacts.Load(ctx, part, keys)
		if err != nil {
			return nil, nil, err
		}
		var long []queue.Key
		for key, r := range records {
			if r.Damaged {
				found[key] = nil
				continue
			}
			c, err := Decode[Contact](r.Data)
			if err != nil {
				return nil, nil, fmt.Errorf("record at %d: %w", r.Seq, err)
			}
			if found[key] = &c; c.Base != 0 {
				long = append(long, key)
			}
		}
		if len(long) == 0 {
			return found, nil, nil
		}
		bases, err := q.Contacts.LoadBases(ctx, part, long)
		if err != nil {
			return nil, nil, err
		}
		keys = slices.DeleteFunc(long, func(key queue.Key) bool {
			c, b := found[key], bases[key]
			if b.Damaged || idOf(b.Data) != c.Base {
				found[key] = nil
				return false
			}
			c.base.data = b.Data
			return true
		})
		if len(keys) == 0 {
			return found, nil, nil
		}
		if try == baseTries {
			for _, key := range keys {
				lost = append(lost, records[key])
			}
			return found, lost, nil
		}
		if timing.Sleep(ctx, basePause); ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
}

// Each calls fn with every contact of a partition, whole, that want asks for, and stops at fn's error. While contacts
// are being rated one may come twice, the later one last. Damaged ones are left out.
func Each(ctx context.Context, q *queue.Queue, part int, want func(queue.Key) bool,
	fn func(queue.Key, *Contact) error,
) error {
	var long []queue.Key
	err := q.Contacts.Scan(ctx, part, func(r queue.Record) error {
		if !want(r.Key) {
			return nil
		}
		c, err := Decode[Contact](r.Data)
		if err != nil {
			return fmt.Errorf("record at %d: %w", r.Seq, err)
		}
		if c.Base != 0 {
			long = append(long, r.Key)
			return nil
		}
		return fn(r.Key, &c)
	})
	for keys := range slices.Chunk(long, timing.SweepBases) {
		var found map[queue.Key]*Contact
		if err == nil {
			found, _, err = Contacts(ctx, q, part, keys)
		}
		for key, c := range found {
			if c == nil || err != nil {
				continue
			}
			if err = c.Whole(); err == nil {
				err = fn(key, c)
			}
		}
	}
	return err
}
