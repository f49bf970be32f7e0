package jet

import (
	"context"
	"time"
)

// pullWait is how long Gather waits for the first message.
const pullWait = time.Second

// Gather takes up to most messages that wait. With fewer than enough bytes at hand it waits for more until an instant,
// and for least at any rate: a round of few messages costs as much as one of many.
func (c *Consumer) Gather(ctx context.Context, most, enough int, until time.Time, least time.Duration) ([]*Msg, error) {
	msgs, err := c.Fetch(ctx, most, 0, pullWait)
	if err != nil || len(msgs) == 0 {
		return msgs, err
	}
	if first := time.Now().Add(least); first.After(until) {
		until = first
	}
	for len(msgs) < most && bytesOf(msgs) < enough {
		wait := time.Until(until)
		if wait <= 0 {
			break
		}
		more, err := c.Fetch(ctx, most-len(msgs), 0, wait)
		if err != nil {
			return msgs, nil // what is here is ours; the next call meets the error again
		}
		msgs = append(msgs, more...)
	}
	return msgs, nil
}

func bytesOf(msgs []*Msg) int {
	n := 0
	for _, m := range msgs {
		n += len(m.Data)
	}
	return n
}

// NakAll gives messages back; each comes again after delay.
func NakAll(msgs []*Msg, delay time.Duration) {
	for _, m := range msgs {
		_ = m.Nak(delay) // without it the message comes again after the consumer's AckWait
	}
}
