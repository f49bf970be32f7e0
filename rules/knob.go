package rules

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/rules/calendar"
	"github.com/winnow-crm/winnow/rules/signals"
)

// knob is one setting: how it is read into Settings and what people are told of it.
type knob struct {
	name, def, unit, meaning, source string
	// set reads a value and returns how it is written canonically. Its error says what is wanted, never the value's
	// origin.
	set func(s *Settings, value string) (string, error)
}

func whole(name string, def, low, high int, unit, meaning, source string, field func(*Settings) *int) knob {
	return knob{name, strconv.Itoa(def), unit, meaning, source, func(s *Settings, v string) (string, error) {
		n, err := strconv.Atoi(strings.TrimPrefix(v, "+"))
		if err != nil || n < low || n > high {
			return "", fmt.Errorf("want a whole number from %d to %d", low, high)
		}
		*field(s) = n
		return strconv.Itoa(n), nil
	}}
}

func long(name, def string, low, high time.Duration, meaning, source string,
	field func(*Settings) *time.Duration,
) knob {
	return knob{name, def, "duration", meaning, source, func(s *Settings, v string) (string, error) {
		d, err := parseDuration(v)
		if err != nil || d < low || d > high {
			return "", fmt.Errorf("want a duration such as 36h or 30d, from %s to %s", formatDuration(low),
				formatDuration(high))
		}
		*field(s) = d
		return formatDuration(d), nil
	}}
}

func yesNo(name, def, meaning, source string, field func(*Settings) *bool) knob {
	return knob{name, def, "true or false", meaning, source, func(s *Settings, v string) (string, error) {
		b, err := strconv.ParseBool(v)
		if err != nil {
			return "", fmt.Errorf("want true or false")
		}
		*field(s) = b
		return strconv.FormatBool(b), nil
	}}
}

func list(name, def, meaning, source string, field func(*Settings) *[]string) knob {
	return knob{name, def, "list, comma-separated", meaning, source, func(s *Settings, v string) (string, error) {
		var words []string
		for word := range strings.SplitSeq(v, ",") {
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
		*field(s) = words
		return strings.Join(words, ","), nil
	}}
}

// property names a property of the contact that counts towards a score, so names of personal traits are refused.
func property(name, def, meaning, source string, field func(*Settings) *string) knob {
	return knob{name, def, "property", meaning, source, func(s *Settings, v string) (string, error) {
		v = strings.TrimSpace(v)
		if err := signals.RefuseTrait(v); err != nil {
			return "", err
		}
		*field(s) = v
		return v, nil
	}}
}

func zone(name, def, meaning string, field func(*Settings) **time.Location) knob {
	return knob{name, def, "IANA zone", meaning, "", func(s *Settings, v string) (string, error) {
		z := calendar.ZoneNamed(v)
		if z == nil {
			return "", fmt.Errorf("want the name of a time zone such as Europe/Berlin")
		}
		*field(s) = z
		return v, nil
	}}
}

func hours(name, def, meaning string, field func(*Settings) *calendar.Hours) knob {
	return knob{name, def, "hh:mm-hh:mm", meaning, "", func(s *Settings, v string) (string, error) {
		h, err := calendar.ParseHours(v)
		if err != nil {
			return "", err
		}
		*field(s) = h
		return h.String(), nil
	}}
}

var weekdayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseWeek reads weekdays: mon-fri, or sun,mon,tue.
func parseWeek(v string) (calendar.Week, string, error) {
	var w calendar.Week
	for part := range strings.SplitSeq(strings.ToLower(v), ",") {
		from, until, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			until = from
		}
		a, b := slices.Index(weekdayNames[:], from), slices.Index(weekdayNames[:], until)
		if a < 0 || b < 0 {
			return 0, "", fmt.Errorf("want weekdays such as mon-fri or sun,mon,tue,wed,thu")
		}
		for d := a; ; d = (d + 1) % 7 {
			w |= 1 << d
			if d == b {
				break
			}
		}
	}
	return w, strings.ToLower(v), nil
}

// parseWindows reads "fri 16:00-18:00;off" where off stands for the time outside business hours.
func parseWindows(v string) ([]calendar.Window, error) {
	var list []calendar.Window
	for part := range strings.SplitSeq(v, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if part == "off" {
			list = append(list, calendar.Window{})
			continue
		}
		days, clock, ok := strings.Cut(part, " ")
		w, _, err1 := parseWeek(days)
		h, err2 := calendar.ParseHours(clock)
		if !ok || err1 != nil || err2 != nil {
			return nil, fmt.Errorf("want windows such as off;fri 16:00-18:00, where off means outside business hours")
		}
		list = append(list, calendar.Window{Days: w, Hours: h})
	}
	return list, nil
}

// parseDuration reads what time.ParseDuration reads, and days: 30d, 1d12h.
func parseDuration(v string) (time.Duration, error) {
	days, rest, ok := strings.Cut(v, "d")
	if !ok {
		return time.ParseDuration(v)
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < -36500 || n > 36500 {
		return 0, fmt.Errorf("want a number of days")
	}
	d := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return d, nil
	}
	more, err := time.ParseDuration(rest)
	return d + more, err
}

func formatDuration(d time.Duration) string {
	const day = 24 * time.Hour
	if d != 0 && d%day == 0 {
		return strconv.Itoa(int(d/day)) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
