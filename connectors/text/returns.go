package text

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// order decides how dates in digits are read. In English it depends on the country, which the zone may tell; Chinese,
// Japanese and Korean put the month first; everybody else the day.
func (m *message) order() {
	for _, r := range m.body[:min(len(m.body), 400)] {
		if han(r) || kana(r) || 0xac00 <= r && r <= 0xd7a3 {
			m.calendar.monthFirst = true
			return
		}
	}
	zone := ""
	if m.in.Zone != nil {
		zone = m.in.Zone.String()
	}
	switch {
	case zone == "" || zone == "UTC" || zone == "Local":
		m.calendar.nearest = true
	case len(zone) > 8 && zone[:8] == "America/":
		m.calendar.monthFirst = m.english()
	}
}

// english reports whether the words that English has in every sentence are there.
func (m *message) english() bool {
	n := 0
	for _, t := range m.tokens[:min(len(m.tokens), 200)] {
		switch m.text[t.start:t.end] {
		case "the", "and", "I", "will", "of", "you", "your":
			n++
		}
	}
	return n >= 2
}

// returns is the start of the day on which an absence ends, 0 where it is not stated. A date after "back on" says it
// best, or a day whose month the absence tells, then one after "up to and including", then the last one of the
// sentences about the absence, so that of "from 20 to 31 July" the second counts.
func (m *message) returns() crm.Millis {
	from := m.bodyFrom
	if !m.subject.reply {
		from = 0
	}
	var until, through, todays, period time.Time
	for i := from; i < min(m.bodyFrom+early, m.tailFrom); i++ {
		s := &m.sentences[i]
		ds := m.dates(m.calendar, s.from, s.to)
		at := m.firstOf(s, cueReturn)
		if at >= 0 {
			if ms := m.calendar.millis(m.dayAfter(s, ds, later(until, through.AddDate(0, 0, -1)))); ms != 0 {
				return ms
			}
		}
		if s.found.has(cueAbsent) {
			period = later(period, m.thisPeriod(s))
		}
		if len(ds) == 0 {
			continue
		}
		if at >= 0 {
			for _, d := range ds {
				if d.from >= at && m.calendar.millis(d.first) != 0 && !d.now {
					return m.calendar.millis(d.first)
				}
			}
			// "ab dem 19. Januar wieder da"
			if d := ds[len(ds)-1]; !d.now && !s.found.has(cueAbsent) && m.calendar.millis(d.first) != 0 {
				return m.calendar.millis(d.first)
			}
		}
		last := ds[len(ds)-1]
		for _, d := range ds {
			if d.last.After(last.last) {
				last = d
			}
		}
		// "on holiday next week": back when it is over
		if s.found.has(cueAbsent) && last.loose && !m.until(last.from, s.from) {
			period = later(period, workday(last.last.AddDate(0, 0, 1)))
			continue
		}
		switch at := m.firstOf(s, cueThrough); {
		case at >= last.from-3 && at >= 0 && at <= last.to+3:
			through = later(through, last.last.AddDate(0, 0, 1))
		case s.found.has(cueAbsent) && last.now:
			todays = m.calendar.today.AddDate(0, 0, 1)
		case s.found.has(cueAbsent) || i < m.bodyFrom || m.aroundAbsence(i):
			until = later(until, last.first) // of "until March" the first of the month
		}
	}
	for _, t := range []time.Time{through, until, todays, period} {
		if ms := m.calendar.millis(t); ms != 0 {
			return ms
		}
	}
	return 0
}

// workday is t, or the Monday after it at a weekend.
func workday(t time.Time) time.Time {
	for t.Weekday() == time.Saturday || t.Weekday() == time.Sunday {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

// latest is the last day to come that the body names: of a note of absence it is the end, whatever it is called.
func (m *message) latest() crm.Millis {
	var t time.Time
	for i := m.first; i < min(m.bodyFrom+early, m.tailFrom); i++ {
		s := &m.sentences[i]
		for _, d := range m.dates(m.calendar, s.from, s.to) {
			if !d.now && d.first.After(m.calendar.today) {
				t = later(t, d.first)
			}
		}
	}
	return m.calendar.millis(t)
}

// thisPeriod is the working day after "this week" or "this month" in s, zero if s says neither.
func (m *message) thisPeriod(s *sentence) time.Time {
	for i := s.from; i+1 < s.to && !m.calendar.today.IsZero(); i++ {
		if u := m.tokens[i+1].when; m.tokens[i].when == thisOne && u > unitDay && u <= unitYear {
			first, _ := m.calendar.period(u, 1)
			return first
		}
	}
	return time.Time{}
}

// beforeDay are words before the number of a day, after which no hour is meant.
var beforeDay = setOf("on the am dem den der zum le du el dia del il dal giorno no do op de")

// afterHour are words behind a number that is no day.
var afterHour = setOf("uhr am pm h heures hs horas ore uur oclock percent")

// dayAfter is the day that s names by its number alone, behind the dates ds in s: the first such day after the last
// one of the absence. Zero if there is none, or no date of the absence that would tell the month.
func (m *message) dayAfter(s *sentence, ds []dated, last time.Time) time.Time {
	if len(ds) == 0 && last.IsZero() {
		last = m.calendar.today
	}
	from := s.from
	for _, d := range ds {
		from = d.to
		if last = later(last, d.last); d.now {
			return time.Time{}
		}
	}
	if len(ds) > 0 && weekday(m.tokens[ds[len(ds)-1].from].when) {
		return time.Time{} // "Thursday the 31st", which is none
	}
	for i := max(from, s.from+1); i < s.to && !last.IsZero(); i++ {
		t := &m.tokens[i]
		day := m.value(i)
		if t.kind != numberToken || t.e == m.words.clock || day < 1 || day > 31 || !beforeDay[m.wordAt(i-1)] {
			continue
		}
		if i+1 < s.to && (m.tokens[i+1].when != 0 || afterHour[m.wordAt(i+1)]) {
			continue
		}
		for ahead := 1; ahead <= 31; ahead++ {
			if d := last.AddDate(0, 0, ahead); d.Day() == day {
				return d
			}
		}
	}
	return time.Time{}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// aroundAbsence reports whether the sentence beside i speaks of the absence: notes put the dates on a line of their
// own.
func (m *message) aroundAbsence(i int) bool {
	return i > m.bodyFrom && m.sentences[i-1].found.has(cueAbsent) || i+1 < m.tailFrom &&
		m.sentences[i+1].found.has(cueAbsent)
}

// firstOf is the token after the first phrase in s that shows f, -1 if there is none.
func (m *message) firstOf(s *sentence, f feature) int {
	if !s.found.has(f) {
		return -1
	}
	at := -1
	for _, h := range m.net.match(m.scan, s) {
		if h.feature == f && (at < 0 || int(h.to) < at) {
			at = int(h.to)
		}
	}
	return at
}
