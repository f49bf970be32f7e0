package rules

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// due collects the instants at which time alone changes a rating, and keeps the next. What depends on how far the source has
// been read is expected with the same lag as now.
type due struct {
	now  crm.Millis
	lag  crm.Millis
	next crm.Millis
	all  []Moment // only when an explanation wants them
	keep bool
}

// Moment is an instant at which something changes, if nothing happens until then.
type Moment struct {
	At   crm.Millis
	What string
}

// at notes an instant of the clock.
func (d *due) at(m crm.Millis, what string) {
	if m <= d.now || m >= never {
		return
	}
	if d.next == 0 || m < d.next {
		d.next = m
	}
	if d.keep {
		d.all = append(d.all, Moment{m, what})
	}
}

// read notes an instant up to which the source must have been read.
func (d *due) read(m crm.Millis, what string) {
	if m < never {
		d.at(m+d.lag, what)
	}
}
