package jet

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Msg is one message of a stream. Data and Header belong to the receiver.
type Msg struct {
	Subject    string
	Data       []byte
	Header     map[string]string // ours; the server's own are left out
	Seq        uint64            // in Stream
	Stream     string
	Time       time.Time // when it was stored
	Deliveries int       // this one included
	Damaged    bool      // it is not what was stored, and Data is nil

	order uint64        // counts what the consumer has delivered
	left  uint64        // how many were waiting behind it
	wait  time.Duration // in hand for longer, it is delivered again
	nc    *nats.Conn
	reply string

	settled atomic.Bool
}

// Ack says that the message is dealt with. It is not waited for: after a crash the message may come again.
func (m *Msg) Ack() error { return m.settle("+ACK") }

// Nak puts the message off: it comes again after the delay, to whoever asks first.
func (m *Msg) Nak(delay time.Duration) error {
	if delay <= 0 {
		return m.settle("-NAK")
	}
	return m.settle(`-NAK {"delay": ` + strconv.FormatInt(delay.Nanoseconds(), 10) + `}`)
}

// Term is Ack for a message that could not be dealt with and shall not come again.
func (m *Msg) Term() error { return m.settle("+TERM") }

// InProgress asks for another wait before the message is taken for lost: 10 s for deliveries, 60 s for the others.
func (m *Msg) InProgress() error { return m.say("+WPI") }

// Hold keeps messages in hand until it is told to let go of them, however long that takes. Letting go settles nothing:
// what is not settled by then comes again after its wait.
func Hold(msgs []*Msg) (letGo func()) {
	if len(msgs) == 0 || msgs[0].wait == 0 {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(msgs[0].wait / 3)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			for _, m := range msgs {
				if !m.settled.Load() { // one that is put off would come sooner or later than it was put off to
					_ = m.InProgress() // what gets lost is said again before the wait is over
				}
			}
		}
	}()
	return sync.OnceFunc(func() { close(done) })
}

func (m *Msg) settle(verb string) error {
	m.settled.Store(true)
	return m.say(verb)
}

func (m *Msg) say(verb string) error {
	if m.reply == "" {
		return nil // from a log, where nothing is acknowledged
	}
	return m.nc.Publish(m.reply, []byte(verb))
}

// newMsg reads what the server says of a message from its reply subject:
// $JS.ACK.<domain>.<account hash>.<stream>.<consumer>.<delivered>.<stream seq>.<consumer
// seq>.<timestamp>.<pending>[.<random>], or the same without domain and account. Source: NATS docs, "JetStream wire
// API", acknowledgement subject.
func newMsg(nc *nats.Conn, m *nats.Msg) *Msg {
	t := strings.Split(m.Reply, ".")
	if len(t) >= 11 {
		t = append(t[:2:2], t[4:]...)
	}
	if len(t) < 9 {
		return nil
	}
	number := func(i int) uint64 { n, _ := strconv.ParseUint(t[i], 10, 64); return n } // the server's own figures
	body, damaged := unseal(m.Subject, m.Data)
	return &Msg{
		Subject: m.Subject, Data: body, Damaged: damaged, Header: headerOf(m.Header), Stream: t[2],
		Deliveries: int(number(4)), Seq: number(5),
		order: number(6), Time: time.Unix(0, int64(number(7))).UTC(), left: number(8), nc: nc, reply: m.Reply,
	}
}

func headerOf(h nats.Header) map[string]string {
	var out map[string]string
	for k, v := range h {
		if strings.HasPrefix(k, "Nats-") || len(v) == 0 {
			continue
		}
		if out == nil {
			out = make(map[string]string, len(h))
		}
		out[k] = v[0]
	}
	return out
}
