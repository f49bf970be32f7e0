package api

import (
	"net/http"
	"time"

	"github.com/winnow-crm/winnow/queue"
)

// Letter is a dead letter: what could not be used, why, and what mends it.
type Letter struct {
	Number   uint64    `json:"number"`
	Time     time.Time `json:"time"`
	Stage    string    `json:"stage"`
	Source   string    `json:"source"`
	Kind     string    `json:"kind"`
	Reason   string    `json:"reason"`
	Fix      string    `json:"fix"`
	Contacts []string  `json:"contacts,omitempty"`
	Text     bool      `json:"text,omitempty"`    // it holds words of a message
	Count    int       `json:"count,omitempty"`   // how many it stands for, none of which is kept
	Bytes    int       `json:"bytes"`             // of the payload
	Payload  []byte    `json:"payload,omitempty"` // of one that was asked for
}

// LetterOf is a dead letter without its payload.
func LetterOf(d queue.DeadLetter) Letter {
	return Letter{
		Number: d.Seq, Time: d.Time.UTC(), Stage: d.Stage, Source: d.Source, Kind: d.Kind, Reason: d.Reason, Fix: d.Fix,
		Contacts: d.Contacts, Text: d.Text, Count: d.Count, Bytes: len(d.Payload),
	}
}

// LetterQuery asks for the dead letters with numbers above After, of a stage and a source, empty: of all.
type LetterQuery struct {
	After  uint64 `json:"after"`
	Stage  string `json:"stage"`
	Source string `json:"source"`
}

// LetterOrder names a dead letter, and says why something is done about it.
type LetterOrder struct {
	Number uint64 `json:"number"`
	Note   string `json:"note"`
}

// Done says that an order was carried out.
type Done struct {
	Done bool `json:"done"`
}

// Letters lists dead letters, oldest first and some hundred at most; ShowLetter answers one with its payload.
var (
	Letters       = Call[LetterQuery, []Letter]{http.MethodGet, "/api/deadletters"}
	ShowLetter    = Call[LetterOrder, Letter]{http.MethodGet, "/api/deadletters/show"}
	ResendLetter  = Call[LetterOrder, Done]{http.MethodPost, "/api/deadletters/resend"}
	DiscardLetter = Call[LetterOrder, Done]{http.MethodPost, "/api/deadletters/discard"}
)
