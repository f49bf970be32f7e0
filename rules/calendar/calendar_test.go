package calendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func calendarOf(zone, country string) Calendar {
	return New(ZoneNamed(zone), nil, Hours{9 * HourMS, 17 * HourMS}, country, mondayToFriday)
}

func utc(v string) crm.Millis {
	t, err := time.Parse("2006-01-02 15:04", v)
	if err != nil {
		panic(err)
	}
	return crm.At(t)
}

func TestBusinessDaysAfter(t *testing.T) {
	for _, c := range []struct {
		zone, country, from string
		n                   int
		want                string
	}{
		{"Europe/Berlin", "DE", "2026-01-05 09:00", 1, "2026-01-06 09:00"},
		{"Europe/Berlin", "DE", "2026-01-09 09:00", 1, "2026-01-12 09:00"},    // Friday to Monday
		{"Europe/Berlin", "DE", "2026-01-10 09:00", 1, "2026-01-12 23:00"},    // Saturday counts from Monday 00:00
		{"Europe/Berlin", "DE", "2026-04-02 10:00", 1, "2026-04-07 10:00"},    // Easter
		{"Europe/Berlin", "DE", "2026-03-27 10:00", 1, "2026-03-30 09:00"},    // summer time begins
		{"Asia/Riyadh", "SA", "2026-01-08 09:00", 1, "2026-01-11 09:00"},      // Thursday to Sunday
		{"America/New_York", "US", "2026-07-02 15:00", 1, "2026-07-06 15:00"}, // Independence Day, observed on Friday
		{"Asia/Kolkata", "IN", "2026-01-05 20:00", 1, "2026-01-06 20:00"},
		{"Europe/Berlin", "DE", "2026-01-05 09:00", 0, "2026-01-05 09:00"},
	} {
		cal := calendarOf(c.zone, c.country)
		if got := cal.After(utc(c.from), c.n); got != utc(c.want) {
			t.Errorf("%s, %d business days after %s: %s, want %s", c.zone, c.n, c.from, got, c.want)
		}
	}
}

func TestBusinessHours(t *testing.T) {
	cal := calendarOf("Europe/Berlin", "DE")
	for _, c := range []struct {
		from, until string
		want        time.Duration
	}{
		{"2026-01-05 08:00", "2026-01-05 10:00", 2 * time.Hour}, // 9 to 11 local
		{"2026-01-05 05:00", "2026-01-05 22:00", 8 * time.Hour}, // a whole day
		{"2026-01-09 15:00", "2026-01-12 09:00", 2 * time.Hour}, // Friday 16-17, Monday 9-10
		{"2026-01-10 09:00", "2026-01-11 09:00", 0},             // weekend
		{"2026-04-02 15:00", "2026-04-07 07:00", 0},             // Maundy Thursday 17:00 to Easter Tuesday 9:00
		{"2026-03-27 08:00", "2026-03-30 07:00", 8 * time.Hour}, // Friday whole, Monday 9:00 summer time
		{"2026-01-06 10:00", "2026-01-05 10:00", 0},             // backwards
	} {
		if got := cal.Hours(utc(c.from), utc(c.until)); got != Millis(c.want) {
			t.Errorf("%s to %s: %s, want %s", c.from, c.until, time.Duration(got)*time.Millisecond, c.want)
		}
	}
}

// A later start never ends earlier, in any zone, over holidays and changes of the clock on working days.
func TestLaterStartsEndLater(t *testing.T) {
	zones := [][2]string{
		{"Europe/Berlin", "DE"},
		{"America/New_York", "US"},
		{"Asia/Kolkata", "IN"},
		{"Asia/Riyadh", "SA"},
		{"Pacific/Auckland", "NZ"},
		{"UTC", ""},
	}
	rapid.Check(t, func(t *rapid.T) {
		z := rapid.SampledFrom(zones).Draw(t, "zone")
		cal := calendarOf(z[0], z[1])
		a := utc("2026-01-05 09:00") + crm.Millis(rapid.Int64Range(0, 900*24*3600).Draw(t, "from"))*1000
		b := a + crm.Millis(rapid.Int64Range(0, 30*24*3600).Draw(t, "later"))*1000
		n := rapid.IntRange(0, 12).Draw(t, "days")
		if cal.After(a, n) > cal.After(b, n) {
			t.Fatalf("%s: %s ends %s, %s ends %s", z[0], a, cal.After(a, n), b, cal.After(b, n))
		}
		if cal.After(a, n) < a {
			t.Fatal("ends before it starts")
		}
		if d, tod := cal.Civil(a); cal.instant(d, tod) != a && cal.instant(d, tod)-a != HourMS &&
			a-cal.instant(d, tod) != HourMS {
			t.Fatalf("%s: there and back gives %s", a, cal.instant(d, tod))
		}
		c := a + crm.Millis(rapid.Int64Range(0, 30*24*3600).Draw(t, "middle"))*1000
		if b > c {
			b, c = c, b
		}
		if cal.Hours(a, b)+cal.Hours(b, c) != cal.Hours(a, c) {
			t.Fatalf("%s: hours do not add up over %s %s %s", z[0], a, b, c)
		}
	})
}

func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var spans []Span
		for range rapid.IntRange(0, 6).Draw(t, "spans") {
			from := crm.Millis(rapid.IntRange(0, 100).Draw(t, "from"))
			spans = append(spans, Span{From: from, Until: from + crm.Millis(rapid.IntRange(0, 30).Draw(t, "length"))})
		}
		joined := Union(append([]Span(nil), spans...))
		from, d := crm.Millis(rapid.IntRange(0, 120).Draw(t, "start")),
			crm.Millis(rapid.IntRange(1, 60).Draw(t, "duration"))
		want := crm.Millis(0)
		at := from
		for ; want < d; at++ {
			covered := false
			for _, sp := range spans {
				covered = covered || at >= sp.From && at < sp.Until
			}
			if !covered {
				want++
			}
		}
		if got := Ends(joined, from, d); got != at {
			t.Fatalf("a clock of %d from %d outside %v ends at %d: want %d", d, from, spans, got, at)
		}
		if got := Running(joined, from, at); got != d {
			t.Fatalf("from %d to %d it ran %d: want %d", from, at, got, d)
		}
	})
}

func TestZoneNames(t *testing.T) {
	for _, bad := range []string{"", "Local", "Nowhere/Atlantis", "../../etc/passwd", string(make([]byte, 100))} {
		if ZoneNamed(bad) != nil {
			t.Errorf("%q is no zone", bad)
		}
	}
	for country, zone := range ZoneOf {
		if ZoneNamed(zone) == nil {
			t.Errorf("%s: no zone %s", country, zone)
		}
	}
}
