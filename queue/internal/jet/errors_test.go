package jet

import (
	"context"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestUnanswered: what ends by itself is told from what does not.
func TestUnanswered(t *testing.T) {
	for err, want := range map[error]bool{
		context.DeadlineExceeded: true,
		nats.ErrNoResponders:     true,
		fmt.Errorf("%w: %w", ErrUnknown, &jetstream.APIError{Code: 400, ErrorCode: 10176}): true,
		&jetstream.APIError{Code: 503, ErrorCode: 10008}:                                   true,
		fmt.Errorf("%w: %w", ErrUnknown, nats.ErrConnectionClosed):                         false,
		&jetstream.APIError{Code: 503, ErrorCode: CodeStoreFailed}:                         false,
		&jetstream.APIError{Code: 404, ErrorCode: CodeStreamNotFound}:                      false,
		ErrFenced: false, ErrFull: false, context.Canceled: false, nil: false,
	} {
		if got := Unanswered(err); got != want {
			t.Errorf("%v: unanswered %t, want %t", err, got, want)
		}
	}
}
