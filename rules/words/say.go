// Package words is what Winnow says to people: a catalogue of messages in several languages, texts/<language>.yaml,
// and what fills them. The rules say phrases, which are in no language; whoever shows them has a Catalogue.
package words

import (
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Say is a phrase alone, as reasons and advice hold them.
func Say(key string, args ...crm.Arg) []crm.Phrase { return []crm.Phrase{{Key: key, Args: args}} }

// Number fills a placeholder with a number.
func Number(name string, n int) crm.Arg { return crm.Arg{Name: name, N: n} }

// Word fills a placeholder with a word: a choice of the message, or a name.
func Word(name, word string) crm.Arg { return crm.Arg{Name: name, Word: word} }

// Date is the day of an instant, for explanations.
func Date(m crm.Millis) string {
	if m == 0 {
		return "the start"
	}
	return m.Time().Format(time.DateOnly)
}

// BusinessTime is a time in business hours or days, for explanations.
func BusinessTime(m, day crm.Millis) string {
	n, days := Business(m, day)
	if days {
		return Count(n, "business day")
	}
	return Count(n, "business hour")
}

// Business is a time in whole business hours, or in business days where it is a day or more.
func Business(m, day crm.Millis) (n int, days bool) {
	if m < day {
		return int((m + calendar.HourMS/2) / calendar.HourMS), false
	}
	return int((m + day/2) / day), true
}

// Count is a number of things, for explanations: one message, 3 messages.
func Count(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
