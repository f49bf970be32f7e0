package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// The stages at which something can end as a dead letter.
const (
	stageRead  = "read"
	stageFetch = "fetch"
	stageRate  = "rate"
	stageWrite = "write"
)

// disposal is what becomes of work that failed: again after a time, dropped as done, or, with neither, a dead letter.
type disposal struct {
	again time.Duration // try the same again after this
	pause time.Duration // fetch nothing for this long: what is refused for one kind of record may be granted for another
	rest  time.Duration // write nothing for this long
	drop  bool          // nothing is left to do
}

// disposalOf is the one table from an error's Kind to what is done about it. attempt counts from 1.
func disposalOf(err error, attempt int) disposal {
	switch connectors.KindOf(err) {
	case connectors.RateLimited:
		wait := max(connectors.AfterOf(err), time.Second)
		return disposal{again: jitter(wait), pause: wait, rest: wait}
	case connectors.Unavailable:
		wait := max(connectors.AfterOf(err), backoff(attempt, time.Second, time.Minute))
		return disposal{again: jitter(wait), pause: min(wait, 5*time.Second), rest: min(wait, 5*time.Second)}
	case connectors.Unauthenticated, connectors.Misconfigured:
		wait := jitter(fetchSlow)
		return disposal{again: wait, pause: time.Second, rest: wait}
	case connectors.Conflict:
		if attempt < 5 {
			return disposal{again: jitter(100 * time.Millisecond)}
		}
		return disposal{}
	case connectors.NotFound:
		return disposal{drop: true}
	}
	return disposal{} // Internal, Malformed, Rejected
}

// fixes says, by kind of error, what a person can do about a dead letter.
var fixes = map[connectors.Kind]string{
	connectors.Internal:        "report it with its reason; after an update send it again: winnow deadletters resend",
	connectors.Malformed:       "see whether the sender is the CRM this source is for; send it again after an update that can read it, or discard it",
	connectors.NotFound:        "the record is gone from the CRM: discard it",
	connectors.Conflict:        "something else keeps changing the record: send it again when that is over",
	connectors.Rejected:        "relax the CRM's validation rule for Winnow's fields or for its app, then send it again",
	connectors.Unauthenticated: "renew the token or grant the scope, then send it again",
	connectors.Misconfigured:   "run winnow setup, then send it again",
}

func backoff(attempt int, base, most time.Duration) time.Duration {
	return min(most, base<<min(max(attempt-1, 0), 16))
}

// jitter spreads d over 75 to 125 per cent, so that what failed together does not come back together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

func (p *Pipeline) bury(ctx context.Context, stage string, s Source, m *queue.Msg, payload []byte, contacts []string, reason error) error {
	return p.buryAs(ctx, stage, s, fmt.Sprintf("%s.%d", m.Stream, m.Seq), payload, contacts, reason)
}

// buryAs keeps what cannot be used, with its reason. id makes a second burial of the same thing the same letter.
func (p *Pipeline) buryAs(ctx context.Context, stage string, s Source, id string, payload []byte, contacts []string, reason error) error {
	kind := connectors.KindOf(reason)
	err := p.q.Bury(ctx, queue.DeadLetter{
		Stage: stage, Source: s.Name, Reason: reason.Error(), Kind: kind.String(), Fix: fixes[kind],
		Contacts: contacts, Payload: payload,
	}, stage+"."+id)
	if err != nil {
		return fmt.Errorf("bury: %w", err)
	}
	p.metrics.dead.WithLabelValues(stage, s.Name, kind.String()).Inc()
	p.log.Error("dead letter", zap.String("stage", stage), zap.String("source", s.Name), zap.Error(reason))
	return nil
}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return connectors.KindOf(err).String()
}
