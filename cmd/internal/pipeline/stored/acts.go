package stored

import (
	"context"
	"errors"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Act is something that a person did.
type Act struct {
	At     crm.Millis `cbor:"1,keyasint" json:"at"`
	Who    string     `cbor:"2,keyasint" json:"who"`
	What   string     `cbor:"3,keyasint" json:"what"`
	Source string     `cbor:"4,keyasint,omitempty" json:"source,omitempty"`
	On     []string   `cbor:"5,keyasint,omitempty" json:"on,omitempty"` // contacts, or the number of a dead letter
	Note   string     `cbor:"6,keyasint,omitempty" json:"note,omitempty"`
}

// Acts are what people did, oldest first.
type Acts struct {
	List []Act `cbor:"1,keyasint"`
}

// What people do.
const (
	ActRelease  = "released"   // the mass-change breaker, for all or for those named
	ActRefuse   = "refused"    // what it holds
	ActResend   = "sent again" // a dead letter
	ActDiscard  = "discarded"
	ActForget   = "forgotten" // a contact, which is not named
	ActBackfill = "backfill started"
	ActSettings = "settings changed"
)

// mostActs is how many acts are kept, the newest, and mostOn how many contacts one of them names.
const (
	mostActs = 2000
	mostOn   = 100
	mostNote = 500 // bytes
)

// ActsState is the list of what people did.
func ActsState() State[Acts] { return State[Acts]{"acts"} }

// NoteAct adds an act to the list.
func NoteAct(ctx context.Context, q *queue.Queue, a Act) error {
	if len(a.On) > mostOn {
		a.On = a.On[:mostOn]
	}
	if len(a.Note) > mostNote {
		a.Note = a.Note[:mostNote]
	}
	return changeActs(ctx, q, func(list []Act) ([]Act, bool) {
		list = append(list, a)
		return list[max(0, len(list)-mostActs):], true
	})
}

// StrikeActs takes a forgotten contact out of the list, and the notes in which it may be named.
func StrikeActs(ctx context.Context, q *queue.Queue, key queue.Key) error {
	return changeActs(ctx, q, func(list []Act) (_ []Act, changed bool) {
		for i := range list {
			a := &list[i]
			for n := range a.On {
				if a.Source == key.Source && a.On[n] == key.Contact {
					a.On[n], a.Note, changed = "", "", true
				}
			}
		}
		return list, changed
	})
}

func changeActs(ctx context.Context, q *queue.Queue, change func([]Act) ([]Act, bool)) error {
	for {
		acts, rev, err := ActsState().Get(ctx, q)
		if err != nil {
			return err
		}
		list, changed := change(acts.List)
		if !changed {
			return nil
		}
		if err := ActsState().Put(ctx, q, Acts{list}, rev); !errors.Is(err, queue.ErrConflict) {
			return err
		}
	}
}
