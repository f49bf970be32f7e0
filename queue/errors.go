package queue

import (
	"errors"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
	"github.com/winnow-crm/winnow/queue/internal/jet"
)

// What callers tell apart; each comes wrapped with its circumstances.
var (
	ErrFull     = jet.ErrFull                                    // a stream's bytes or the disk: try again later
	ErrInUse    = embedded.ErrInUse                              // of the embedded store
	ErrFenced   = jet.ErrFenced                                  // the ownership of a partition is lost
	ErrUnknown  = jet.ErrUnknown                                 // a commit got no answer: read the checkpoint again
	ErrDamaged  = jet.ErrDamaged                                 // it is not what was stored
	ErrTooLarge = jet.ErrTooLarge                                // never worth a retry
	ErrConflict = errors.New("the state was changed by another") // of States.Put
	ErrHeld     = errors.New("the lease is held by another")     // of Leases.Acquire
	ErrLost     = errors.New("the lease is lost")                // of Lease.Renew
	ErrNotFound = errors.New("not found")                        // a dead letter that is not there
	ErrReopen   = errors.New("the store must be opened again")   // of Failed: it works then
)

// Unanswered reports whether err says that the server could not be asked or gave no clear answer, as while a cluster
// has no quorum or the connection is lost. That ends by itself, and until then it is not known what came of the
// request. A refusal is an answer.
func Unanswered(err error) bool { return jet.Unanswered(err) }
