// Package world is what people do in a CRM, whichever it is: the words in which a story is told once and played through
// the sandbox of every vendor. It knows no vendor and nothing of how Winnow decides.
package world

import (
	"context"
	"net/http"
	"time"
)

// CRM is one account as people use it at the screen. Its methods change records without the limits of the API, and
// queue the webhooks that the vendor would send. Ids are the vendor's own, as text. What names a record that is not
// there is a fault of the program and panics.
type CRM interface {
	Now() time.Time

	// CreatePerson makes a prospect of the kind that new ones have at the vendor's.
	CreatePerson(p Profile) (id string)
	// Person returns a prospect, deleted ones too. After a merge or a conversion it has another id. ok is false for one
	// that is erased, or never was.
	Person(id string) (p Person, ok bool)
	// Become makes a prospect a customer.
	Become(id string)
	OptOut(id string)
	// Merge joins two prospects and returns the id under which both live on.
	Merge(primary, other string) (id string)

	Email(people []string, m Email) (id string)
	Bounce(email string)
	Call(people []string, c Call) (id string)
	Meet(people []string, m Meeting) (id string)
	MoveMeeting(id string, start time.Time)
	EndMeeting(id string, end Ending)
	Task(people []string, t Task) (id string)

	Deal(people []string, d Deal) (id string)
	JoinDeal(id, person string)
	SetStage(id string, s Stage)

	Quote(people []string, q Quote) (id string)
	// Publish makes a quote public, once more where it is, and returns its link.
	Publish(quote string) (link string)
	AcceptQuote(id string)
}

// Face is the sandbox of one vendor: its API over HTTP, its webhooks, its refusals and its quotas, around one account.
type Face interface {
	CRM
	Vendor() string // as --crm names it
	Title() string  // as people name it
	URL() string    // the base of its API
	// Settings are the environment with which `winnow serve` works against it, for a source of this name.
	Settings(source string) []string
	SetWebhookURL(url string)
	// Flush delivers all webhooks that are queued.
	Flush(ctx context.Context) error
	// OnWrite has f called with every write to a person over the API, after it took effect and before it is answered. f
	// is quick, and safe for concurrent use; it may call the face.
	OnWrite(f func(Write))
	// Writes returns the latest writes, oldest first.
	Writes() []Write
	// WriteCalls is how many calls over the API the writes took.
	WriteCalls() int
	Close() error
}

// Options are what every face can be told. The zero Options are an account with the vendor's own limits.
type Options struct {
	Now        func() time.Time  // the account's clock; default time.Now
	Sent       func() time.Time  // what deliveries are stamped with, and answers dated by; default Now
	Listen     string            // of the API; default a free port of loopback
	Token      string            // the credential that the API accepts; default: one of its own
	Secret     string            // what webhooks prove themselves with; default: one of its own
	WebhookURL string            // where webhooks go; may be set later
	Live       bool              // deliver as things happen; otherwise only Flush delivers
	RetryWait  time.Duration     // before a refused delivery is repeated
	Transport  http.RoundTripper // carries the deliveries; default one of its own
	Limit      int               // calls in the vendor's own interval; 0: the vendor's limit; negative: no limit at all
	Fields     bool              // have Winnow's fields from the start
	People     int               // who are there from the start
}

// Profile is a prospect as the CRM first shows it. Empty fields are not known.
type Profile struct {
	First, Last string
	Email       string
	Zone        string // IANA
	Country     string // in English
	Company     string
	Role        string
	Origin      string // Inbound where they found us
	Customer    bool
}

// Inbound is the Origin of who found us.
const Inbound = "inbound"

// Person is a prospect with what Winnow has written.
type Person struct {
	ID      string
	Profile Profile
	Fields  map[string]string // Winnow's fields by their stem: rating, status ...; empty ones are left out
}

// Write is one person's share of a write over the API.
type Write struct {
	Time   time.Time // the account's clock
	Person string
	Fields map[string]string // Winnow's fields by their stem; empty: cleared
}

// Email is a mail that is logged in the CRM.
type Email struct {
	Incoming bool
	Subject  string
	Text     string
	Deals    []string
}

// Call is a telephone call.
type Call struct {
	Incoming bool
	Outcome  Outcome
	Duration time.Duration
	Title    string
	Deals    []string
}

// Outcome is how a call ended.
type Outcome uint8

// The outcomes.
const (
	Connected Outcome = iota
	Missed
	Voicemail
)

// Meeting is an appointment.
type Meeting struct {
	Title string
	Start time.Time
	End   time.Time // default: half an hour after Start
	Deals []string
}

// Ending is what became of a meeting.
type Ending uint8

// The endings.
const (
	Held Ending = iota
	NoShow
	Cancelled
)

// Task is something one of us has to do.
type Task struct {
	Subject string
	Call    bool // it is a call to be made
	Due     time.Time
	Deals   []string
}

// Deal is an opportunity.
type Deal struct {
	Name   string
	Amount float64
}

// Stage is how far a deal is.
type Stage uint8

// The stages, in order.
const (
	Opened Stage = iota
	Qualified
	Presented
	Agreed
	ContractSent
	Won
	Lost
)

// Quote is an offer with its lines.
type Quote struct {
	Title   string
	Lines   []Line
	Expires time.Time
	Deals   []string
}

// Line is one line of a quote.
type Line struct {
	Name            string
	Quantity, Price float64
	Discount        float64 // off the price of one
}
