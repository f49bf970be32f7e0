package api

import (
	"net/http"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// The pages of the console, each an answer too: owed.json is what the page /owed shows and what the command winnow owed
// prints.
var (
	Owed      = Call[OwedQuery, OwedPage]{http.MethodGet, "/api/owed"}
	Contacts  = Call[ContactsQuery, ContactsPage]{http.MethodGet, "/api/contacts"}
	Contact   = Call[Person, ContactPage]{http.MethodGet, "/api/contact"}
	Decisions = Call[Nothing, DecisionsPage]{http.MethodGet, "/api/decisions"}
	Trends    = Call[TrendsQuery, TrendsPage]{http.MethodGet, "/api/trends"}
	Status    = Call[Nothing, StatusPage]{http.MethodGet, "/api/status"}
	Rules     = Call[RulesQuery, RulesPage]{http.MethodGet, "/api/rules"}
	Acts      = Call[Nothing, []stored.Act]{http.MethodGet, "/api/acts"}
)

// Shown is what every page of contacts says of itself.
type Shown struct {
	At      crm.Millis `json:"at"`
	List    seen.State `json:"list"`
	Unnamed string     `json:"unnamed,omitempty"` // why the CRM did not say what people are called
}

// Row is a contact on a page: as it stands in the list, and what the CRM calls it just now.
type Row struct {
	seen.Contact
	Name string `json:"name,omitempty"`
	Link string `json:"link,omitempty"` // its page in the CRM
}

// OwedQuery asks whom we owe something.
type OwedQuery struct {
	Source  string `json:"source"`
	Owner   string `json:"owner"`
	Owed    string `json:"owed"` // answer, promise, date or task
	Overdue bool   `json:"overdue"`
	After   string `json:"after"`
	Most    int    `json:"most"`
}

// OwedRow is somebody to whom we owe something.
type OwedRow struct {
	Row
	Due    crm.Millis `json:"due,omitempty"`    // by the service level
	Waited string     `json:"waited,omitempty"` // business time
	Over   string     `json:"over,omitempty"`   // the part of it over the service level
}

// OwedPage is whom we owe something, who has waited longest first, and by whom.
type OwedPage struct {
	Shown
	Owners   []seen.Debtor `json:"owners"`
	Contacts []OwedRow     `json:"contacts"`
	Next     string        `json:"next,omitempty"`
}

// ContactsQuery asks for contacts: by what they are, or by an id, an e-mail address or the address of a page in the
// CRM.
type ContactsQuery struct {
	seen.Query
	Text string `json:"q"`
}

// ContactsPage is a page of contacts.
type ContactsPage struct {
	Shown
	Contacts []Row    `json:"contacts"`
	Next     string   `json:"next,omitempty"`
	Unlisted []Person `json:"unlisted,omitempty"` // of those searched for: the CRM has them, the list has not
}

// ContactPage is all that is known of one contact.
type ContactPage struct {
	operate.Explanation
	At       crm.Millis        `json:"at"`
	Name     string            `json:"name,omitempty"`
	Link     string            `json:"link,omitempty"`
	Unnamed  string            `json:"unnamed,omitempty"`
	Letters  []rules.LetterAt  `json:"letters"`     // that it has had
	Answered crm.Rating        `json:"if_answered"` // were they to answer now
	Links    map[string]string `json:"links"`       // pages of facts in the CRM, by fact
}

// DecisionsPage is what has been decided, is held back, and ends soon.
type DecisionsPage struct {
	Shown
	Breakers     []BreakerPage `json:"breakers"`
	Pending      []Row         `json:"pending"`      // whose grace ends first, first
	Held         []Row         `json:"held"`         // by whatever it is
	Disqualified []Row         `json:"disqualified"` // who is to be looked at first, first
	Overrides    []Row         `json:"overrides"`    // that end first, first
	Returned     []Returned    `json:"returned"`     // who came back within 90 days
	Acts         []stored.Act  `json:"acts"`         // what people did, newest first
}

// BreakerPage is a mass-change breaker that holds something, or lately did.
type BreakerPage struct {
	Source string `json:"source"`
	operate.BreakerState
	Waiting int         `json:"waiting"` // contacts whom it holds
	Some    []HeldByRow `json:"some"`    // the first of them
}

// HeldByRow is a contact whose decision waits for a person.
type HeldByRow struct {
	Row
	Would       crm.Status `json:"would,omitempty"` // be announced
	WouldGround crm.Ground `json:"would_ground,omitempty"`
}

// Returned is somebody who came back after a farewell.
type Returned struct {
	seen.Return
	Name string `json:"name,omitempty"`
	Link string `json:"link,omitempty"`
}

// TrendsQuery asks how things have gone over some days.
type TrendsQuery struct {
	Source string `json:"source"`
	Days   int    `json:"days"` // 0: 90
}

// TrendsPage is how things have gone.
type TrendsPage struct {
	Shown
	Days      int                          `json:"days"`
	Letters   map[string][]stored.TrendDay `json:"letters"` // by source
	Decisions []seen.DecisionDay           `json:"decisions"`
	Owners    []seen.Debtor                `json:"owners"`
}

// Problem is something that needs a person.
type Problem struct {
	Urgent bool   `json:"urgent"` // nothing goes on until somebody sees to it
	Source string `json:"source,omitempty"`
	What   string `json:"what"`
	Fix    string `json:"fix,omitempty"`
	Page   string `json:"page,omitempty"` // where it is seen to
	Count  int    `json:"count,omitempty"`
}

// StatusPage is how everything stands, and what needs a person, worst first.
type StatusPage struct {
	Shown
	Version  string             `json:"version"`
	Mode     string             `json:"mode"`
	Model    string             `json:"model"`
	NotReady []string           `json:"not_ready,omitempty"`
	Unknown  string             `json:"unknown,omitempty"` // why the store does not say how the sources stand
	Problems []Problem          `json:"problems"`
	Sources  []operate.Health   `json:"sources"`
	Letters  []Letter           `json:"letters"`
	Waiting  int                `json:"waiting"` // dead letters in all
	Streams  []StreamState      `json:"streams"`
	Counts   map[string][]Count `json:"ratings"` // by source
}

// Count is how many contacts have a letter.
type Count struct {
	Letter   string `json:"letter"`
	Contacts int    `json:"contacts"`
}

// StreamState is how full a stream of the store is.
type StreamState struct {
	Name     string `json:"name"`
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	Most     uint64 `json:"most"` // 0: no limit
}

// RulesQuery asks for the rule book, and whom a draft of other settings would change.
type RulesQuery struct {
	Draft string `json:"draft"` // lines of NAME=VALUE
}

// SignalUse is a row of the rule book and how it is used.
type SignalUse struct {
	rules.Signal
	On       bool   `json:"on"`
	Sleeps   string `json:"sleeps,omitempty"` // what would wake it
	Contacts int    `json:"contacts"`         // whom it touches, of those looked at
	Points   int    `json:"points"`           // by how much, on average
}

// DraftChange is somebody whom a draft would change.
type DraftChange struct {
	Row
	To       string     `json:"to"`
	ToStatus crm.Status `json:"to_status"`
}

// RulesPage is the rule book, and what becomes of a draft.
type RulesPage struct {
	Shown
	Looked  int             `json:"looked"` // contacts, those that changed last
	Signals []SignalUse     `json:"signals"`
	Values  []rules.Setting `json:"settings"`
	Changes []DraftChange   `json:"changes,omitempty"`
	Changed int             `json:"changed"`
	Error   string          `json:"error,omitempty"` // what is wrong in the draft
}
