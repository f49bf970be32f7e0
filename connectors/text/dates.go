package text

import (
	"time"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// calendar is what dates in a text are counted from.
type calendar struct {
	today      time.Time // start of the day on which the message was sent, in the zone of the prospect; zero: not known
	monthFirst bool      // 5/1 is the first of May
	nearest    bool      // 5/1 is whichever of the two comes first
}

// dated is a day or a longer period that a text names.
type dated struct {
	first time.Time // start of its first day
	last  time.Time // start of its last day
	from  int       // tokens
	to    int
	now   bool // it is today
	loose bool // no day was named: "next week"
}

func newCalendar(at time.Time, zone *time.Location) calendar {
	if zone == nil {
		zone = time.UTC
	}
	c := calendar{}
	if !at.IsZero() {
		y, m, d := at.In(zone).Date()
		c.today = time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	return c
}

// dates returns the dates that the tokens from, to (exclusive) name, in their order.
func (s *scan) dates(c calendar, from, to int) []dated {
	var out []dated
	for i := from; i < to; i++ {
		d, n := s.dateAt(c, i, to)
		if n == 0 {
			continue
		}
		if i > from && weekday(s.tokens[i].when) && since[s.wordAt(i-1)] { // it is over
			continue
		}
		d.from, d.to = i, i+n
		if k := len(out); k > 0 && weekday(s.tokens[out[k-1].from].when) && i-out[k-1].to <= 2 &&
			!weekday(s.tokens[i].when) {
			out = out[:k-1] // "Monday, 5 January": the date says it better
		}
		out = append(out, d)
		i += n - 1
	}
	return out
}

// since are words behind which a day of the week is one that has passed.
var since = setOf("since seit depuis desde sinds")

func weekday(t when) bool { return t >= monday && t < monday+7 }

// dateAt reads a date that begins at token i and returns how many tokens it takes, 0 if there is none.
func (s *scan) dateAt(c calendar, i, to int) (dated, int) {
	t := &s.tokens[i]
	if t.kind == numberToken {
		if d, end, ok := c.numeric(s.text[t.start:min(len(s.text), int(t.start)+32)]); ok {
			n := 1
			for i+n < to && int(s.tokens[i+n].start) < int(t.start)+end {
				n++
			}
			return d, n
		}
		if d, n := s.dayMonth(c, i, to); n > 0 {
			return d, n
		}
		if d, ok := s.dayOfWeek(c, i); ok {
			return d, 1
		}
	}
	if m, sure := t.when.month(); m > 0 {
		return s.monthDay(c, i, to, m, sure)
	}
	return s.relative(c, i, to)
}

// value is the whole number at the beginning of a number token, as in 5, 5th, 5º; -1 if it is none or longer than four
// digits.
func (s *scan) value(i int) int {
	t := &s.tokens[i]
	if t.kind != numberToken {
		if t.when >= one && t.when < one+12 {
			return int(t.when-one) + 1
		}
		return -1
	}
	n, w := 0, s.text[t.start:t.end]
	for k := 0; k < len(w); k++ {
		if !digit(w[k]) {
			if w[k] == '.' || w[k] == ',' {
				return -1
			}
			break
		}
		if k == 4 {
			return -1
		}
		n = n*10 + int(w[k]-'0')
	}
	return n
}

// dayMonth reads "5 January 2027", "5th of January", "5 de enero de 2027".
func (s *scan) dayMonth(c calendar, i, to int) (dated, int) {
	day := s.value(i)
	for k := i + 1; k < min(to, i+3); k++ {
		m, _ := s.tokens[k].when.month()
		if m == 0 {
			if s.tokens[k].end-s.tokens[k].start > 3 { // of, de, del
				return dated{}, 0
			}
			continue
		}
		year, n := s.year(k+1, to)
		d, ok := c.day(year, m, day)
		if !ok {
			return dated{}, 0
		}
		return d, k + 1 - i + n
	}
	return dated{}, 0
}

// articles stand between a weekday and the number of its day.
var articles = setOf("the den dem der le el il dia de")

// dayOfWeek reads "Monday the 26th", "lunes 26": the next such day within two months. A bare number behind another word
// is rather an hour ("Monday at 10").
func (s *scan) dayOfWeek(c calendar, i int) (dated, bool) {
	k := i - 1
	if k > 0 && articles[s.wordAt(k)] {
		k--
	}
	if k < 0 || c.today.IsZero() || !weekday(s.tokens[k].when) || s.tokens[i].e == s.words.clock {
		return dated{}, false
	}
	day := s.value(i)
	for ahead := range 60 {
		if d := c.in(ahead); d.first.Day() == day && int(d.first.Weekday()) == int(s.tokens[k].when-monday+1)%7 {
			return d, true
		}
	}
	return dated{}, false
}

// wordAt is token i as it is compared.
func (s *scan) wordAt(i int) string { return fold(s.text[s.tokens[i].start:s.tokens[i].end]) }

// monthDay reads "January 5th, 2027", "March 2027" and "in March".
func (s *scan) monthDay(c calendar, i, to, m int, sure bool) (dated, int) {
	if i+1 < to {
		if day := s.value(i + 1); s.tokens[i+1].kind == numberToken && day >= 1 && day <= 31 {
			year, n := s.year(i+2, to)
			if d, ok := c.day(year, m, day); ok {
				return d, 2 + n
			}
		}
	}
	year, n := s.year(i+1, to)
	if !sure && n == 0 && (i == 0 || !introduces(s.tokens[i-1].when)) {
		return dated{}, 0
	}
	d, ok := c.day(year, m, 1)
	if !ok {
		return dated{}, 0
	}
	d.last = d.first.AddDate(0, 1, -1)
	for k := max(0, i-2); k < i; k++ {
		switch s.tokens[k].when {
		case midOf:
			d.first = d.first.AddDate(0, 0, 14)
			d.last = d.first
		case endOf:
			d.first = d.last
		}
	}
	return d, 1 + n
}

// introduces reports whether a word of time makes a month of the word after it that means something else as well: "in
// March".
func introduces(t when) bool { return t == inside || t == midOf || t == endOf || t == nextOne }

// year reads a year that may follow a word like "de"; 0 and no tokens if there is none.
func (s *scan) year(i, to int) (year, tokens int) {
	for k := i; k < min(to, i+2); k++ {
		if y := s.value(k); s.tokens[k].kind == numberToken && y >= 2000 && y < 2100 {
			return y, k + 1 - i
		}
	}
	return 0, 0
}

// day is the date y-m-d. Without a year it is the one nearest to today, rather ahead than back.
func (c calendar) day(y, m, d int) (dated, bool) {
	if m < 1 || m > 12 || d < 1 || d > 31 {
		return dated{}, false
	}
	if y == 0 {
		if c.today.IsZero() {
			return dated{}, false
		}
		y = c.today.Year()
		if time.Date(y, time.Month(m), d, 0, 0, 0, 0, c.today.Location()).Before(c.today.AddDate(0, 0, -60)) {
			y++
		}
	}
	zone := time.UTC
	if !c.today.IsZero() {
		zone = c.today.Location()
	}
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, zone)
	if t.Day() != d {
		return dated{}, false // 31 June
	}
	return dated{first: t, last: t}, true
}

// numeric reads a date in digits at the beginning of s and returns its length in bytes: 2027-01-05, 5.1.2027, 5.1.,
// 05/01/27, 2027年1月5日, 1月5日, 1월 5일.
func (c calendar) numeric(s string) (dated, int, bool) {
	a, i, ok := digits(s, 0)
	if !ok {
		return dated{}, 0, false
	}
	sep, j := separator(s, i)
	b, k, ok := digits(s, j)
	if sep == 0 || !ok || k-j > 2 {
		return dated{}, 0, false
	}
	sep2, l := separator(s, k)
	if sep == 'm' { // 1月5日
		d, ok := c.day(0, a, b)
		return d, l, ok && sep2 == 'd'
	}
	third, end, more := digits(s, l)
	switch {
	case i == 4: // year first
		if !more || sep2 == 0 || end-l > 2 {
			return dated{}, 0, false
		}
		if sep2 == 'm' {
			_, end = separator(s, end)
		}
		d, ok := c.day(a, b, third)
		return d, end, ok
	case i > 2:
		return dated{}, 0, false
	case more && sep2 == sep && (end-l == 4 || end-l == 2):
		if end-l == 2 {
			third += 2000
		}
		d, ok := c.ordered(third, a, b, sep)
		return d, end, ok
	case sep == '.' && sep2 == '.', sep == '/' && sep2 != '/' && !(a == 24 && b == 7):
		d, ok := c.ordered(0, a, b, sep)
		return d, k, ok
	}
	return dated{}, 0, false
}

// ordered decides which of two numbers is the month. Points stand after day and month in that order everywhere.
func (c calendar) ordered(y, a, b int, sep byte) (dated, bool) {
	dayFirst, ok1 := c.day(y, b, a)
	monthFirst, ok2 := c.day(y, a, b)
	switch {
	case !ok1 || !ok2 || sep == '.':
		if !ok1 && sep != '.' {
			return monthFirst, ok2
		}
		return dayFirst, ok1
	case c.nearest && !c.today.IsZero():
		early, late := dayFirst, monthFirst
		if late.first.Before(early.first) {
			early, late = late, early
		}
		if early.first.Before(c.today) {
			return late, true
		}
		return early, true
	case c.monthFirst:
		return monthFirst, true
	}
	return dayFirst, true
}

// digits reads up to four digits at s[i:].
func digits(s string, i int) (n, end int, ok bool) {
	end = i
	for end < len(s) && digit(s[end]) {
		n = n*10 + int(s[end]-'0')
		end++
		if end-i > 4 {
			return 0, 0, false
		}
	}
	return n, end, end > i
}

// separator reads what stands between the numbers of a date: . - / or the signs for year, month and day (y, m, d), with
// a space before or after it. 0 if there is none.
func separator(s string, i int) (sep byte, end int) {
	if i < len(s) && s[i] == ' ' {
		i++
	}
	r, n := utf8.DecodeRuneInString(s[min(i, len(s)):])
	switch r {
	case '.', '-', '/':
		sep = byte(r)
	case '年', '년':
		sep = 'y'
	case '月', '월':
		sep = 'm'
	case '日', '일', '号':
		sep = 'd'
	default:
		return 0, i
	}
	end = i + n
	if end+1 < len(s) && s[end] == ' ' && digit(s[end+1]) {
		end++
	}
	return sep, end
}

// millis is the start of the day t, if it lies in the future but not beyond reason.
func (c calendar) millis(t time.Time) crm.Millis {
	if t.IsZero() || !c.today.IsZero() && (t.Before(c.today) || t.After(c.today.AddDate(3, 0, 0))) {
		return 0
	}
	return crm.At(t)
}
