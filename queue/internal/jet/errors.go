package jet

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
	ErrFull     = errors.New("the queue is full")           // a stream's bytes or the disk: try again later
	ErrFenced   = errors.New("another owner has committed") // the ownership of a partition is lost
	ErrUnknown  = errors.New("the outcome is not known")    // a commit got no answer: read the checkpoint again
	ErrDamaged  = errors.New("a message cannot be read")    // the server has one that is damaged on the disk
	ErrTooLarge = errors.New("larger than the queue takes") // never worth a retry
)

// The server's error codes that mean something to us. Source: nats-server, errors.json.
const (
	codeWrongSequence    jetstream.ErrorCode = 10071
	codeWrongSequenceOne jetstream.ErrorCode = 10164 // the same, without the sequence
	CodeStoreFailed      jetstream.ErrorCode = 10077
	CodeNoResources      jetstream.ErrorCode = 10023
	CodeNoPeers          jetstream.ErrorCode = 10005 // of a cluster; the description says what its servers lack
	CodeNoStorage        jetstream.ErrorCode = 10047
	CodeAccountFull      jetstream.ErrorCode = 10002
	CodeTooLarge         jetstream.ErrorCode = 10054
	CodeBatchTooLarge    jetstream.ErrorCode = 10199
	CodeBatchIncomplete  jetstream.ErrorCode = 10176
	CodeBatchInFlight    jetstream.ErrorCode = 10210
	CodeNoMessage        jetstream.ErrorCode = 10037
	CodeStreamNotFound   jetstream.ErrorCode = 10059
	CodeConsumerNotFound jetstream.ErrorCode = 10014
)

// IsCode reports whether err is the server's with one of the codes.
func IsCode(err error, codes ...jetstream.ErrorCode) bool {
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

// IsOutrun reports whether a message was refused because another one came before it.
func IsOutrun(err error) bool { return IsCode(err, codeWrongSequence, codeWrongSequenceOne) }

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

// Unanswered reports whether err says that the server could not be asked or gave no clear answer, as while a cluster
// has no quorum or the connection is lost. That ends by itself, and until then it is not known what came of the
// request. A refusal is an answer.
func Unanswered(err error) bool {
	if errors.Is(err, nats.ErrConnectionClosed) {
		return false
	}
	if api := apiError(err); api != nil && unavailable(api) {
		return true
	}
	for _, e := range []error{
		ErrUnknown, ErrStale, context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected,
		nats.ErrReconnectBufExceeded, jetstream.ErrNoStreamResponse,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// unavailable reports whether the server says that it can do nothing just now, not that it has no room.
func unavailable(api *jetstream.APIError) bool {
	return api.Code == 503 && api.ErrorCode != CodeStoreFailed && api.ErrorCode != CodeNoResources
}

// PublishError says what a refused or unanswered publish means.
func PublishError(stream string, err error) error {
	api := apiError(err)
	switch {
	case err == nil:
		return nil
	case api == nil && errors.Is(err, nats.ErrMaxPayload):
		return fmt.Errorf("%s: %w", stream, ErrTooLarge)
	case api == nil:
		return fmt.Errorf("publish to %s: %w", stream, err)
	case api.ErrorCode == CodeTooLarge:
		return fmt.Errorf("%s: %w", stream, ErrTooLarge)
	case api.ErrorCode == CodeNoResources || api.ErrorCode == CodeNoStorage || api.ErrorCode == CodeAccountFull:
		return fmt.Errorf("%s: the server's storage: %w", stream, ErrFull)
	case api.ErrorCode == CodeStoreFailed && (strings.Contains(api.Description, "maximum") ||
		strings.Contains(api.Description, "no space")):
		return fmt.Errorf("%s: %s: %w", stream, api.Description, ErrFull)
	}
	return fmt.Errorf("publish to %s: %w", stream, err)
}
