package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/rules"
)

// SignalHead names the columns of SignalRows.
var SignalHead = [...]string{
	"id", "signal", "on", "part", "points", "cap", "half-life", "window", "early", "this contact ...",
}

// SignalRows is the rule book as a table: what winnow rules shows of the settings in force, and README of the defaults.
func SignalRows(s *rules.Settings) [][]string {
	var rows [][]string
	asleep := s.Asleep()
	for _, sig := range s.Signals() {
		on := "yes"
		switch {
		case !sig.On:
			on = "no"
		case slices.ContainsFunc(asleep, func(a rules.Asleep) bool { return a.Signal == sig.Name }):
			on = "sleeps"
		}
		points, most, early := "", "", ""
		if sig.Points != 0 {
			points, most = fmt.Sprintf("%+d", sig.Points), fmt.Sprint(sig.Cap)
		}
		if sig.Points != 0 && sig.Early != 100 {
			early = fmt.Sprintf("%d %%", sig.Early)
		}
		rows = append(rows, []string{
			sig.ID, sig.Name, on, string(sig.Sub), points, most, inDays(sig.HalfLife), inDays(sig.Window), early,
			sig.Why,
		})
	}
	return rows
}

func inDays(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf("%g d", d.Hours()/24)
}

// OfSignal reports whether a setting is one of those that every signal has: the table of signals shows them in its
// columns.
func OfSignal(s rules.Setting) bool {
	return slices.ContainsFunc(rules.Defaults().Signals(), func(sig rules.Signal) bool {
		return strings.HasPrefix(s.Meaning, sig.ID+", ")
	})
}
