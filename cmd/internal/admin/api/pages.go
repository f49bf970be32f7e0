package api

import (
	"net/http"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// The pages of the console, each an answer too: owed.json is what the page /owed shows and what the command winnow owed
// prints.
var (
	Owed      = Call[OwedQuery, OwedPage]{http.MethodGet, "/api/owed"}
	Contacts  = Call[ContactsQuery, ContactsPage]{http.MethodGet, "/api/contacts"}
	Contact   = Call[ContactQuery, ContactPage]{http.MethodGet, "/api/contact"}
	Decisions = Call[Nothing, DecisionsPage]{http.MethodGet, "/api/decisions"}
	Trends    = Call[TrendsQuery, TrendsPage]{http.MethodGet, "/api/trends"}
	Status    = Call[Nothing, StatusPage]{http.MethodGet, "/api/status"}
	System    = Call[SystemQuery, SystemPage]{http.MethodGet, "/api/system"}
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

// ContactQuery asks for one contact, and what would become of it by a draft of other settings.
type ContactQuery struct {
	Person
	Draft string `json:"draft"` // lines of NAME=VALUE
}

// Draft is what other settings would make of a contact.
type Draft struct {
	crm.Rating
	Lines []string `json:"lines"`           // as environment lines
	Error string   `json:"error,omitempty"` // what is wrong in them
}

// ContactPage is all that is known of one contact.
type ContactPage struct {
	Explained
	At      crm.Millis        `json:"at"`
	Name    string            `json:"name,omitempty"`
	Link    string            `json:"link,omitempty"`
	Unnamed string            `json:"unnamed,omitempty"`
	Drafted *Draft            `json:"if_drafted,omitempty"`
	Links   map[string]string `json:"links"` // pages of facts in the CRM, by fact
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
	Answers   []Answerer                   `json:"answers"`
	Looked    int                          `json:"looked"` // contacts whose answers are counted
}

// Answerer is how fast one of our people has answered, the slowest first.
type Answerer struct {
	Owner   string  `json:"owner"`
	Answers int     `json:"answers"`
	InTime  int     `json:"in_time"`      // of them within the service level
	Median  float64 `json:"median_hours"` // business time of the owner's calendar
	Slowest float64 `json:"slowest_hours"`
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
	Members  []operate.Member   `json:"members"`        // the processes that use the store
	Disk     *Disk              `json:"disk,omitempty"` // nil: the store is on another machine
	Unrated  []operate.Unrated  `json:"unrated"`        // partitions in which facts wait to be rated
	Counts   map[string][]Count `json:"ratings"`        // by source
	// how the letters stood on each of the last 90 days, by source
	Days map[string][]stored.TrendDay `json:"letters_by_day"`
	// between which shares of the rated, in percent, those who are pending or disqualified are expected
	Band [2]int `json:"flagged_band"`
}

// Disk is what is free on the embedded store's disk, in bytes, and below what floor nothing more is taken in.
type Disk struct {
	Free  uint64 `json:"free"`
	Floor uint64 `json:"floor"`
}

// SystemQuery asks how the store stands, with the dead letters of a stage or a source alone.
type SystemQuery struct {
	Stage  string `json:"stage"`
	Source string `json:"source"`
}

// SystemPage is how the store stands, and the settings in force but for the rules.
type SystemPage struct {
	StatusPage
	Stages   []string     `json:"stages"` // of dead letters
	Settings []config.Row `json:"settings"`
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
