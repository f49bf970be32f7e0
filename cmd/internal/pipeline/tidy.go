package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

const (
	// keepDeliveries is how long a delivery that was read stays for inspection.
	keepDeliveries = time.Hour
	trimEvery      = time.Minute
	trimTight      = time.Second // where room is short, which stops receiving
	compactEvery   = 24 * time.Hour
	// reviewEvery and reviewLeast say how often the share of flagged contacts is looked at, and of how many rated ones at least.
	reviewEvery = 24 * time.Hour
	reviewLeast = 100
	tidyLease   = "lease.tidy"
)

// tidy trims the queues behind what has been processed and compacts the records once a day, in one process of all.
func (p *Pipeline) tidy(ctx context.Context) error {
	trimAt, compactAt, reviewAt := time.Now().Add(trimEvery), time.Now().Add(jitter(compactEvery)), time.Now().Add(trimEvery)
	for ctx.Err() == nil {
		lease, err := p.q.Acquire(ctx, tidyLease, p.leaseTTL)
		if err != nil {
			if !errors.Is(err, queue.ErrHeld) && ctx.Err() == nil {
				p.log.Warn("cannot take the lease for trimming", zap.Error(err))
			}
			sleep(ctx, p.leaseTTL)
			continue
		}
		holding, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() { defer close(done); p.renew(holding, lease); cancel() }()
		for holding.Err() == nil {
			sleep(holding, trimTight)
			if holding.Err() != nil {
				break
			}
			keep := keepDeliveries
			if p.q.Tight() {
				keep = 0
			} else if time.Now().Before(trimAt) {
				continue
			}
			trimAt = time.Now().Add(trimEvery)
			if err := p.Trim(holding, keep); err != nil {
				p.log.Warn("queues not trimmed", zap.Error(err))
			}
			if time.Now().After(reviewAt) {
				reviewAt = time.Now().Add(reviewEvery)
				if err := p.reviewShares(holding); err != nil {
					p.log.Warn("the share of flagged contacts is not known", zap.Error(err))
				}
			}
			if time.Now().After(compactAt) {
				compactAt = time.Now().Add(compactEvery)
				n, err := p.q.Compact(holding, queue.CompactOptions{})
				p.log.Info("records compacted", zap.Int("rewritten", n), zap.Error(err))
			}
		}
		cancel()
		<-done
		p.release(ctx, lease)
	}
	return nil
}

// reviewShares warns where the share of contacts that are pending or disqualified lies outside the band that the settings expect (A53):
// the numbers may not fit this account. Few contacts prove nothing.
func (p *Pipeline) reviewShares(ctx context.Context) error {
	low, high := p.rules.FlagBand()
	t, err := p.totals(ctx)
	if err != nil {
		return err
	}
	for source := range t.Rated {
		n := t.rated(source)
		if n < reviewLeast {
			continue
		}
		if share := 100 * t.Flagged[source] / n; share < low || share > high {
			p.log.Warn("the share of flagged contacts is outside the expected band: see winnow backtest and winnow rules", zap.String("source", source),
				zap.Int("flagged", t.Flagged[source]), zap.Int("rated", n), zap.Int("share_percent", share), zap.Int("band_low", low), zap.Int("band_high", high))
		}
	}
	return nil
}

// Trim removes what has been processed: facts that were rated, and deliveries that were read longer than keep ago.
func (p *Pipeline) Trim(ctx context.Context, keep time.Duration) error {
	before := map[int]uint64{}
	for part := range p.q.Partitions() {
		at, err := p.q.ReadCheckpoint(ctx, part)
		if err != nil {
			return err
		}
		before[part] = at.Facts
	}
	return errors.Join(p.q.TrimFacts(ctx, before), p.q.TrimDeliveries(ctx, keep))
}

// Forget has a contact erased everywhere: its owner executes it in the order of its facts, so nothing that is under way brings
// it back.
func (p *Pipeline) Forget(ctx context.Context, ref crm.ContactRef) error {
	at := crm.At(p.now())
	f := crm.Fact{Contact: ref.Contact, ID: "forget", Version: int64(at), Kind: crm.KindForget, At: at}
	return p.q.PublishBundles(ctx, []queue.Bundle{{
		Partition: p.q.PartitionOf(ref.Source, ref.Contact), Data: encode(bundle{Source: ref.Source, Facts: []crm.Fact{f}}),
	}})
}

