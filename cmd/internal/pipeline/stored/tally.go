package stored

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Tally counts the contacts of one partition by source: those rated, by letter, and those to whom we owe an answer
// for too long. It rides on the checkpoint.
type Tally struct {
	Overdue map[string]int            `cbor:"2,keyasint,omitempty"`
	Flagged map[string]int            `cbor:"3,keyasint,omitempty"` // pending or disqualified
	Rated   map[string]map[string]int `cbor:"1,keyasint"`
	// Unprofiled and Coming are contacts whose first write waits, for the profile and for the rest of their history.
	Unprofiled map[string]int `cbor:"4,keyasint,omitempty"`
	Coming     map[string]int `cbor:"5,keyasint,omitempty"`
}

// NewTally returns the tally of nobody.
func NewTally() Tally {
	return Tally{
		Rated: map[string]map[string]int{}, Overdue: map[string]int{}, Flagged: map[string]int{},
		Unprofiled: map[string]int{}, Coming: map[string]int{},
	}
}

// Count adds n contacts that are rated like r.
func (t Tally) Count(source string, r Standing, n int) {
	if r.Letter == "" {
		return
	}
	if r.Overdue {
		t.Overdue[source] += n
	}
	if r.Status == crm.Pending || r.Status == crm.Disqualified {
		t.Flagged[source] += n
	}
	if t.Rated[source] == nil {
		t.Rated[source] = map[string]int{}
	}
	t.Rated[source][r.Letter] += n
}

// Await adds n contacts whose first write waits for a.
func (t Tally) Await(source string, a Awaited, n int) {
	switch a {
	case Profile:
		t.Unprofiled[source] += n
	case History:
		t.Coming[source] += n
	}
}

// All counts the rated contacts of a source, whatever their letter.
func (t Tally) All(source string) (n int) {
	for _, count := range t.Rated[source] {
		n += count
	}
	return n
}

// EachPartition asks the store something of every partition, of several at once, and returns the answers in order.
func EachPartition[T any](
	ctx context.Context, q *queue.Queue, ask func(ctx context.Context, part int) (T, error),
) ([]T, error) {
	all := make([]T, q.Partitions())
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for part := range all {
		g.Go(func() (err error) {
			all[part], err = ask(ctx, part)
			return err
		})
	}
	return all, g.Wait()
}

// Totals adds up what the partitions' checkpoints carry.
func Totals(ctx context.Context, q *queue.Queue) (Tally, error) {
	parts, err := EachPartition(ctx, q, func(ctx context.Context, part int) (Tally, error) {
		at, err := q.Contacts.Checkpoint(ctx, part)
		if err != nil || len(at.Data) == 0 {
			return Tally{}, err
		}
		return Decode[Tally](at.Data)
	})
	if err != nil {
		return Tally{}, err
	}
	sum := NewTally()
	for _, t := range parts {
		for source, letters := range t.Rated {
			if sum.Rated[source] == nil {
				sum.Rated[source] = map[string]int{}
			}
			for letter, n := range letters {
				sum.Rated[source][letter] += n
			}
			sum.Overdue[source] += t.Overdue[source]
			sum.Flagged[source] += t.Flagged[source]
		}
		for source, n := range t.Unprofiled {
			sum.Unprofiled[source] += n
		}
		for source, n := range t.Coming {
			sum.Coming[source] += n
		}
	}
	return sum, nil
}

// Rated counts the rated contacts of a source.
func Rated(ctx context.Context, q *queue.Queue, source string) (int, error) {
	t, err := Totals(ctx, q)
	return t.All(source), err
}
