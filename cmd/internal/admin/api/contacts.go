package api

import (
	"net/http"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Person names one contact by its kind and id, or by an id that is enough.
type Person struct {
	Source  string `json:"source"`
	Contact string `json:"contact"`
}

// Explain answers how a contact's rating comes about.
var Explain = Call[Person, Explained]{http.MethodGet, "/api/explain"}

// Explained is how a contact's rating comes about, which it has had, and which it would have.
type Explained struct {
	operate.Explanation
	Letters  []rules.LetterAt `json:"letters,omitempty"` // that it has had, by the rules in force now
	Answered *crm.Rating      `json:"if_answered,omitempty"`
}

// ForgetOrder has a contact erased everywhere.
type ForgetOrder struct {
	Person
	Unknown bool   `json:"unknown"` // also where nothing is known of it: else its id may be misspelt
	Note    string `json:"note"`
}

// ForgetAccepted says that an erasure is ordered.
type ForgetAccepted struct {
	Accepted bool `json:"accepted"`
	Known    bool `json:"known"` // something was kept of it
}

// Forgotten says whether an erasure is carried out.
type Forgotten struct {
	Forgotten bool `json:"forgotten"`
}

// Forget orders an erasure, IsForgotten tells whether it is carried out.
var (
	Forget      = Call[ForgetOrder, ForgetAccepted]{http.MethodPost, "/api/forget"}
	IsForgotten = Call[Person, Forgotten]{http.MethodGet, "/api/forget"}
)

// Traces names a contact whose traces beside its record are to be erased, and addresses to look for where nothing can
// be decoded.
type Traces struct {
	Person
	Addresses []string `json:"address"`
}

// TracesLeft is what could not be erased.
type TracesLeft struct {
	Left []string `json:"left"`
}

// EraseTraces erases what is no part of a contact's record.
var EraseTraces = Call[Traces, TracesLeft]{http.MethodPost, "/api/forget/traces"}

// Nothing is a request that says nothing but what it is.
type Nothing struct{}

// Compacted says what became of the files.
type Compacted struct {
	Rewritten int `json:"rewritten"` // messages
}

// Compact takes old copies of records out of the files at once.
var Compact = Call[Nothing, Compacted]{http.MethodPost, "/api/compact"}

// SourceQuery names a source.
type SourceQuery struct {
	Source string `json:"source"`
}

// RecordLine is one line of the answer to Records. The first names the model by which contacts are rated, each of the
// others holds a contact; the last says how many there were, or what went wrong. Without a last line the answer is cut
// off.
type RecordLine struct {
	Model   string        `json:"model,omitempty"`
	Contact string        `json:"contact,omitempty"`
	Record  *rules.Record `json:"record,omitempty"`
	Count   *int          `json:"count,omitempty"`
	Error   string        `json:"error,omitempty"`
}

// Records streams what is known of every contact of a source, a line of JSON each.
var Records = Call[SourceQuery, RecordLine]{http.MethodGet, "/api/records"}