// Knows reports whether anything is kept of a contact that Forget would erase, or has erased before: a record, a dead letter that names
// it, or its tombstone.
func (p *Pipeline) Knows(ctx context.Context, ref crm.ContactRef) (bool, error) {
	key := queue.Key{Source: ref.Source, Contact: ref.Contact}
	found, err := p.q.Load(ctx, p.q.PartitionOf(ref.Source, ref.Contact), []queue.Key{key, p.tomb(key)})
	if err != nil || len(found) > 0 {
		return err == nil, err
	}
	named := false
	err = p.lettersOf(ctx, key, func(queue.DeadLetter) error { named = true; return nil })
	return named, err
}

// lettersOf calls fn with every dead letter that names a contact.
func (p *Pipeline) lettersOf(ctx context.Context, key queue.Key, fn func(queue.DeadLetter) error) error {
	return p.q.EachDeadLetter(ctx, 0, "", key.Source, func(d queue.DeadLetter) error {
		if !slices.Contains(d.Contacts, key.Contact) {
			return nil
		}
		return fn(d)
	})
}

// Forgotten reports whether nothing of a contact is left in the records.
func (p *Pipeline) Forgotten(ctx context.Context, ref crm.ContactRef) (bool, error) {
	part, key := p.q.PartitionOf(ref.Source, ref.Contact), queue.Key{Source: ref.Source, Contact: ref.Contact}
	found, err := p.q.Load(ctx, part, []queue.Key{key, p.tomb(key)})
	_, left := found[key]
	_, entombed := found[p.tomb(key)]
	return !left && entombed, err
}

// entombed reports whether a contact was forgotten, its record erased or not yet.
func (p *Pipeline) entombed(ctx context.Context, key queue.Key) (bool, error) {
	tomb := p.tomb(key)
	found, err := p.q.Load(ctx, p.q.PartitionOf(key.Source, key.Contact), []queue.Key{tomb})
	_, ok := found[tomb]
	return ok, err
}

// erase takes a forgotten contact out of the store: what waits to be fetched of it, the dead letters that name it, its rating and its
// record. Its tombstone stands already. The record goes last: while it is there, a part that failed is done again.
func (p *Pipeline) erase(ctx context.Context, part int, key queue.Key) error {
	if s, ok := p.sources[key.Source]; ok {
		ref := s.CRM.ProfileRef(key.Contact)
		if err := p.q.PurgeFetches(ctx, key.Source, queue.FetchRef{Type: ref.Type, ID: ref.ID}); err != nil {
			return err
		}
	}
	err := p.changeRemovals(ctx, key.Source, func(list []removal) []removal {
		return slices.DeleteFunc(list, func(r removal) bool { return r.Contact == key.Contact })
	})
	if err != nil {
		return err
	}
	err = p.lettersOf(ctx, key, func(d queue.DeadLetter) error {
		if err := p.keepForOthers(ctx, d, key.Contact); err != nil {
			return fmt.Errorf("dead letter %d: %w", d.Seq, err)
		}
		return p.q.DiscardDeadLetter(ctx, d.Seq)
	})
	if err != nil {
		return err
	}
	return p.q.Purge(ctx, part, key)
}

// keepForOthers puts a letter of a record that could not be fetched in once more without the contact that is erased, where others wait
// for it too.
func (p *Pipeline) keepForOthers(ctx context.Context, d queue.DeadLetter, contact string) error {
	if !strike(&d, contact) {
		return nil
	}
	_, err := p.q.Bury(ctx, d, "")
	return err
}

// strike takes a contact out of the letter of a record that could not be fetched, and reports whether others wait for it too. What was to
// be read of the contact itself, a profile say, has its id and nobody's answer in it any more.
func strike(d *queue.DeadLetter, contact string) bool {
	ref, err := decode[crm.Ref](d.Payload)
	if d.Stage != stageFetch || len(d.Contacts) < 2 || err != nil || ref.ID == contact { // what is not a reference waits for nobody
		return false
	}
	erased := func(id string) bool { return id == contact }
	ref.Contacts, ref.Left = slices.DeleteFunc(ref.Contacts, erased), slices.DeleteFunc(ref.Left, erased)
	d.Contacts, d.Payload = slices.DeleteFunc(slices.Clone(d.Contacts), erased), encode(ref)
	return true
}
