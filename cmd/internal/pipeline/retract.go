package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// A CRM that tells of a deleted mail or task names the record alone, and whom it concerned can no longer be asked. So what is gone
// goes on a list of its source, and a sweep looks through the records of all contacts for those that hold something of it. An index
// from records to contacts would answer at once, but it would have to hold every activity of every contact, where the list holds only
// what was deleted just now; and a contact's id stands in it only where the CRM named one.
//
// What a holder gets is a version of its own fact that says Gone, through the queue like any other: so order, repetition and a merge
// need no code of their own.

const (
	// maxRemovals bounds the list of one source, which is stored as one value.
	maxRemovals = 10_000
	// sweepRest is how long no sweep follows another, for each record that it read, so that reading all of them again and again takes
	// little of a process's time: ten thousand contacts have twenty seconds, a million have half an hour.
	sweepRest = 2 * time.Millisecond
	// sweepAgain is after how long a sweep looks once more for what one has looked for. What was fetched before it was gone may have been
	// published only after the first one, and a merge may have carried it past that: both are over long before.
	sweepAgain = 10 * time.Minute
)

// removals are the records of one source that are gone, as long as something of them may turn up.
type removals struct {
	List []removal `cbor:"1,keyasint,omitempty"`
}

type removal struct {
	crm.Removal
	Swept crm.Millis `cbor:"4,keyasint,omitempty"` // when the first sweep that looked for it began; 0: none has
}

// due reports whether a sweep has to look for something at now.
func (l removals) due(now time.Time) bool {
	return slices.ContainsFunc(l.List, func(r removal) bool { return r.Swept == 0 || r.over(now) })
}

// over reports whether the sweep that begins at now is the last one to look for r.
func (r removal) over(now time.Time) bool {
	return r.Swept != 0 && now.Sub(r.Swept.Time()) >= sweepAgain
}

func removalsOf(source string) string { return "removed." + source }

