package exchange

import (
	"errors"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
)

func TestDisposal(t *testing.T) {
	fail := func(k connectors.Kind, after time.Duration) error {
		return &connectors.Error{Vendor: "hubspot", Op: "fetch", Kind: k, After: after, Err: errors.New("x")}
	}
	for _, c := range []struct {
		name              string
		err               error
		attempt           int
		least, most       time.Duration // of again
		pause, drop, dead bool
	}{
		{
			name: "429 waits what was asked", err: fail(connectors.RateLimited, 8*time.Second), attempt: 1,
			least: 6 * time.Second, most: 10 * time.Second, pause: true,
		},
		{
			name: "429 without a wait", err: fail(connectors.RateLimited, 0), attempt: 1,
			least: 750 * time.Millisecond, most: 1250 * time.Millisecond, pause: true,
		},
		{
			name: "5xx backs off", err: fail(connectors.Unavailable, 0), attempt: 4, least: 6 * time.Second,
			most: 10 * time.Second, pause: true,
		},
		{
			name: "5xx backs off within bounds", err: fail(connectors.Unavailable, 0), attempt: 60,
			least: 45 * time.Second, most: 75 * time.Second, pause: true,
		},
		{
			name: "a revoked token is tried slowly", err: fail(connectors.Unauthenticated, 0), attempt: 9,
			least: 45 * time.Second, most: 75 * time.Second, pause: true,
		},
		{
			name: "missing properties wait for set-up", err: fail(connectors.Misconfigured, 0), attempt: 9,
			least: 45 * time.Second, most: 75 * time.Second, pause: true,
		},
		{
			name: "a conflict is tried soon", err: fail(connectors.Conflict, 0), attempt: 1,
			least: 1500 * time.Millisecond, most: 2500 * time.Millisecond,
		},
		{
			name: "a locked record waits what was asked", err: fail(connectors.Conflict, 8*time.Second), attempt: 1,
			least: 6 * time.Second, most: 10 * time.Second,
		},
		{
			name: "a conflict waits longer each time", err: fail(connectors.Conflict, 0), attempt: 7,
			least: 96 * time.Second, most: 160 * time.Second,
		},
		{
			name: "a conflict that stays is parked", err: fail(connectors.Conflict, 0), attempt: timing.Conflicts,
			dead: true,
		},
		{
			name: "an answer that is none", err: fail(connectors.Garbled, 0), attempt: 1,
			least: 1500 * time.Millisecond, most: 2500 * time.Millisecond, pause: true,
		},
		{
			name: "an answer that is none for one record", err: fail(connectors.Garbled, 0), attempt: 3,
			least: 6 * time.Second, most: 10 * time.Second,
		},
		{name: "an answer that is never one", err: fail(connectors.Garbled, 0), attempt: timing.Garbles, dead: true},
		{name: "a record that is gone", err: fail(connectors.NotFound, 0), attempt: 1, drop: true},
		{name: "malformed", err: fail(connectors.Malformed, 0), attempt: 1, dead: true},
		{name: "rejected", err: fail(connectors.Rejected, 0), attempt: 1, dead: true},
		{name: "an error nobody classified", err: errors.New("x"), attempt: 1, dead: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := disposalOf(c.err, c.attempt)
			if d.again < c.least || d.again > c.most {
				t.Errorf("again after %s, want %s to %s", d.again, c.least, c.most)
			}
			if (d.pause > 0) != c.pause || d.drop != c.drop || (d.again == 0 && !d.drop) != c.dead {
				t.Errorf("disposal %+v, want pause %t, drop %t, dead %t", d, c.pause, c.drop, c.dead)
			}
		})
	}
}
