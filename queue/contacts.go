package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Contacts are the records, by partition, and how far each partition has been rated.
type Contacts struct {
	base
	parts   []*partition
	commits []*committer // one for each stream of records
	moves   *moves
	states  *States // stand in a stream of records too: compaction moves them
	copies  *copies
}

func newContacts(b base, m *moves, s *States, kept *copies, run func(func())) *Contacts {
	c := &Contacts{base: b, moves: m, states: s, copies: kept}
	for range b.layout.Partitions {
		c.parts = append(c.parts, &partition{})
	}
	for i := range b.layout.Shards {
		c.commits = append(c.commits, newCommitter(func(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
			return b.srv.SealedBatch(ctx, i, msgs)
		}, b.srv.MaxBatch(), run, b.srv.Closing()))
	}
	return c
}

// partition is what this process knows of one partition.
type partition struct {
	mu sync.Mutex // one commit at a time
	// sequence of the latest checkpoint known here: a copy of the stream that lags behind it must not answer
	seen atomic.Uint64
	// since when the server cannot read records that are there, in nanoseconds of Unix time; 0: it can
	mute atomic.Int64
}

// saw notes the sequence of a checkpoint.
func (p *partition) saw(seq uint64) {
	for was := p.seen.Load(); seq > was && !p.seen.CompareAndSwap(was, seq); was = p.seen.Load() {
	}
}

// Key names one contact of one source.
type Key struct{ Source, Contact string }

func (k Key) check() error {
	if !ValidID(k.Source) || !ValidID(k.Contact) {
		return fmt.Errorf("an id of %d bytes: %w", max(len(k.Source), len(k.Contact)), ErrTooLarge)
	}
	return nil
}

// subject is where the contact's record or rating stands.
func (k Key) subject(kind string, p int) string {
	return layout.ContactSubject(kind, p, k.Source, k.Contact)
}

// keyOf reads the key back from such a subject.
func keyOf(subject string) (Key, bool) {
	source, contact, ok := layout.ContactOf(subject)
	return Key{source, contact}, ok
}

// ValidID reports whether an id from outside is short enough to be part of a subject. Any id that a CRM gives out is.
func ValidID(id string) bool { return layout.ValidID(id) }

// Record is one stored message of a contact.
type Record struct {
	Key  Key
	Data []byte
	Seq  uint64
	Time time.Time

	Damaged bool // it is not what was stored, and Data is nil: all that is known is that there was one
}

// MaxBatch is how many messages, contacts and ratings together, one Commit may hold.
func (c *Contacts) MaxBatch() int { return c.srv.MaxBatch() - 1 } // the checkpoint is one

// Room returns nil if less than share (0 to 1) of the store's bytes are used and the disk has room, else ErrFull with
// the reason.
func (c *Contacts) Room(share float64) error { return c.gauge.room(layout.Contacts, share, 0.5) }

// Load returns the records of the keys, all of partition p; a key without a record is absent.
func (c *Contacts) Load(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return c.load(ctx, layout.KindContact, p, keys)
}

// LoadBases returns the bases of the keys' records, as Load does the records. One that was put there together with a
// record is read apart from it, so that whoever does not own the partition may get those of two commits.
func (c *Contacts) LoadBases(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return c.load(ctx, layout.KindBase, p, keys)
}

// BaseLost says that a record has no base that it should have: the contact is read again, as if its record were
// damaged.
func (c *Contacts) BaseLost(p int, r Record) {
	c.lost(c.layout.Records(p), r.Key.subject(layout.KindBase, p), r.Seq, r.Time)
}

