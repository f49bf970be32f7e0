package api

import (
	"net/http"

	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/cmd/internal/config"
)

// Rules answers the rule book, and how far a draft has been tried; Try begins to try it, StopTrying ends that.
var (
	Rules      = Call[RulesQuery, RulesPage]{http.MethodGet, "/api/rules"}
	Try        = Call[RulesQuery, Trial]{http.MethodPost, "/api/rules/try"}
	StopTrying = Call[RulesQuery, Trial]{http.MethodPost, "/api/rules/stop"}
)

// RulesQuery asks for the rule book, and what a draft of other settings would have made of the contacts.
type RulesQuery struct {
	Draft string `json:"draft"` // lines of NAME=VALUE
	Days  int    `json:"days"`  // how far back; 0: 180
}

// SignalUse is a row of the rule book and whom it touches.
type SignalUse struct {
	config.Signal
	Contacts int `json:"contacts"`       // of those looked at
	Average  int `json:"average_points"` // by which it touches them
}

// DraftChange is somebody of whom a draft says something else.
type DraftChange struct {
	Row
	Change backtesting.Difference `json:"change"`
}

// The states of a Trial.
const (
	TrialNone    = "none" // this process has not tried it
	TrialRunning = "running"
	TrialDone    = "done"
	TrialStopped = "stopped" // by a person, or for the sake of another
	TrialFailed  = "failed"
)

// Trial is how far a draft has been tried on what is known of all contacts.
type Trial struct {
	State  string              `json:"state"`
	Rated  int                 `json:"rated"` // contacts
	Of     int                 `json:"of"`
	Left   int                 `json:"seconds_left,omitempty"`
	Error  string              `json:"error,omitempty"`
	Report *backtesting.Report `json:"report,omitempty"` // of those rated, with the gravest changes
}

// Share is how much of it is done, in per cent.
func (t Trial) Share() int {
	if t.Of == 0 {
		return 0
	}
	return min(100*t.Rated/t.Of, 100)
}

// RulesPage is the rule book, and what a draft would have made of the contacts.
type RulesPage struct {
	Shown
	Looked  int           `json:"looked"` // contacts, those that changed last
	Signals []SignalUse   `json:"signals"`
	Rules   []config.Rule `json:"rules"`
	Days    int           `json:"days"`
	Lines   []string      `json:"lines,omitempty"` // the draft as environment lines
	Error   string        `json:"error,omitempty"` // what is wrong in the draft
	Trial   *Trial        `json:"trial,omitempty"` // of the draft
	Costs   []DraftChange `json:"costs,omitempty"` // who bought and whom the draft would have lost, or warned of
	Changes []DraftChange `json:"changes,omitempty"`
}

// Moves reports whether the page will soon say something else by itself.
func (p RulesPage) Moves() bool { return p.Trial != nil && p.Trial.State == TrialRunning }
