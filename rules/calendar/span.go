package calendar

import (
	"cmp"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Millis is d in milliseconds.
func Millis(d time.Duration) crm.Millis { return crm.Millis(d.Milliseconds()) }

// Days is a day of 24 hours.
const Days = 24 * time.Hour

// Stretches of time in milliseconds.
const (
	HourMS = crm.Millis(60 * 60 * 1000)
	DayMS  = 24 * HourMS
	// Never is later than any instant that matters; a span until Never has no end in sight.
	Never = crm.Millis(1 << 60)
)

// Span is a stretch of time, until excluded, in which a clock that runs against the contact stands still.
type Span struct {
	From, Until crm.Millis
	Why, Fact   string
	Ours        bool       // it stands still because we owe something
	Away        bool       // they are out of office, or have said when they will come back
	Planned     crm.Millis // until then it is a task of ours that is not due yet
}

// Union sorts spans and joins those that touch, so that none is counted twice. It reuses the list.
func Union(spans []Span) []Span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b Span) int {
		if a.From != b.From {
			return cmp.Compare(a.From, b.From)
		}
		return cmp.Compare(b.Until, a.Until)
	})
	out := spans[:1]
	for _, sp := range spans[1:] {
		last := &out[len(out)-1]
		if sp.From > last.Until {
			out = append(out, sp)
			continue
		}
		last.Until = max(last.Until, sp.Until)
	}
	return out
}

// Running is how much of the time from one instant to another lies outside the spans, which union has sorted.
func Running(spans []Span, from, until crm.Millis) crm.Millis {
	if until <= from {
		return 0
	}
	left := until - from
	for _, sp := range spans {
		if overlap := min(sp.Until, until) - max(sp.From, from); overlap > 0 {
			left -= overlap
		}
	}
	return left
}

// Ends is the instant at which a clock that starts at from has run for d outside the spans, or never.
func Ends(spans []Span, from, d crm.Millis) crm.Millis {
	at := from
	for _, sp := range spans {
		if sp.Until <= at {
			continue
		}
		if sp.From > at {
			if sp.From-at >= d {
				return at + d
			}
			d -= sp.From - at
		}
		if sp.Until >= Never {
			return Never
		}
		at = sp.Until
	}
	return at + d
}
