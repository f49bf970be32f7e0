package queue

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Shards is how many streams of records there are. Each has sequences of its own, by which its changes are followed.
func (c *Contacts) Shards() int { return c.layout.Shards }

// Newest is the sequence of the newest message in a stream of records.
func (c *Contacts) Newest(ctx context.Context, shard int) (uint64, error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	s, err := c.srv.JS(0).Stream(ctx, layout.ContactsStream(shard))
	if err != nil {
		return 0, fmt.Errorf("stream %s: %w", layout.ContactsStream(shard), err)
	}
	return s.CachedInfo().State.LastSeq, nil
}

// Changes calls fn with the records of one stream that were stored after a sequence, each as it stands now, in the
// order in which they were stored, and stops at fn's error. A caller that goes on behind the last one it got misses
// none; a record that compaction moved comes once more. Damaged records are left out.
func (c *Contacts) Changes(ctx context.Context, shard int, after uint64, fn func(Record) error) error {
	w := jet.Walk{
		Stream: layout.ContactsStream(shard),
		Filter: layout.KindContact + ".*.*.*",
		After:  after,
		Conn:   shard,
		Most:   500,
	}
	err := c.srv.Walk(ctx, w, func(m *nats.Msg, at *Msg) error {
		k, ok := keyOf(m.Subject)
		if !ok {
			return fmt.Errorf("the subject of message %d is not ours", at.Seq)
		}
		if at.Damaged {
			c.lost(layout.ContactsStream(shard), m.Subject, at.Seq, at.Time)
			return nil
		}
		return fn(Record{Key: k, Data: at.Data, Seq: at.Seq, Time: at.Time})
	})
	if err != nil {
		return fmt.Errorf("changes of records: %w", err)
	}
	return nil
}
