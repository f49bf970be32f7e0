package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// A CRM that tells of a deleted mail or task names the record alone, and whom it concerned can no longer be asked. So
// what is gone goes on a list of its source, and a sweep looks through the records of all contacts for those that
// hold something of it. An index from records to contacts would answer at once, but it would have to hold every
// activity of every contact, where the list holds only what was deleted just now; and a contact's id stands in it
// only where the CRM named one.
//
// What a holder gets is a version of its own fact that says Gone, through the queue like any other: so order,
// repetition and a merge need no code of their own.

// retract takes back what is gone, as long as ctx lasts.
func (x *Exchange) retract(ctx context.Context) error {
	for ctx.Err() == nil {
		read, err := x.sweep(ctx)
		pause := max(x.Tick, time.Duration(read)*timing.SweepRest)
		if err != nil && ctx.Err() == nil {
			x.Troubles.Warns("retract "+x.s.Name, "deleted records not taken back yet", err,
				zap.String("source", x.s.Name))
			pause = max(pause, timing.StoreAgain)
		}
		timing.Sleep(ctx, pause)
	}
	return nil
}

// sweep takes back what is on a source's list from whoever holds it, where it is time to, and returns how many
// records it read.
func (x *Exchange) sweep(ctx context.Context) (read int, err error) {
	l, _, err := stored.RemovedState(x.s.Name).Get(ctx, x.Queue)
	now := x.Now()
	if err != nil || !l.Due(now) {
		return 0, err
	}
	// What was read of a record while it was there may still be on its way.
	if err := x.awaitRated(ctx); err != nil {
		return 0, err
	}
	gone, n := byRecord(l.List), 0
	for part := range x.Queue.Partitions() {
		out := x.Publisher.Output(x.s.Name)
		var long []queue.Key
		err := x.Queue.Contacts.Scan(ctx, part, func(r queue.Record) error {
			read++
			if r.Key.Source != x.s.Name || stored.IsTomb(r.Key) {
				return nil
			}
			c, err := stored.Decode[stored.Holder](r.Data)
			if err != nil {
				return fmt.Errorf("record at %d: %w", r.Seq, err)
			}
			if retract(&c, gone, r.Key.Contact, out.AddFact); c.Base != 0 {
				long = append(long, r.Key)
			}
			return ctx.Err()
		})
		if err == nil {
			err = x.retractBases(ctx, part, long, gone, out.AddFact)
		}
		if err == nil {
			err = out.Publish(ctx)
		}
		if err != nil {
			return read, err
		}
		n += out.Count
	}
	x.Log.Debug("deleted records taken back", zap.String("source", x.s.Name), zap.Int("records", len(l.List)),
		zap.Int("facts", n))
	return read, stored.ChangeRemovals(ctx, x.Queue, x.s.Name, func(list []stored.Removal) []stored.Removal {
		for i, r := range list {
			if r.Swept == 0 && slices.Contains(l.List, r) {
				list[i].Swept = crm.At(now)
			}
		}
		return slices.DeleteFunc(list, func(r stored.Removal) bool { return r.Over(now) })
	})
}

// retractBases looks through the bases of long records. One that was written after the record was looked through holds
// what that held.
func (x *Exchange) retractBases(
	ctx context.Context, part int, keys []queue.Key, gone removed, add func(crm.Fact),
) error {
	for some := range slices.Chunk(keys, timing.SweepBases) {
		bases, err := x.Queue.Contacts.LoadBases(ctx, part, some)
		if err != nil {
			return err
		}
		for key, r := range bases {
			if len(r.Data) == 0 { // damaged, or there is none any more
				continue
			}
			b, err := stored.Decode[stored.HeldBase](r.Data)
			if err != nil {
				return fmt.Errorf("base at %d: %w", r.Seq, err)
			}
			var c stored.Holder
			c.Record.Conduct = b.Conduct
			retract(&c, gone, key.Contact, add)
		}
	}
	return nil
}

// awaitRated returns when all facts that are queued now stand in the records.
func (x *Exchange) awaitRated(ctx context.Context) error {
	last := make([]uint64, x.Queue.Partitions())
	for part := range last {
		var err error
		if last[part], err = x.Queue.Facts.Last(ctx, part); err != nil {
			return err
		}
	}
	for part := 0; part < len(last); {
		at, err := x.Queue.Contacts.Checkpoint(ctx, part)
		switch {
		case err != nil:
			return err
		case at.Facts >= last[part]:
			part++
			continue
		}
		timing.Sleep(ctx, x.Tick)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// retract calls add with the version that takes back each fact of c that is gone. A fact of a higher version came
// later: the record is there again.
func retract(c *stored.Holder, gone removed, contact string, add func(crm.Fact)) {
	for _, list := range [...][]stored.Held{
		c.Record.Conduct, c.Record.Peers, c.Record.Items, c.Record.Notes, c.Record.Referrals,
	} {
		for i := range list {
			f := &list[i]
			if v := gone.since(f.ID, contact); v >= f.Version && v > 0 && !f.Gone {
				add(crm.Fact{
					Contact: contact, ID: f.ID, Version: v, Kind: f.Kind, At: f.At, Peer: f.Peer, Gone: true,
					Meeting: f.Meeting, Task: f.Task,
				})
			}
		}
	}
}

// removed finds removals by the id of their record.
type removed map[string][]crm.Removal

func byRecord(list []stored.Removal) removed {
	m := make(removed, len(list))
	for _, r := range list {
		m[r.ID] = append(m[r.ID], r.Removal)
	}
	return m
}

// since is the version as of which a contact's fact is gone, 0 if it is not. What reached a contact through others is
// gone only with the record itself.
func (m removed) since(id, contact string) (version int64) {
	id, peer := strings.CutPrefix(id, crm.PeerPrefix)
	for {
		for _, r := range m[id] {
			if r.Contact == "" || r.Contact == contact && !peer {
				version = max(version, r.Version)
			}
		}
		i := strings.LastIndexByte(id, '/')
		if i < 0 {
			return version
		}
		id = id[:i]
	}
}
