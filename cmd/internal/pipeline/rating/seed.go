package rating

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Seed puts n contacts of a source into a new store as they stand after they have been rated and the CRM has shown
// it: nothing is left to be fetched or written. It is for measuring how many contacts behave, and must be over before
// anything else runs; the sources have been looked at. person gives the id and the facts of the i-th; it is called
// for each i at least once, from several goroutines.
func (p *Rating) Seed(ctx context.Context, source string, n int,
	person func(i int) (id string, facts []crm.Fact),
) error {
	parts := make([][]int, p.Queue.Partitions())
	for i := range n {
		id, _ := person(i)
		part := p.Queue.PartitionOf(source, id)
		parts[part] = append(parts[part], i)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for part, members := range parts {
		g.Go(func() error { return p.seedPartition(ctx, source, part, members, person) })
	}
	return g.Wait()
}

func (p *Rating) seedPartition(ctx context.Context, source string, part int, members []int,
	person func(int) (string, []crm.Fact),
) error {
	at, err := p.Queue.Contacts.Checkpoint(ctx, part)
	if err != nil {
		return err
	}
	if at.Seq != 0 {
		return errors.New("contacts can be put into a new store only")
	}
	o := &owner{
		p: p, part: part, at: at, sight: p.Sights.Sight(), valid: func() bool { return true }, tally: stored.NewTally(),
	}
	most := min(timing.SeedBatch, p.Queue.Contacts.MaxBatch()/2) // each may have a base
	for len(members) > 0 {
		var batch queue.Batch
		for _, i := range members[:min(most, len(members))] {
			id, facts := person(i)
			j := &job{key: queue.Key{Source: source, Contact: id}, c: &stored.Contact{}, facts: facts}
			o.review(j, p.Now())
			if j.effects.ask {
				return fmt.Errorf("contact %s has no profile: give it the property %s", id, crm.PropProfiled)
			}
			o.tally.Count(source, stored.StandingOf(j.c.Rating), 1)
			put(&batch, j)
		}
		members = members[len(batch.Contacts):]
		if err := o.commit(ctx, batch, o.at.Facts); err != nil {
			return err
		}
	}
	return nil
}
