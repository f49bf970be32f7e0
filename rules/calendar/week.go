package calendar

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Week is the set of working weekdays, a bit each from Sunday.
type Week uint8

// Window is a stretch of some days of the week.
type Window struct {
	Days Week
	Hours
}

// Hours are the hours of a working day, since local midnight.
type Hours struct{ Open, Shut crm.Millis }

// String writes hours as ParseHours reads them.
func (h Hours) String() string { return clockText(h.Open) + "-" + clockText(h.Shut) }

func clockText(m crm.Millis) string { return fmt.Sprintf("%02d:%02d", m/HourMS, m%HourMS/60000) }

// ParseHours reads 09:00-17:00.
func ParseHours(v string) (Hours, error) {
	from, until, ok := strings.Cut(v, "-")
	a, err1 := parseClock(from)
	b, err2 := parseClock(until)
	if !ok || err1 != nil || err2 != nil || a >= b {
		return Hours{}, fmt.Errorf("want hours such as 09:00-17:00, the first before the second")
	}
	return Hours{a, b}, nil
}

func parseClock(v string) (crm.Millis, error) {
	h, m, ok := strings.Cut(strings.TrimSpace(v), ":")
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if !ok || err1 != nil || err2 != nil || hour < 0 || hour > 24 || minute < 0 || minute > 59 ||
		hour == 24 && minute > 0 {
		return 0, fmt.Errorf("want a time of day such as 09:00")
	}
	return crm.Millis(hour)*HourMS + crm.Millis(minute)*60000, nil
}

// weekOf is the working week of a country: its own by law, or the usual one.
func weekOf(country string, usual Week) Week {
	if w, ok := weeks[country]; ok {
		return w
	}
	return usual
}
