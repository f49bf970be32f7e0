package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What callers tell apart; each comes wrapped with its circumstances.
var (
	ErrFull     = errors.New("the queue is full")                    // a stream's bytes or the disk: try again later
	ErrInUse    = errors.New("the store is open in another process") // of the embedded store
	ErrFenced   = errors.New("another owner has committed")          // the ownership of a partition is lost
	ErrUnknown  = errors.New("the outcome is not known")             // a commit got no answer: read the checkpoint again
	ErrConflict = errors.New("the state was changed by another")     // of PutState
	ErrHeld     = errors.New("the lease is held by another")         // of Acquire
	ErrLost     = errors.New("the lease is lost")                    // of Renew
	ErrNotFound = errors.New("not found")                            // a dead letter that is not there
	ErrTooLarge = errors.New("larger than the queue takes")          // never worth a retry
)

// The server's error codes that mean something to us. Source: nats-server, errors.json.
const (
	codeWrongSequence    jetstream.ErrorCode = 10071
	codeWrongSequenceOne jetstream.ErrorCode = 10164 // the same, without the sequence
	codeStoreFailed      jetstream.ErrorCode = 10077
	codeNoResources      jetstream.ErrorCode = 10023
	codeNoPeers          jetstream.ErrorCode = 10005 // of a cluster; the description says what its servers lack
	codeNoStorage        jetstream.ErrorCode = 10047
	codeAccountFull      jetstream.ErrorCode = 10002
	codeTooLarge         jetstream.ErrorCode = 10054
	codeBatchTooLarge    jetstream.ErrorCode = 10199
	codeBatchIncomplete  jetstream.ErrorCode = 10176
	codeBatchInFlight    jetstream.ErrorCode = 10210
	codeDeleteFailed     jetstream.ErrorCode = 10057
	codeNoMessage        jetstream.ErrorCode = 10037
	codeStreamNotFound   jetstream.ErrorCode = 10059
	codeConsumerNotFound jetstream.ErrorCode = 10014
)

// isCode reports whether err is the server's with one of the codes.
func isCode(err error, codes ...jetstream.ErrorCode) bool {
	api := apiError(err)
	if api == nil {
		return false
	}
	for _, c := range codes {
		if api.ErrorCode == c {
			return true
		}
	}
	return false
}

func apiError(err error) *jetstream.APIError {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*jetstream.APIError](err); ok {
		return e
	}
	if e, ok := errors.AsType[jetstream.JetStreamError](err); ok {
		return e.APIError()
	}
	return nil
}

// Unanswered reports whether err says that the server could not be asked or gave no clear answer, as while a cluster has no quorum or the
// connection is lost. That ends by itself, and until then it is not known what came of the request. A refusal is an answer.
func Unanswered(err error) bool {
	if errors.Is(err, nats.ErrConnectionClosed) {
		return false
	}
	if api := apiError(err); api != nil && unavailable(api) {
		return true
	}
	for _, e := range []error{ErrUnknown, errStale, context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrReconnectBufExceeded, jetstream.ErrNoStreamResponse} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// unavailable reports whether the server says that it can do nothing just now, not that it has no room.
func unavailable(api *jetstream.APIError) bool {
	return api.Code == 503 && api.ErrorCode != codeStoreFailed && api.ErrorCode != codeNoResources
}

// publishError says what a refused or unanswered publish means.
func publishError(stream string, err error) error {
	api := apiError(err)
	switch {
	case err == nil:
		return nil
	case api == nil && errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%s: %w", stream, ErrTooLarge)
	case api == nil:
		return fmt.Errorf("publish to %s: %w", stream, err)
	case api.ErrorCode == codeTooLarge:
		return fmt.Errorf("%s: %w", stream, ErrTooLarge)
	case api.ErrorCode == codeNoResources || api.ErrorCode == codeNoStorage || api.ErrorCode == codeAccountFull:
		return fmt.Errorf("%s: the server's storage: %w", stream, ErrFull)
	case api.ErrorCode == codeStoreFailed && (strings.Contains(api.Description, "maximum") || strings.Contains(api.Description, "no space")):
		return fmt.Errorf("%s: %s: %w", stream, api.Description, ErrFull)
	}
	return fmt.Errorf("publish to %s: %w", stream, err)
}

// ended returns ctx's error where that is why err came about, else err.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
