package stored

import (
	"context"
	"errors"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Trend is how the contacts of a source stood, day by day.
type Trend struct {
	Days []TrendDay `cbor:"1,keyasint"`
}

// TrendDay is how they stood when they were last counted on a day.
type TrendDay struct {
	Day     crm.Millis     `cbor:"1,keyasint"           json:"day"` // its begin, UTC
	Rated   map[string]int `cbor:"2,keyasint"           json:"rated"`
	Flagged int            `cbor:"3,keyasint,omitempty" json:"flagged"`
	Overdue int            `cbor:"4,keyasint,omitempty" json:"overdue"`
}

// mostDays is how many days are kept.
const mostDays = 400

// TrendState is the trend of a source.
func TrendState(source string) State[Trend] { return State[Trend]{"trend." + source} }

// NoteDay counts how the contacts of every source stand on the day of now.
func NoteDay(ctx context.Context, q *queue.Queue, now time.Time) error {
	t, err := Totals(ctx, q)
	if err != nil {
		return err
	}
	for source := range t.Rated {
		if err := noteDay(ctx, q, source, TrendDay{
			Day: crm.At(now.UTC().Truncate(24 * time.Hour)), Rated: t.Rated[source],
			Flagged: t.Flagged[source], Overdue: t.Overdue[source],
		}); err != nil {
			return err
		}
	}
	return nil
}

func noteDay(ctx context.Context, q *queue.Queue, source string, d TrendDay) error {
	for {
		trend, rev, err := TrendState(source).Get(ctx, q)
		if err != nil {
			return err
		}
		n := len(trend.Days)
		for n > 0 && trend.Days[n-1].Day >= d.Day {
			n--
		}
		days := append(trend.Days[:n:n], d)
		trend.Days = days[max(0, len(days)-mostDays):]
		if err := TrendState(source).Put(ctx, q, trend, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}
