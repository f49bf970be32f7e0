package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Deliveries are the webhook requests as they came.
type Deliveries struct {
	lane

	mu     sync.Mutex
	erased map[string]uint64 // by source, the last message that EraseText has looked at
}

func newDeliveries(b base) *Deliveries {
	l := lane{base: b, stream: layout.Deliveries, spec: layout.DeliveryConsumer, conn: 1, floor: 1}
	return &Deliveries{lane: l, erased: map[string]uint64{}}
}

// HeaderText marks a delivery that holds words of a message: EraseText takes it out soon after it was read.
const HeaderText = "Winnow-Text"

// answerWait is how long a delivery waits for the answer of an outside server before it is sent again: what is sent to
// a cluster while it elects is lost, and others wait behind it. Stored twice it does no harm.
const answerWait = 2 * time.Second

// Publish returns nil once the delivery is durable. ErrFull: the source's share of the bytes is used up, or the disk
// nearly is. After any other error the delivery may be stored or not, and the sender must send it again.
func (d *Deliveries) Publish(ctx context.Context, source string, body []byte, header map[string]string) error {
	if err := d.checkSource(source); err != nil {
		return err
	}
	if len(body) > d.srv.MaxMessage() {
		return fmt.Errorf("a delivery of %d bytes: %w", len(body), ErrTooLarge)
	}
	if err := d.gauge.disk(1); err != nil {
		return err
	}
	m := jet.NewMsg(layout.DeliverySubject(source), body)
	setHeader(m, header)
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	wait := jet.RequestWait
	if !d.srv.Local() {
		wait = answerWait
	}
	return d.srv.Publish(ctx, layout.Lane(layout.Deliveries, source), m, wait)
}

// Trim removes the deliveries that were read and are older than keep; those of a stream that is half full as soon as
// they were read.
func (d *Deliveries) Trim(ctx context.Context, keep time.Duration) error { return d.trim(ctx, keep) }

// EraseText overwrites the deliveries with text that were read, and returns how many these were. What is only trimmed
// stays in the files until they go.
func (d *Deliveries) EraseText(ctx context.Context) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, source := range d.layout.Sources {
		erased, err := d.eraseText(ctx, source)
		if n += erased; err != nil {
			return n, fmt.Errorf("erase the texts of %s: %w", source, err)
		}
	}
	return n, nil
}

// EraseHeld overwrites the deliveries of a source that were read and of which holds reports true, with those that were
// stored together with them, and returns of how many that wait to be read it does.
func (d *Deliveries) EraseHeld(
	ctx context.Context, source string, holds func(data []byte) bool,
) (waiting int, err error) {
	if err := d.checkSource(source); err != nil {
		return 0, err
	}
	spec := d.spec(source)
	c, err := d.srv.JS(0).Consumer(ctx, spec.Stream, spec.Name)
	if err != nil {
		return 0, fmt.Errorf("deliveries of %s: %w", source, err)
	}
	read := c.CachedInfo().AckFloor.Stream
	all := jet.Walk{Stream: spec.Stream, Filter: spec.Filter, Conn: 1}
	err = d.srv.Walk(ctx, all, func(_ *nats.Msg, at *Msg) error {
		switch {
		case at.Damaged:
			d.lostMsg(at)
		case !holds(at.Data):
		case at.Seq > read:
			waiting++
		default:
			return d.srv.EraseMsg(ctx, spec.Stream, at.Seq)
		}
		return nil
	})
	if err != nil {
		return waiting, fmt.Errorf("deliveries of %s: %w", source, err)
	}
	return waiting, nil
}

func (d *Deliveries) eraseText(ctx context.Context, source string) (n int, err error) {
	spec := d.spec(source)
	c, err := d.srv.JS(0).Consumer(ctx, spec.Stream, spec.Name)
	if err != nil {
		return 0, err
	}
	read := c.CachedInfo().AckFloor.Stream
	from := min(d.erased[source], read)
	if from == read {
		return 0, nil
	}
	err = d.srv.Walk(ctx, jet.Walk{Stream: spec.Stream, Filter: spec.Filter, After: from, Conn: 1, Bare: true}, func(m *nats.Msg, at *Msg) error {
		if at.Seq > read {
			return errBound
		}
		if m.Header.Get(HeaderText) == "" {
			return nil
		}
		n++
		return d.srv.EraseMsg(ctx, spec.Stream, at.Seq)
	})
	if err != nil && !errors.Is(err, errBound) {
		return n, err
	}
	d.erased[source] = read
	return n, nil
}
