// Package calendar counts business days and hours, and the time that passes outside stretches in which a clock stands
// still.
package calendar

import (
	"sort"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Calendar counts business days and hours for one party: its zone, its working week, its country's public holidays and
// the hours in which it can be expected to work.
type Calendar struct {
	Zone        *time.Location
	Days        *workdays
	Open, Shut  crm.Millis // since local midnight
	Known       bool       // the zone is the party's own, not the one assumed where none is known
	CountryCode string
}

// New is the calendar of a party in a country. Where its zone is not known it is counted by another.
func New(zone, fallback *time.Location, hours Hours, country string, usual Week) Calendar {
	c := Calendar{zone, workdaysOf(country, weekOf(country, usual)), hours.Open, hours.Shut, zone != nil, country}
	if zone == nil {
		c.Zone = fallback
	}
	return c
}

// Business days are looked up in a table between these years; before and after it every day of the working week counts.
const (
	firstYear = 2000
	lastYear  = 2060
)

var (
	firstDay = civilDay(firstYear, time.January, 1)
	endDay   = civilDay(lastYear+1, time.January, 1)
)

// workdays is the table of one country and working week.
type workdays struct {
	before []int32 // before[i] is how many of the first i days of the table are business days
	week   Week
}

type workdaysKey struct {
	country string
	week    Week
}

// tables holds the tables that were needed so far. There are at most as many as countries known here, times the working
// weeks that settings name.
var tables sync.Map // workdaysKey to *workdays

func workdaysOf(country string, w Week) *workdays {
	if _, ok := holidays[country]; !ok {
		country = ""
	}
	key := workdaysKey{country, w}
	if t, ok := tables.Load(key); ok {
		return t.(*workdays)
	}
	t, _ := tables.LoadOrStore(key, newWorkdays(country, w))
	return t.(*workdays)
}

func newWorkdays(country string, w Week) *workdays {
	off := make([]bool, endDay-firstDay)
	for _, h := range holidays[country] {
		for year := firstYear - 1; year <= lastYear+1; year++ {
			actual, observed := h.Calc(year)
			for _, t := range [...]time.Time{actual, observed} {
				if t.IsZero() {
					continue
				}
				if day := civilDay(t.Date()); day >= firstDay && day < endDay {
					off[day-firstDay] = true
				}
			}
		}
	}
	t := &workdays{before: make([]int32, len(off)+1), week: w}
	for i := range off {
		t.before[i+1] = t.before[i]
		if !off[i] && w.Has(firstDay+i) {
			t.before[i+1]++
		}
	}
	return t
}

// Has reports whether the weekday of a day, counted since 1970-01-01, is in the week.
func (w Week) Has(day int) bool { return w&(1<<weekday(day)) != 0 }

// weekday of a day since 1970-01-01, which was a Thursday.
func weekday(day int) time.Weekday { return time.Weekday(((day+4)%7 + 7) % 7) }

// civilDay is the number of days from 1970-01-01 to a date.
func civilDay(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func (t *workdays) is(day int) bool {
	if day < firstDay || day >= endDay {
		return t.week.Has(day)
	}
	return t.before[day-firstDay+1] > t.before[day-firstDay]
}

// count is the number of business days from one day up to another, which is not included. Days outside the table count
// as none: nothing that is rated lies there.
func (t *workdays) count(from, until int) int {
	i, j := min(max(from, firstDay), endDay), min(max(until, firstDay), endDay)
	if j <= i {
		return 0
	}
	return int(t.before[j-firstDay] - t.before[i-firstDay])
}

// nth is the nth business day after a day, n > 0.
func (t *workdays) nth(day, n int) int {
	day = min(max(day, firstDay-1), endDay-1)
	want := t.before[day+1-firstDay] + int32(n)
	i := sort.Search(len(t.before), func(i int) bool { return t.before[i] >= want })
	return firstDay + i - 1
}

// Civil is the local day of an instant, since 1970-01-01, and the time since local midnight as clocks on the wall have
// it.
func (c *Calendar) Civil(m crm.Millis) (day int, tod crm.Millis) {
	_, offset := time.UnixMilli(int64(m)).In(c.Zone).Zone()
	local := m + crm.Millis(offset)*1000
	day = int(local / DayMS)
	tod = local % DayMS
	if tod < 0 {
		day, tod = day-1, tod+DayMS
	}
	return day, tod
}

// instant is the reverse of civil.
func (c *Calendar) instant(day int, tod crm.Millis) crm.Millis {
	y, m, d := time.Unix(int64(day)*24*60*60, 0).UTC().Date()
	return crm.Millis(time.Date(y, m, d, 0, 0, 0, int(tod)*int(time.Millisecond), c.Zone).UnixMilli())
}

// After is the instant at which n business days have gone by since m. What comes on a day off counts from the start of
// the next business day, so that a later start never ends earlier.
func (c *Calendar) After(m crm.Millis, n int) crm.Millis {
	if n <= 0 {
		return m
	}
	day, tod := c.Civil(m)
	if !c.Days.is(day) {
		return c.instant(c.Days.nth(day, n+1), 0)
	}
	return c.instant(c.Days.nth(day, n), tod)
}

// DayEnd is the local midnight that ends the nth business day after m's day, leaving out the days that one of the spans
// touches: whole days, so that a grace does not depend on the second in which it was announced. It is never where the
// spans have no end.
func (c *Calendar) DayEnd(m crm.Millis, n int, spans []Span) crm.Millis {
	day, _ := c.Civil(m)
	for range 1000 {
		if n <= 0 {
			return c.instant(day+1, 0)
		}
		day = c.Days.nth(day, 1)
		from, until := c.instant(day, 0), c.instant(day+1, 0)
		touched := false
		for _, sp := range spans {
			if sp.From < until && sp.Until > from {
				touched = true
				if sp.Until >= Never {
					return Never
				}
			}
		}
		if !touched {
			n--
		}
	}
	return Never
}

// DayStart is the local midnight at or before m.
func (c *Calendar) DayStart(m crm.Millis) crm.Millis {
	day, _ := c.Civil(m)
	return c.instant(day, 0)
}

// NextDay is the local midnight after m.
func (c *Calendar) NextDay(m crm.Millis) crm.Millis {
	day, _ := c.Civil(m)
	return c.instant(day+1, 0)
}

// Hours is the business time between two instants.
func (c *Calendar) Hours(from, until crm.Millis) crm.Millis {
	if until <= from {
		return 0
	}
	d1, t1 := c.Civil(from)
	d2, t2 := c.Civil(until)
	total := crm.Millis(c.Days.count(d1, d2)) * (c.Shut - c.Open)
	if c.Days.is(d1) {
		total -= c.sinceOpen(t1)
	}
	if c.Days.is(d2) {
		total += c.sinceOpen(t2)
	}
	return max(total, 0)
}

func (c *Calendar) sinceOpen(tod crm.Millis) crm.Millis {
	return min(max(tod, c.Open), c.Shut) - c.Open
}

// At reports whether an instant lies in business hours.
func (c *Calendar) At(m crm.Millis) bool {
	day, tod := c.Civil(m)
	return c.Days.is(day) && tod >= c.Open && tod < c.Shut
}