func (c *Contacts) load(ctx context.Context, kind string, p int, keys []Key) (map[Key]Record, error) {
	if err := c.layout.Check(p); err != nil {
		return nil, err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	out := make(map[Key]Record, len(keys))
	for len(keys) > 0 {
		subjects, bytes := []string{layout.CheckpointSubject(p)}, 0
		for len(subjects) <= min(len(keys), jet.MostSubjects) && bytes < jet.MostSubjectBytes {
			k := keys[len(subjects)-1]
			if err := k.check(); err != nil {
				return nil, err
			}
			s := k.subject(kind, p)
			subjects, bytes = append(subjects, s), bytes+len(s)
		}
		if err := c.loadChunk(ctx, p, subjects, out); err != nil {
			return nil, fmt.Errorf("load %d records of partition %d: %w", len(subjects)-1, p, jet.Ended(ctx, err))
		}
		keys = keys[len(subjects)-1:]
	}
	return out, nil
}

// loadChunk reads the subjects, the first of which is the partition's checkpoint. In a cluster any copy of the stream
// may answer. The checkpoint in the same answer shows how far that copy is: every record is committed together with
// one.
func (c *Contacts) loadChunk(ctx context.Context, p int, subjects []string, out map[Key]Record) error {
	seen := c.parts[p].seen.Load()
	for range jet.StaleTries {
		var at uint64
		found := map[Key]Record{} // out holds what other chunks found
		err := c.srv.MultiLast(ctx, p, c.layout.Records(p), subjects, func(m jet.Stored) {
			if m.Subject == subjects[0] {
				at = m.Seq
			} else if k, ok := keyOf(m.Subject); ok {
				found[k] = Record{Key: k, Data: m.Data, Seq: m.Seq, Time: m.Time, Damaged: m.Damaged}
				if m.Damaged {
					c.lost(c.layout.Records(p), m.Subject, m.Seq, m.Time)
				}
			}
		})
		if errors.Is(err, jet.ErrDamaged) {
			return c.unreadable(p, err)
		}
		if err != nil && !errors.Is(err, nats.ErrNoResponders) {
			return err
		}
		if err == nil && at >= seen {
			c.parts[p].mute.Store(0)
			maps.Copy(out, found)
			return nil
		}
		if err := jet.Pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return jet.ErrStale
}

// unreadable mends the files after the server said that it cannot read a message that is there. What it has in memory
// it goes on with until nobody has asked for it for a while: so the caller tries again, and if that is in vain for long
// the process begins anew.
func (c *Contacts) unreadable(p int, err error) error {
	if c.blocks == nil {
		return err
	}
	c.check(true)
	if part := c.parts[p]; !part.mute.CompareAndSwap(0, time.Now().UnixNano()) &&
		time.Since(time.Unix(0, part.mute.Load())) > cacheLasts {
		c.srv.Fail(fmt.Errorf("records of partition %d: %w", p, err))
	}
	return err
}

// cacheLasts is how long after a file was mended the server may still go by what it had read of it.
const cacheLasts = 45 * time.Second

// Scan calls fn with every record of the partition, in the order in which they were stored, and stops at fn's error. It
// is for the partition's owner: what is committed meanwhile may or may not be seen. Damaged records are left out.
func (c *Contacts) Scan(ctx context.Context, p int, fn func(Record) error) error {
	if err := c.layout.Check(p); err != nil {
		return err
	}
	filter := fmt.Sprintf("%s.%d.*.*", layout.KindContact, p)
	err := c.srv.Walk(ctx, jet.Walk{
		Stream: c.layout.Records(p), Filter: filter, Conn: p,
	}, func(m *nats.Msg, at *Msg) error {
		k, ok := keyOf(m.Subject)
		if !ok {
			return fmt.Errorf("the subject of message %d is not ours", at.Seq)
		}
		if at.Damaged {
			c.lost(c.layout.Records(p), m.Subject, at.Seq, at.Time)
			return nil
		}
		return fn(Record{Key: k, Data: at.Data, Seq: at.Seq, Time: at.Time})
	})
	if err != nil {
		return fmt.Errorf("scan partition %d: %w", p, err)
	}
	return nil
}

// Checkpoint is how far a partition has been rated.
type Checkpoint struct {
	Facts uint64 // sequence of the last bundle that was rated
	Data  []byte // the owner's own
	Seq   uint64 // of the checkpoint itself: the next commit expects it; 0: there is none yet
}

func (c Checkpoint) encode() []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(c.Data)), c.Facts), c.Data...)
}

// Checkpoint returns the partition's latest checkpoint, the zero one where there is none. Facts never lies ahead of the
// stream of facts: after a loss of data there sequences are used again, and what they then stand for has to be rated.
func (c *Contacts) Checkpoint(ctx context.Context, p int) (Checkpoint, error) {
	if err := c.layout.Check(p); err != nil {
		return Checkpoint{}, err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	m, err := c.srv.Last(ctx, c.layout.Records(p), layout.CheckpointSubject(p))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint of partition %d: %w", p, err)
	}
	if m == nil {
		return Checkpoint{}, nil
	}
	if m.Damaged { // everything that is there is rated again, which changes nothing
		c.lost(c.layout.Records(p), m.Subject, m.Seq, m.Time)
		c.parts[p].saw(m.Seq)
		return Checkpoint{Seq: m.Seq}, nil
	}
	if len(m.Data) < 8 {
		return Checkpoint{}, fmt.Errorf("checkpoint of partition %d: %d bytes", p, len(m.Data))
	}
	s, err := c.srv.JS(0).Stream(ctx, layout.Facts)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint of partition %d: %w", p, err)
	}
	c.parts[p].saw(m.Seq)
	return Checkpoint{
		Facts: min(binary.BigEndian.Uint64(m.Data), s.CachedInfo().State.LastSeq), Data: m.Data[8:], Seq: m.Seq,
	}, nil
}

// Purge overwrites and deletes the record, its base and the rating of a contact. Versions that were replaced earlier
// stay in the files until Compact has emptied them. The record goes last.
func (c *Contacts) Purge(ctx context.Context, p int, key Key) error {
	if err := c.layout.Check(p); err != nil {
		return err
	}
	if err := key.check(); err != nil {
		return err
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	for _, kind := range []string{layout.KindBase, layout.KindRating, layout.KindContact} {
		if err := c.srv.Erase(ctx, c.layout.Records(p), key.subject(kind, p)); err != nil {
			return fmt.Errorf("purge: %w", err)
		}
	}
	return nil
}
