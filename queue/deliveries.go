package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Deliveries are the webhook requests as they came.
type Deliveries struct{ lane }

func newDeliveries(b base) *Deliveries {
	return &Deliveries{lane{base: b, stream: layout.Deliveries, spec: layout.DeliveryConsumer, conn: 1, floor: 1}}
}

// answerWait is how long a delivery waits for the answer of an outside server before it is sent again: what is sent to a cluster while it
// elects is lost, and others wait behind it. Stored twice it does no harm.
const answerWait = 2 * time.Second

// Publish returns nil once the delivery is durable. ErrFull: the source's share of the bytes is used up, or the disk nearly
// is. After any other error the delivery may be stored or not, and the sender must send it again.
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
	m := nats.NewMsg(layout.DeliverySubject(source))
	m.Data = body
	for k, v := range header {
		m.Header[k] = []string{v}
	}
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	wait := jet.RequestWait
	if !d.srv.Local() {
		wait = answerWait
	}
	for {
		try, cancel := context.WithTimeout(ctx, wait)
		_, err := d.srv.JS(0).PublishMsg(try, m)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return jet.PublishError(layout.Lane(layout.Deliveries, source), err)
		}
	}
}

// Trim removes the deliveries that were read and are older than keep; those of a stream that is half full as soon as they were read.
func (d *Deliveries) Trim(ctx context.Context, keep time.Duration) error { return d.trim(ctx, keep) }
