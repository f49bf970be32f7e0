package history

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Due collects the instants at which time alone changes a rating, and keeps the next. What depends on how far the source has
// been read is expected with the same lag as now.
type Due struct {
	Now  crm.Millis
	Lag  crm.Millis
	Next crm.Millis
	All  []Moment // only when an explanation wants them
	Keep bool
}

// Moment is an instant at which something changes, if nothing happens until then.
type Moment struct {
	At   crm.Millis
	What string
}

// At notes an instant of the clock.
func (d *Due) At(m crm.Millis, what string) {
	if m <= d.Now || m >= calendar.Never {
		return
	}
	if d.Next == 0 || m < d.Next {
		d.Next = m
	}
	if d.Keep {
		d.All = append(d.All, Moment{m, what})
	}
}

// Read notes an instant up to which the source must have been read.
func (d *Due) Read(m crm.Millis, what string) {
	if m < calendar.Never {
		d.At(m+d.Lag, what)
	}
}
