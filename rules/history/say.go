package history

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Day fills a placeholder with our day of an instant.
func (h *History) Day(name string, at crm.Millis) crm.Arg { return h.days(name, &h.Ours, at) }

// Agreed fills a placeholder with the prospect's day of an instant: what is agreed with them is agreed for their day.
func (h *History) Agreed(name string, at crm.Millis) crm.Arg { return h.days(name, &h.Theirs, at) }

// Days fills a placeholder with our days of several instants, the newest of them.
func (h *History) Days(name string, marks []Mark) crm.Arg {
	at := make([]crm.Millis, len(marks))
	for i, m := range marks {
		at[i] = m.At
	}
	return h.days(name, &h.Ours, at...)
}

// Dated fills a placeholder with a date, which is midnight in UTC of the day that it names.
func (h *History) Dated(name string, date crm.Millis) crm.Arg {
	a := h.Day(name, date) // for its year
	a.Days = append(a.Days[:0], int(date/calendar.DayMS))
	return a
}

// mostDays is how many days a phrase names.
const mostDays = 5

// nearby is how far a day may be from now until its year is said.
const nearby = 300 * calendar.DayMS

func (h *History) days(name string, c *calendar.Calendar, at ...crm.Millis) crm.Arg {
	a := crm.Arg{Name: name, Days: make([]int, 0, len(at))}
	slices.Sort(at)
	for i := len(at) - 1; i >= 0 && len(a.Days) < mostDays; i-- {
		day, _ := c.Civil(at[i])
		if n := len(a.Days); n > 0 && a.Days[n-1] == day {
			continue
		}
		a.Days = append(a.Days, day)
		a.Years = a.Years || at[i] < h.Now-nearby || at[i] > h.Now+nearby
		h.Due.At(at[i] - nearby)
		h.Due.At(at[i] + nearby + 1)
	}
	slices.Reverse(a.Days)
	return a
}

// enough is how many of their newest messages tell their language.
const enough = 5

// Language is that in which they write: the most frequent of their newest messages, of two as frequent the newer.
func (h *History) Language() string {
	var seen []string
	for i := len(h.Events) - 1; i >= 0 && len(seen) < enough; i-- {
		if e := &h.Events[i]; !e.Peer && e.Kind == Received && e.F.Message != nil && e.F.Message.Text.Language != "" {
			seen = append(seen, e.F.Message.Text.Language)
		}
	}
	best, most := "", 0
	for _, lang := range seen {
		n := 0
		for _, other := range seen {
			if other == lang {
				n++
			}
		}
		if n > most {
			best, most = lang, n
		}
	}
	return best
}
