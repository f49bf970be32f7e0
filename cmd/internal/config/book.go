package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Signal is a row of the rule book.
type Signal struct {
	ID            string  `json:"id"`
	Name          string  `json:"name"`
	On            bool    `json:"on"`
	Part          crm.Sub `json:"part,omitempty"` // of the score
	Points        int     `json:"points"`
	DefaultPoints int     `json:"default_points"`
	Cap           int     `json:"cap"`
	DefaultCap    int     `json:"default_cap"`
	HalfLife      string  `json:"half_life,omitempty"`
	Window        string  `json:"window,omitempty"`
	Early         int     `json:"early_per_cent"`
	Why           string  `json:"this_contact"`
	Source        string  `json:"source,omitempty"`
	Wants         string  `json:"sleeps_for_want_of,omitempty"`
}

// Variable is the setting that gives its points.
func (s Signal) Variable() string { return rules.Prefix + strings.ToUpper(s.Name) + "_POINTS" }

// Rule is one setting of the rules.
type Rule struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Unit    string `json:"unit,omitempty"`
	Meaning string `json:"meaning"`
	Source  string `json:"source,omitempty"`
}

// Book is a rule book.
type Book struct {
	Model   string   `json:"model"`
	Signals []Signal `json:"signals"`
	Rules   []Rule   `json:"rules"`
}

// BookOf is the rule book of settings.
func BookOf(s *rules.Settings) Book {
	book := Book{Model: s.Version()}
	wants, usual := map[string]string{}, map[string]rules.Signal{}
	for _, a := range s.Asleep() {
		wants[a.Signal] = a.Wants
	}
	for _, sig := range rules.Defaults().Signals() {
		usual[sig.Name] = sig
	}
	for _, sig := range s.Signals() {
		def, ok := usual[sig.Name]
		if !ok {
			def = sig
		}
		book.Signals = append(book.Signals, Signal{
			ID: sig.ID, Name: sig.Name, On: sig.On, Part: sig.Sub, Points: sig.Points, DefaultPoints: def.Points,
			Cap: sig.Cap, DefaultCap: def.Cap, HalfLife: inDays(sig.HalfLife), Window: inDays(sig.Window),
			Early: sig.Early, Why: sig.Why, Source: sig.Source, Wants: wants[sig.Name],
		})
	}
	for _, v := range s.Describe() {
		book.Rules = append(book.Rules, Rule{v.Name, v.Value, v.Default, v.Unit, v.Meaning, v.Source})
	}
	return book
}

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

// OfSignal reports whether a setting, by its meaning, is one of those that every signal has: the table of signals shows
// them in its columns.
func OfSignal(meaning string) bool {
	return slices.ContainsFunc(rules.Defaults().Signals(), func(sig rules.Signal) bool {
		return strings.HasPrefix(meaning, sig.ID+", ")
	})
}
