// Package words writes numbers, dates and times for people.
package words

import (
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Date is the day of an instant.
func Date(m crm.Millis) string {
	if m == 0 {
		return "the start"
	}
	return m.Time().Format(time.DateOnly)
}

// BusinessTime is a time in business hours or days.
func BusinessTime(m, day crm.Millis) string {
	if m < day {
		return Count(int((m+calendar.HourMS/2)/calendar.HourMS), "business hour")
	}
	return Count(int((m+day/2)/day), "business day")
}

// Count is a number of things: one message, 3 messages.
func Count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

var numerals = [...]string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"}

// Numeral is a small number in words.
func Numeral(n int) string {
	if n < len(numerals) {
		return numerals[n]
	}
	return fmt.Sprint(n)
}

// Times is how often: once, twice, 3 times.
func Times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}
