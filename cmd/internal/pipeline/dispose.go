package pipeline

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
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

// Stages are those of dead letters, in the order of the flow.
func Stages() []string { return []string{stageRead, stageFetch, stageRate, stageWrite} }

// disposal is what becomes of work that failed: again after a time, dropped as done, or, with neither, a dead letter.
type disposal struct {
	again time.Duration // try the same again after this
	pause time.Duration // fetch nothing for this long: what is refused for one kind of record may be granted for another
	rest  time.Duration // write nothing for this long
	drop  bool          // nothing is left to do
	split bool          // of several that failed together one may be at fault: find it
	doubt bool          // one may be at fault, or the CRM: ask it for another
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
		if attempt >= conflicts {
			return disposal{split: true}
		}
		wait := max(connectors.AfterOf(err), backoff(attempt, trialFirst, trialMost))
		return disposal{again: jitter(wait), split: attempt > 1} // the first time they wait together: it may pass for all
	case connectors.Garbled:
		if attempt >= garbles {
			return disposal{split: true}
		}
		wait := backoff(attempt, trialFirst, trialMost)
		if attempt > 1 { // the CRM has answered others meanwhile
			return disposal{again: jitter(wait), split: true}
		}
		return disposal{again: jitter(wait), pause: wait, rest: wait}
	case connectors.NotFound:
		return disposal{drop: true, split: true}
	}
	return disposal{split: true} // Internal, Malformed, Rejected
}

// disposalOfOne is what is done about a record at which the CRM fails for the times-th time while it answers others of its kind.
func disposalOfOne(err error, times int) disposal {
	if times >= outages {
		return disposal{split: true}
	}
	return disposal{again: jitter(max(connectors.AfterOf(err), backoff(times, trialFirst, trialMost))), split: true}
}

// fixes says, by kind of error, what a person can do about a dead letter.
var fixes = map[connectors.Kind]string{
	connectors.Internal:        "report it with its reason; after an update send it again: winnow deadletters resend",
	connectors.Malformed:       "see whether the sender is the CRM this source is for; send it again after an update that can read it, or discard it",
	connectors.NotFound:        "the record is gone from the CRM: discard it",
	connectors.Conflict:        "something else keeps the record busy: send it again when that is over",
	connectors.Garbled:         "see what stands between Winnow and the CRM and answers in its place, then send it again",
	connectors.Unavailable:     "the CRM fails at this record and answers for others: see whether it opens there, tell the CRM's support, then send it again",
	connectors.Rejected:        "relax the CRM's validation rule for Winnow's fields or for its app, then send it again",
	connectors.Unauthenticated: "renew the token or grant the scope, then send it again",
	connectors.Misconfigured:   "run winnow setup, then send it again",
}

// unreadFixes say it of a record that was to be read: no decision falls against those it may concern until the letter is settled.
var unreadFixes = map[connectors.Kind]string{
	connectors.Rejected: "see whether the record opens in the CRM and whether the app may read it, then send it again",
}

// fixOf is what a person can do about a dead letter of a stage.
func fixOf(stage string, kind connectors.Kind) string {
	if stage != stageFetch {
		return fixes[kind]
	}
	fix := fixes[kind]
	if unread, ok := unreadFixes[kind]; ok {
		fix = unread
	}
	return fix + "; until then nothing is announced against the contacts named, or against anyone of the source where none is known: discard it only if nothing of theirs is in it"
}

func backoff(attempt int, base, most time.Duration) time.Duration {
	return min(most, base<<min(max(attempt-1, 0), 16))
}

// jitter spreads d over 75 to 125 per cent, so that what failed together does not come back together.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}

// bury keeps what cannot be used, with its reason and what a person can do. id makes a second burial of the same thing the same letter.
func (p *Pipeline) bury(ctx context.Context, s Source, id string, d queue.DeadLetter, reason error, fields ...zap.Field) error {
	kind := connectors.KindOf(reason)
	d.Source, d.Reason, d.Kind, d.Fix = s.Name, reason.Error(), kind.String(), fixOf(d.Stage, kind)
	seq, err := p.q.Bury(ctx, d, d.Stage+"."+id)
	if err != nil {
		return fmt.Errorf("bury: %w", err)
	}
	p.metrics.dead.WithLabelValues(d.Stage, s.Name, kind.String()).Inc()
	contacts := make([]string, len(d.Contacts))
	for i, contact := range d.Contacts {
		contacts[i] = p.plain(contact)
	}
	p.log.Error("dead letter", append(fields, zap.String("stage", d.Stage), zap.String("source", s.Name), zap.Uint64("number", seq), zap.Strings("contacts", contacts), zap.Error(reason))...)
	return nil
}

// plain is a contact's id for the log: as it is where it is a plain word, as the vendors' numbers are, else a keyed hash. What it may be
// instead is nobody's business.
func (p *Pipeline) plain(contact string) string {
	if len(contact) <= 40 && strings.Trim(contact, plainChars) == "" {
		return contact
	}
	return p.tomb(queue.Key{Contact: contact}).Contact[len(tombPrefix):]
}

const plainChars = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return connectors.KindOf(err).String()
}
