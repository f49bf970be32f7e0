package text

import "time"

// relative reads a date that counts from today: a weekday, tomorrow, next month, in two weeks, end of the year, after
// the summer.
func (s *scan) relative(c calendar, i, to int) (dated, int) {
	if c.today.IsZero() {
		return dated{}, 0
	}
	switch t := s.tokens[i].when; {
	case weekday(t):
		ahead := (int(t-monday) + 1 - int(c.today.Weekday()) + 7) % 7
		if ahead == 0 {
			ahead = 7
		}
		return c.in(ahead), 1
	case t == today:
		d := c.in(0)
		d.now = true
		return d, 1
	case t == tomorrow:
		return c.in(1), 1
	case t == overmorrow:
		return c.in(2), 1
	case t >= quarter1 && t < quarter1+4:
		return s.quarter(c, i, to, int(t-quarter1))
	case t == summer || t == autumn: // what is put off until after the summer comes up in September
		return c.yearly(9, 1), 1
	case t == spring:
		return c.yearly(3, 1), 1
	case t == newYear:
		return c.yearly(1, 2), 1
	case t >= unitDay && t <= unitYear:
		return s.unit(c, i, to, t)
	}
	return dated{}, 0
}

func (c calendar) in(days int) dated {
	t := c.today.AddDate(0, 0, days)
	return dated{first: t, last: t}
}

// yearly is the next such day.
func (c calendar) yearly(m time.Month, d int) dated {
	t := time.Date(c.today.Year(), m, d, 0, 0, 0, 0, c.today.Location())
	if !t.After(c.today) {
		t = t.AddDate(1, 0, 0)
	}
	return dated{first: t, last: t}
}

func (s *scan) quarter(c calendar, i, to, q int) (dated, int) {
	year, n := s.year(i+1, to)
	if n == 0 {
		year = c.today.Year()
	}
	first := time.Date(year, time.Month(3*q+1), 1, 0, 0, 0, 0, c.today.Location())
	last := first.AddDate(0, 3, -1)
	if n == 0 && last.Before(c.today) {
		first = first.AddDate(1, 0, 0)
		last = first.AddDate(0, 3, -1)
	}
	return dated{first: first, last: last}, 1 + n
}

// unit reads a unit of time with the words around it that make a date of it.
func (s *scan) unit(c calendar, i, to int, u when) (dated, int) {
	if i > 0 {
		if n := s.value(i - 1); n > 0 && n < 100 { // in two weeks, for three months
			t := c.after(u, n)
			return dated{first: t, last: t}, 1
		}
	}
	for k := max(0, i-3); k < min(to, i+3); k++ { // next week, mois prochain, mes que viene
		switch s.tokens[k].when {
		case nextOne:
			if k < i-2 {
				continue
			}
			first, last := c.period(u, 1)
			if s.ended(i) {
				first = last
			}
			return dated{first: first, last: last, loose: true}, 1
		case endOf:
			if k < i {
				_, last := c.period(u, 0)
				return dated{first: last, last: last}, 1
			}
		}
	}
	return dated{}, 0
}

// ended reports whether "end of" stands shortly before token i.
func (s *scan) ended(i int) bool {
	for k := max(0, i-4); k < i; k++ {
		if s.tokens[k].when == endOf {
			return true
		}
	}
	return false
}

// after is the day n units from today.
func (c calendar) after(u when, n int) time.Time {
	switch u {
	case unitDay:
		return c.today.AddDate(0, 0, n)
	case unitWeek:
		return c.today.AddDate(0, 0, 7*n)
	case unitMonth:
		return c.today.AddDate(0, n, 0)
	case unitQuarter:
		return c.today.AddDate(0, 3*n, 0)
	}
	return c.today.AddDate(n, 0, 0)
}

// period is the first and the last day of this unit (ahead 0) or the next one (1). Weeks begin on Monday and end on
// Friday.
func (c calendar) period(u when, ahead int) (first, last time.Time) {
	y, m, _ := c.today.Date()
	zone := c.today.Location()
	switch u {
	case unitDay:
		first = c.today.AddDate(0, 0, ahead)
		return first, first
	case unitWeek:
		first = c.today.AddDate(0, 0, 7*ahead-(int(c.today.Weekday())+6)%7)
		return first, first.AddDate(0, 0, 4)
	case unitMonth:
		first = time.Date(y, m+time.Month(ahead), 1, 0, 0, 0, 0, zone)
		return first, first.AddDate(0, 1, -1)
	case unitQuarter:
		first = time.Date(y, (m-1)/3*3+1+time.Month(3*ahead), 1, 0, 0, 0, 0, zone)
		return first, first.AddDate(0, 3, -1)
	}
	first = time.Date(y+ahead, 1, 1, 0, 0, 0, 0, zone)
	return first, first.AddDate(1, 0, -1)
}
