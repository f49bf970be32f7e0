package words

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// tongue is one language: its messages, and with them how it writes days and lists.
type tongue struct {
	tag      language.Tag
	messages map[string]message

	// What most texts hold, made ready once: by their number, the first is 1.
	monthNames [13]string
	numbers    [32]string
	dates      [13][32]string // 3 March, by month and day
}

// ready makes ready what is said often. Its messages must not change afterwards.
func (t *tongue) ready() *tongue {
	for d := 1; d < len(t.numbers); d++ {
		t.numbers[d] = t.say("date.number", Number("n", d))
	}
	for m := 1; m < len(t.monthNames); m++ {
		t.monthNames[m] = t.say("date.month", Number("n", m))
		for d := 1; d < len(t.numbers); d++ {
			t.dates[m][d] = t.say("date.day", Word("day", t.numbers[d]), Word("month", t.monthNames[m]))
		}
	}
	return t
}

// say is a message in the language, empty where there is none of that key: it is another build's.
func (t *tongue) say(key string, args ...crm.Arg) string {
	m, ok := t.messages[key]
	if !ok {
		return ""
	}
	if len(m) == 1 && m[0].name == "" {
		return m[0].letters
	}
	var b strings.Builder
	m.write(&b, t, args, 0)
	return b.String()
}

// value writes what fills a placeholder.
func (t *tongue) value(b *strings.Builder, a *crm.Arg) {
	switch {
	case a.Days != nil:
		b.WriteString(t.days(a.Days, a.Years))
	case a.Word != "":
		b.WriteString(a.Word)
	default:
		b.WriteString(strconv.Itoa(a.N))
	}
}

// days are "3 March", "9, 14 and 20 March", "28 February, 9 and 14 March", "9 and 14 March and 2 April", with their
// years or without.
func (t *tongue) days(days []int, years bool) string {
	if len(days) == 1 && !years {
		_, m, d := date(days[0]).Date()
		return t.dates[m][d]
	}
	var months []string
	several := false // days in the last month, which then has an "and" of its own
	for i := 0; i < len(days); {
		from := date(days[i])
		var in []string
		for ; i < len(days) && sameMonth(date(days[i]), from); i++ {
			in = append(in, t.numbers[date(days[i]).Day()])
		}
		several = len(in) > 1
		key := "date.day"
		if years {
			key = "date.full"
		}
		months = append(months, t.say(key,
			Word("day", t.list(in)), Word("month", t.monthNames[from.Month()]), Number("year", from.Year())))
	}
	if several {
		return strings.Join(months, ", ")
	}
	return t.list(months)
}

func date(day int) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

func sameMonth(a, b time.Time) bool { return a.Month() == b.Month() && a.Year() == b.Year() }

// list joins what stands beside each other: a, b and c.
func (t *tongue) list(items []string) string {
	if len(items) == 0 {
		return ""
	}
	n := len(items) - 1
	if n == 0 {
		return items[0]
	}
	return t.say("list.last", Word("rest", strings.Join(items[:n], ", ")), Word("last", items[n]))
}
