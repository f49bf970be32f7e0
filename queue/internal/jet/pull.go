package jet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// errNoConsumer says that nobody answers the pull: the consumer is gone, or the server is.
var errNoConsumer = errors.New("no such consumer")

// puller takes messages from one pull consumer, one request at a time over one subscription. A request is answered at
// once with what is there, or with the first that comes within its wait. The library's own iterators either wait for a
// full batch or, in rare cases, stand still for 30 seconds.
type puller struct {
	nc      *nats.Conn
	subject string // of the requests: $JS.API.CONSUMER.MSG.NEXT.<stream>.<consumer>
	inbox   string
	sub     *nats.Subscription
	n       uint64 // numbers the requests, so that a late answer to one is not taken for the answer to the next
}

// gap is how long the next message of a begun batch may take. Only a consumer that has reached its limit of messages in
// hand makes us wait for it.
const gap = 100 * time.Millisecond

// pulledAtOnce is how many messages a subscription has room for: three of the largest requests, of which one is open at
// a time. The library's default is four times that, which is half a megabyte for each subscription.
const pulledAtOnce = 16 << 10

func newPuller(nc *nats.Conn, stream, consumer string) (*puller, error) {
	p := &puller{nc: nc, subject: "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer, inbox: nats.NewInbox()}
	var err error
	if p.sub, err = nc.SubscribeSync(p.inbox + ".*"); err != nil {
		return nil, err
	}
	return p, p.sub.SetPendingLimits(-1, -1) // what comes is bounded by what we ask for
}

func (p *puller) close() { _ = p.sub.Unsubscribe() } // an error means that it is gone already

// drain ends the subscription, and with it the request that may still stand at the server, and returns what came for
// it.
func (p *puller) drain() (msgs []*nats.Msg) {
	if p.sub.Drain() != nil {
		return nil // it is gone already
	}
	for {
		m, err := p.sub.NextMsg(gap)
		if err != nil {
			p.close() // where the server did not answer; else it is gone
			return msgs
		}
		if status(m) == "" {
			msgs = append(msgs, m)
		}
	}
}

type pullRequest struct {
	Batch    int           `json:"batch"`
	MaxBytes int           `json:"max_bytes,omitempty"`
	Expires  time.Duration `json:"expires"`
	NoWait   bool          `json:"no_wait"`
}

// pull returns up to most messages of maxBytes together (0: any), or none after wait. A single message larger than
// maxBytes comes alone. Messages that came too late for the request before this one are returned first.
func (p *puller) pull(ctx context.Context, most, maxBytes int, wait time.Duration) ([]*nats.Msg, error) {
	if msgs := p.late(most); len(msgs) > 0 {
		return msgs, nil
	}
	end := time.Now().Add(max(wait, time.Millisecond))
	for {
		left := time.Until(end)
		if left <= 0 {
			return nil, Ended(ctx, nil)
		}
		msgs, again, err := p.request(ctx, pullRequest{most, maxBytes, left, true})
		switch {
		case len(msgs) > 0 || err != nil:
			return msgs, err
		case again == tooBig:
			maxBytes, most = 0, 1
		case again == busy: // another process's request comes first
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(min(10*time.Millisecond, left)):
			}
		case again == over:
			return nil, Ended(ctx, nil)
		}
	}
}

// late returns what has come since the last request ended.
func (p *puller) late(most int) (msgs []*nats.Msg) {
	for len(msgs) < most {
		if n, _, err := p.sub.Pending(); n == 0 || err != nil {
			return msgs
		}
		m, err := p.sub.NextMsg(gap)
		if err != nil {
			return msgs
		}
		if status(m) == "" {
			msgs = append(msgs, m)
		}
	}
	return msgs
}

// verdict is what a request without messages calls for.
type verdict int

const (
	over   verdict = iota // nothing there within the wait
	tooBig                // there is something, larger than the bytes asked for
	busy                  // others wait for the same
)

func (p *puller) request(ctx context.Context, r pullRequest) (msgs []*nats.Msg, _ verdict, _ error) {
	p.n++
	reply := p.inbox + "." + strconv.FormatUint(p.n, 10)
	b, err := json.Marshal(r)
	if err != nil {
		return nil, over, err
	}
	if err := p.nc.PublishRequest(p.subject, reply, b); err != nil {
		if p.nc.IsClosed() {
			return nil, over, err
		}
		return nil, over, errNoConsumer // no connection just now; it comes back by itself
	}
	timer, cancel := context.WithTimeout(ctx, r.Expires)
	defer cancel()
	for len(msgs) < r.Batch {
		m, err := p.next(timer, len(msgs) > 0)
		if errors.Is(err, nats.ErrNoResponders) && len(msgs) == 0 {
			return nil, over, errNoConsumer
		}
		if err != nil {
			if len(msgs) > 0 || errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil ||
				errors.Is(err, nats.ErrTimeout) {
				return msgs, over, nil
			}
			return nil, over, Ended(ctx, err)
		}
		code := status(m)
		if code == "" {
			msgs = append(msgs, m)
			continue
		}
		if m.Subject != reply {
			continue // of an earlier request
		}
		what := m.Header.Get("Description")
		switch {
		case code == "100":
			continue // a heartbeat
		case len(msgs) > 0, code == "404", code == "408" && what != "Requests Pending":
			return msgs, over, nil
		case code == "408", code == "409" && strings.Contains(what, "MaxWaiting"):
			return nil, busy, nil
		case code == "409" && strings.Contains(what, "MaxBytes"):
			return nil, tooBig, nil
		case code == "409":
			return nil, over, errNoConsumer
		}
		return nil, over, fmt.Errorf("pull: %s %s", code, what)
	}
	return msgs, over, nil
}

// next waits for one message: to the end of the request for the first, only a little for the following ones.
func (p *puller) next(ctx context.Context, begun bool) (*nats.Msg, error) {
	if begun {
		return p.sub.NextMsg(gap)
	}
	return p.sub.NextMsgWithContext(ctx)
}

// status is the code of a message that is the server's word about a request; empty for a message of the stream.
func status(m *nats.Msg) string {
	if len(m.Data) > 0 || m.Header == nil {
		return ""
	}
	return m.Header.Get("Status")
}
