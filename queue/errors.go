package queue

import "errors"

// What callers tell apart; each comes wrapped with its circumstances.
var (
	ErrFull     = errors.New("queue: full")                                 // a stream's bytes or the disk: try again later
	ErrInUse    = errors.New("queue: the store is open in another process") // of the embedded store
	ErrFenced   = errors.New("queue: another owner has committed")          // ownership of a partition is lost
	ErrUnknown  = errors.New("queue: outcome unknown")                      // a commit timed out: read the checkpoint again
	ErrConflict = errors.New("queue: the state was changed by another")     // PutState
	ErrHeld     = errors.New("queue: the lease is held by another")         // Acquire
	ErrLost     = errors.New("queue: the lease is lost")                    // Renew
	ErrNotFound = errors.New("queue: not found")                            // a dead letter that is not there
	ErrTooLarge = errors.New("queue: larger than a message may be")         // never retried
)
