package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// StartBackfill has the history since then read; a backfill of the same start that was interrupted goes on where it
// stood.
func (p *Operate) StartBackfill(ctx context.Context, source string, since time.Time) error {
	if err := p.Known(source); err != nil {
		return err
	}
	s := p.Sources[source]
	if s.CRM.Backfill == nil {
		return fmt.Errorf("%s is a %s, whose history cannot be read back", source, s.Vendor)
	}
	f, rev, err := stored.BackfillState(source).Get(ctx, p.Queue)
	if err != nil {
		return err
	}
	now := crm.At(p.Now())
	if f.Since != crm.At(since) || f.Done {
		f = stored.Filling{Since: crm.At(since), Until: now}
	}
	f.Moved = now
	return stored.BackfillState(source).Put(ctx, p.Queue, f, rev)
}

// BackfillState is a backfill as people see it.
type BackfillState struct {
	Since     crm.Millis `json:"since"`
	Until     crm.Millis `json:"until"`
	Moved     crm.Millis `json:"moved"`
	Read      int        `json:"read"`
	Total     int        `json:"total"`
	Stage     string     `json:"stage"`
	Error     string     `json:"error"`
	Done      bool       `json:"done"`
	Unfetched uint64     `json:"unfetched"` // records found that have not been fetched yet
	Unrated   bool       `json:"unrated"`   // facts wait to be rated, of whatever they tell
	Unwritten uint64     `json:"unwritten"` // ratings that are not in the CRM yet
	PutOff    string     `json:"put_off"`   // why records are not fetched that a person has to help with
}

// Backfill tells how far the backfill of a source is.
func (p *Operate) Backfill(ctx context.Context, source string) (BackfillState, error) {
	f, _, err := stored.BackfillState(source).Get(ctx, p.Queue)
	if err != nil {
		return BackfillState{}, err
	}
	putOff, _, err := stored.PutOffState(source).Get(ctx, p.Queue)
	if err != nil {
		return BackfillState{}, err
	}
	b := BackfillState{
		Since: f.Since, Until: f.Until, Moved: f.Moved, Read: f.Read, Total: f.Total, Stage: f.Stage, Error: f.Error,
		Done: f.Done, PutOff: putOff,
	}
	// In the order of the flow: what has left one stage is seen at the next.
	if b.Unfetched, err = p.Queue.Fetches.Waiting(ctx, source); err != nil {
		return b, err
	}
	if b.Unrated, err = p.unrated(ctx); err != nil {
		return b, err
	}
	b.Unwritten, err = p.unwritten(ctx, source)
	return b, err
}

// unrated reports whether any facts wait to be rated, by whichever process.
func (p *Operate) unrated(ctx context.Context) (bool, error) {
	for part := range p.Queue.Partitions() {
		last, err := p.Queue.Facts.Last(ctx, part)
		if err != nil {
			return false, err
		}
		at, err := p.Queue.Contacts.Checkpoint(ctx, part)
		if err != nil || at.Facts < last {
			return true, err
		}
	}
	return false, nil
}

// unwritten counts the ratings of a source that wait to be written, those among them whose history is still on its
// way. A contact whose profile does not come is not counted: nothing of it is to be written.
func (p *Operate) unwritten(ctx context.Context, source string) (uint64, error) {
	sum, err := stored.Totals(ctx, p.Queue)
	if err != nil {
		return 0, err
	}
	n, err := p.Queue.Ratings.Waiting(ctx, source)
	return n + uint64(max(sum.Coming[source], 0)), err
}