// changeRemovals replaces a source's list by what change makes of it.
func (p *Pipeline) changeRemovals(ctx context.Context, source string, change func([]removal) []removal) error {
	for {
		old, rev, err := getState[removals](ctx, p.q, removalsOf(source))
		if err != nil {
			return err
		}
		list := change(slices.Clone(old.List))
		if len(list) > maxRemovals { // what was looked for once gives way
			list = slices.DeleteFunc(list, func(r removal) bool { return r.Swept != 0 })
		}
		switch {
		case slices.Equal(list, old.List):
			return nil
		case len(list) > maxRemovals && len(list) > len(old.List):
			return &connectors.Error{Op: "retract", Kind: connectors.Unavailable, Err: fmt.Errorf("%d deleted records wait to be taken back: no more until they are", len(old.List))}
		}
		if err := putState(ctx, p.q, removalsOf(source), removals{list}, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}

// noteRemovals puts records that are gone on their source's list.
func (p *Pipeline) noteRemovals(ctx context.Context, source string, gone []crm.Removal) error {
	return p.changeRemovals(ctx, source, func(list []removal) []removal {
		for _, r := range gone {
			i := slices.IndexFunc(list, func(o removal) bool { return o.ID == r.ID && o.Contact == r.Contact })
			if i < 0 {
				list = append(list, removal{Removal: r})
			} else if r.Version > list[i].Version {
				list[i] = removal{Removal: r}
			}
		}
		return list
	})
}

// retract takes back what is gone, as long as ctx lasts.
func (p *Pipeline) retract(ctx context.Context, s Source) error {
	for ctx.Err() == nil {
		read, err := p.sweep(ctx, s)
		pause := max(p.tick, time.Duration(read)*sweepRest)
		if err != nil && ctx.Err() == nil {
			p.warns("retract "+s.Name, "deleted records not taken back yet", err, zap.String("source", s.Name))
			pause = max(pause, time.Second)
		}
		sleep(ctx, pause)
	}
	return nil
}

// sweep takes back what is on a source's list from whoever holds it, where it is time to, and returns how many records it read.
func (p *Pipeline) sweep(ctx context.Context, s Source) (read int, err error) {
	l, _, err := getState[removals](ctx, p.q, removalsOf(s.Name))
	now := p.now()
	if err != nil || !l.due(now) {
		return 0, err
	}
	// What was read of a record while it was there may still be on its way.
	if err := p.awaitRated(ctx); err != nil {
		return 0, err
	}
	gone, n := byRecord(l.List), 0
	for part := range p.q.Partitions() {
		out := p.newOutput(s)
		err := p.q.Scan(ctx, part, func(r queue.Record) error {
			read++
			if r.Key.Source != s.Name || strings.HasPrefix(r.Key.Contact, tombPrefix) {
				return nil
			}
			c, err := decode[holder](r.Data)
			if err != nil {
				return fmt.Errorf("record at %d: %w", r.Seq, err)
			}
			c.retract(gone, r.Key.Contact, out.addFact)
			return ctx.Err()
		})
		if err == nil {
			err = out.publish(ctx)
		}
		if err != nil {
			return read, err
		}
		n += out.count
	}
	p.log.Debug("deleted records taken back", zap.String("source", s.Name), zap.Int("records", len(l.List)), zap.Int("facts", n))
	return read, p.changeRemovals(ctx, s.Name, func(list []removal) []removal {
		for i, r := range list {
			if r.Swept == 0 && slices.Contains(l.List, r) {
				list[i].Swept = crm.At(now)
			}
		}
		return slices.DeleteFunc(list, func(r removal) bool { return r.over(now) })
	})
}

// awaitRated returns when all facts that are queued now stand in the records.
func (p *Pipeline) awaitRated(ctx context.Context) error {
	last := make([]uint64, p.q.Partitions())
	for part := range last {
		var err error
		if last[part], err = p.q.LastFact(ctx, part); err != nil {
			return err
		}
	}
	for part := 0; part < len(last); {
		at, err := p.q.ReadCheckpoint(ctx, part)
		switch {
		case err != nil:
			return err
		case at.Facts >= last[part]:
			part++
			continue
		}
		sleep(ctx, p.tick)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// held is the part of a stored fact by which it can be taken back.
type held struct {
	ID      string       `cbor:"2,keyasint"`
	Version int64        `cbor:"3,keyasint"`
	Kind    crm.Kind     `cbor:"4,keyasint"`
	At      crm.Millis   `cbor:"5,keyasint"`
	Peer    string       `cbor:"6,keyasint"`
	Gone    bool         `cbor:"7,keyasint"`
	Meeting *crm.Meeting `cbor:"12,keyasint"`
	Task    *crm.Task    `cbor:"14,keyasint"`
}

// holder is the part of a contact's record that can hold what is gone: properties and decisions are no records of the CRM.
type holder struct {
	Record struct {
		Conduct   []held `cbor:"1,keyasint"`
		Peers     []held `cbor:"2,keyasint"`
		Items     []held `cbor:"3,keyasint"`
		Notes     []held `cbor:"8,keyasint"`
		Referrals []held `cbor:"9,keyasint"`
	} `cbor:"1,keyasint"`
}

// retract calls add with the version that takes back each fact of c that is gone. A fact of a higher version came later: the record is
// there again.
func (c *holder) retract(gone removed, contact string, add func(crm.Fact)) {
	for _, list := range [...][]held{c.Record.Conduct, c.Record.Peers, c.Record.Items, c.Record.Notes, c.Record.Referrals} {
		for i := range list {
			f := &list[i]
			if v := gone.since(f.ID, contact); v >= f.Version && v > 0 && !f.Gone {
				add(crm.Fact{
					Contact: contact, ID: f.ID, Version: v, Kind: f.Kind, At: f.At, Peer: f.Peer, Gone: true, Meeting: f.Meeting, Task: f.Task,
				})
			}
		}
	}
}

// removed finds removals by the id of their record.
type removed map[string][]crm.Removal

func byRecord(list []removal) removed {
	m := make(removed, len(list))
	for _, r := range list {
		m[r.ID] = append(m[r.ID], r.Removal)
	}
	return m
}

// since is the version as of which a contact's fact is gone, 0 if it is not. What reached a contact through others is gone only with
// the record itself.
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
