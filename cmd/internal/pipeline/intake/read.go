package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// Reader decodes the deliveries of one source to facts and references. It needs no network, so deliveries never pile
// up behind a slow CRM.
type Reader struct {
	Deps
	s       watermark.Source
	foreign foreign
}

// NewReader returns the Reader of a source.
func NewReader(d Deps, s watermark.Source) *Reader { return &Reader{Deps: d, s: s} }

// Run reads until ctx ends.
func (r *Reader) Run(ctx context.Context) error {
	deliveries := r.Queue.Deliveries.Consumer(r.s.Name)
	defer deliveries.Close()
	var until time.Time // with little to read it waits for more
	for ctx.Err() == nil {
		if !r.Troubles.RoomFor(ctx, r.Queue.Facts, r.Queue.Fetches) {
			continue
		}
		msgs, err := deliveries.Gather(ctx, timing.ReadMessages, timing.ReadBytes, until, 0)
		if err != nil {
			return timing.IgnoreDone(ctx, fmt.Errorf("read %s: %w", r.s.Name, err))
		}
		if len(msgs) == 0 {
			continue
		}
		hold, cancel := timing.Finish(ctx, r.Grace)
		began := time.Now()
		err = r.readAll(hold, msgs)
		until = timing.Patient(began)
		cancel()
		if err != nil {
			r.Troubles.Warns("read "+r.s.Name, "deliveries not read, they come again", err, zap.String("source", r.s.Name))
			queue.NakAll(msgs, timing.StoreAgain)
			timing.Sleep(ctx, timing.StoreAgain)
		}
	}
	return nil
}

