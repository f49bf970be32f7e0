package history

import (
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Due collects the instants at which time alone changes a rating, and keeps the next. What depends on how far the
// source has been read is expected with the same lag as now.
type Due struct {
	Now  crm.Millis
	Lag  crm.Millis
	Next crm.Millis
}

// At notes an instant of the clock.
func (d *Due) At(m crm.Millis) {
	if m > d.Now && m < calendar.Never && (d.Next == 0 || m < d.Next) {
		d.Next = m
	}
}

// Read notes an instant up to which the source must have been read.
func (d *Due) Read(m crm.Millis) {
	if m < calendar.Never {
		d.At(m + d.Lag)
	}
}
