package rules

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

const (
	hourMS = crm.Millis(60 * 60 * 1000)
	dayMS  = 24 * hourMS
	// never is later than any instant that matters; a span until never has no end in sight.
	never = crm.Millis(1 << 60)
)

// span is a stretch of time, until excluded, in which a clock that runs against the contact stands still.
type span struct {
	from, until crm.Millis
	why, fact   string
	ours        bool       // it stands still because we owe something
	away        bool       // they are out of office, or have said when they will come back
	planned     crm.Millis // until then it is a task of ours that is not due yet
}

// union sorts spans and joins those that touch, so that none is counted twice. It reuses the list.
func union(spans []span) []span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b span) int {
		if a.from != b.from {
			return compare(a.from, b.from)
		}
		return compare(b.until, a.until)
	})
	out := spans[:1]
	for _, sp := range spans[1:] {
		last := &out[len(out)-1]
		if sp.from > last.until {
			out = append(out, sp)
			continue
		}
		last.until = max(last.until, sp.until)
	}
	return out
}

// running is how much of the time from one instant to another lies outside the spans, which union has sorted.
func running(spans []span, from, until crm.Millis) crm.Millis {
	if until <= from {
		return 0
	}
	left := until - from
	for _, sp := range spans {
		if overlap := min(sp.until, until) - max(sp.from, from); overlap > 0 {
			left -= overlap
		}
	}
	return left
}

// ends is the instant at which a clock that starts at from has run for d outside the spans, or never.
func ends(spans []span, from, d crm.Millis) crm.Millis {
	at := from
	for _, sp := range spans {
		if sp.until <= at {
			continue
		}
		if sp.from > at {
			if sp.from-at >= d {
				return at + d
			}
			d -= sp.from - at
		}
		if sp.until >= never {
			return never
		}
		at = sp.until
	}
	return at + d
}

func compare[T ~int64 | ~int](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