// readAll publishes what msgs say and acknowledges them after that.
func (r *Reader) readAll(ctx context.Context, msgs []*queue.Msg) error {
	out := r.Publisher.Output(r.s.Name)
	msgs = slices.DeleteFunc(slices.Clone(msgs), r.mustWait)
	var steps tracing.Steps
	result := "error"
	defer func() { steps.End(result) }()
	for _, m := range msgs {
		step := r.Tracer.Step(tracing.Of(m.Header), "read", r.s.Name)
		steps = append(steps, step)
		out.Follow(step.Trail())
		if err := r.readOne(ctx, m, out); err != nil {
			return err
		}
	}
	if err := out.Publish(ctx); err != nil {
		return err
	}
	result = "ok"
	for _, m := range msgs {
		if err := m.Ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	r.Metrics.read.WithLabelValues(r.s.Name).Add(float64(len(msgs)))
	return nil
}

// mustWait puts a message back that holds an erasure of an account, while it is not known which one the credential is
// for: what another account erased is not ours to erase. Where that is never told, the erasure ends in the dead
// letters.
func (r *Reader) mustWait(m *queue.Msg) bool {
	if m.Deliveries >= timing.ErasureTries || !r.accountless() {
		return false
	}
	ds, err := stored.Decode[[]stored.Delivery](m.Data)
	if err != nil {
		return false
	}
	for _, d := range ds {
		notices, _ := decodeDelivery(r.s.CRM.Receive, d) // what is wrong with it is said when it is read
		if slices.ContainsFunc(notices, erases) {
			_ = m.Nak(timing.ErasureAgain) // without it the message comes again after the consumer's wait
			return true
		}
	}
	return false
}

// accountless reports whether the source's account could be known and is not yet.
func (r *Reader) accountless() bool {
	return r.s.CRM.Account != nil && r.Accounts.Account(r.s.Name) == ""
}

// erases reports whether a notice has a person of a named account erased.
func erases(n crm.Notice) bool {
	return n.Account != "" && n.Fact != nil && n.Fact.Kind == crm.KindForget
}

func (r *Reader) readOne(ctx context.Context, m *queue.Msg, out *stored.Output) error {
	ds, err := stored.Decode[[]stored.Delivery](m.Data)
	if err != nil {
		return r.Letters.Bury(ctx, r.s, fmt.Sprintf("%s.%d", m.Stream, m.Seq), queue.DeadLetter{Stage: watermark.StageRead, Payload: m.Data}, err)
	}
	for i, d := range ds {
		out.Came(d.Received)
		notices, err := decodeDelivery(r.s.CRM.Receive, d)
		strangers, ahead, unsure := 0, 0, 0
		for _, n := range notices {
			if erases(n) && r.accountless() {
				unsure++
				continue
			}
			if r.strange(n) {
				if err := r.foreign.note(ctx, r, n.Account); err != nil {
					return err
				}
				strangers++
				continue
			}
			if n.Passed != "" {
				r.Metrics.passed.WithLabelValues(r.s.Name, n.Passed).Inc()
				continue
			}
			if n = r.timely(n, d.Received); n == (crm.Notice{}) {
				ahead++
				continue
			}
			if n.Ref != nil {
				n.Ref.Noticed, n.Ref.Heard = d.Received, true
			}
			out.Add(n)
			if ref, ok := r.looksAgain(n); ok {
				ref.Noticed, ref.Heard = d.Received, true
				out.Add(crm.Notice{Ref: &ref})
			}
		}
		if strangers > 0 {
			notices, err = r.ours(notices, err)
		}
		if unsure > 0 {
			err = errors.Join(err, &connectors.Error{Vendor: r.s.Vendor, Op: "decode", Kind: connectors.Unauthenticated, Err: fmt.Errorf(
				"%d erasures are not carried out, because the CRM does not say whose account the token is for: let the token read its account and send this letter again, or erase with winnow forget", unsure)})
		}
		if ahead > 0 {
			err = errors.Join(err, &connectors.Error{Vendor: r.s.Vendor, Op: "decode", Kind: connectors.Malformed, Err: fmt.Errorf(
				"%d events are dated more than %s after they came, and would outlast all that follow: a clock is wrong, the CRM's or this machine's", ahead, timing.ClocksApart)})
		}
		if err != nil {
			letter := queue.DeadLetter{Stage: watermark.StageRead, Contacts: watermark.Named(r.s, notices), Header: d.Envelope(), Payload: d.Body, Text: d.Text}
			if err := r.Letters.Bury(ctx, r.s, fmt.Sprintf("%s.%d.%d", m.Stream, m.Seq, i), letter, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// timely is n, unless it is of a time that has not come: the highest version of a fact wins, so one from the far
// future would stand for ever. What a property is then the CRM's own history tells, whatever order things came in; of
// other facts nothing is left, and their Delivery becomes a dead letter. Facts that no version can outlast are taken
// as they are.
func (r *Reader) timely(n crm.Notice, received crm.Millis) crm.Notice {
	limit := int64(received) + timing.ClocksApart.Milliseconds()
	switch {
	case n.Ref != nil && n.Ref.AsOf > limit:
		n.Ref.AsOf = int64(received) // it happened by then at the latest
		return n
	case n.Removed != nil && n.Removed.Version > limit:
		return crm.Notice{}
	case n.Fact == nil || n.Fact.Version <= limit:
		return n
	}
	switch n.Fact.Kind {
	case crm.KindForget, crm.KindMerge:
		return n
	case crm.KindProperty:
		if ref, ok := r.s.CRM.ProfileRef(n.Fact.Contact); ok {
			return crm.Notice{Ref: &ref, Account: n.Account}
		}
	}
	return crm.Notice{}
}

// looksAgain names what has to be read because a notice's time does not tell whether it is the last: a property's of
// two changes within one tick of the vendor's clock, or one that is dated by its receipt. What is read later counts.
func (r *Reader) looksAgain(n crm.Notice) (crm.Ref, bool) {
	f := n.Fact
	if f == nil || f.Kind != crm.KindProperty || f.Seq != 0 || r.s.CRM.Tick <= time.Millisecond && !f.Ours {
		return crm.Ref{}, false
	}
	return r.s.CRM.ProfileRef(f.Contact)
}

// errNoWebhooks is of a delivery that came before the source's webhooks were turned off.
var errNoWebhooks = &connectors.Error{
	Op: "decode", Kind: connectors.Misconfigured, Err: errors.New("the source takes no webhooks any more: turn them on and send it again"),
}

// decodeDelivery turns a panic of a connector into an error: one bad body must not stop all the others.
func decodeDelivery(c connectors.Receiver, d stored.Delivery) (notices []crm.Notice, err error) {
	defer func() {
		if r := recover(); r != nil {
			notices, err = nil, fmt.Errorf("the decoder panicked: %T", r) // the value may quote the body
		}
	}()
	if c == nil {
		return nil, errNoWebhooks
	}
	return c.Decode(d.Kept())
}
