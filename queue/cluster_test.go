package queue

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// wire carries bytes between two servers of a cluster, and holds them up while it is cut.
type wire struct {
	mu sync.Mutex
}

// to returns the address at which the wire takes connections for another address.
func (w *wire) to(t testing.TB, address string) string {
	t.Helper()
	l := must1[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(func() { stop(); _ = l.Close(); wg.Wait() })
	carry := func(from, to net.Conn) {
		defer func() { _, _ = from.Close(), to.Close() }() // one end is gone: so is the other
		_, _ = io.Copy(held{to, w}, from)
	}
	wg.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", address)
			if err != nil {
				_ = in.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _, _ = in.Close(), out.Close() })
			wg.Go(func() { carry(in, out) })
			wg.Go(func() { carry(out, in) })
		}
	})
	return l.Addr().String()
}

// cut runs fn while the wire carries nothing.
func (w *wire) cut(fn func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fn()
}

// held is a writer at the end of a wire.
type held struct {
	io.Writer
	w *wire
}

func (h held) Write(b []byte) (int, error) {
	h.w.mu.Lock()
	h.w.mu.Unlock() //nolint:staticcheck // it waits while the wire is cut
	return h.Writer.Write(b)
}

// lagging starts a cluster of three of which the first leads the stream and the last the stream's consumer, and returns
// a queue that is connected to the one between them, and the wire between those two. While it is cut all three have a
// majority that they can reach.
func lagging(t testing.TB, spec layout.Consumer) (*Queue, *wire) {
	t.Helper()
	w := &wire{}
	var options []*server.Options
	servers := outside(t, 3, func(o *server.Options) {
		options = append(options, o)
		if i := len(options) - 1; i != 1 {
			o.Cluster.Advertise = w.to(t, net.JoinHostPort(o.Cluster.Host, strconv.Itoa(o.Cluster.Port)))
			o.Routes = o.Routes[1:2] // the others are told of each other by the one between
		}
	})
	cfg := outsideConfig(servers[1].ClientURL(), "one")
	cfg.Replicas, cfg.Partitions = 3, 1
	q := openCluster(t, cfg)
	eventually(t, "the first leads the stream and the last the consumer", func() bool {
		s, err1 := q.srv.JS(0).Stream(t.Context(), spec.Stream)
		c, err2 := q.srv.JS(0).Consumer(t.Context(), spec.Stream, spec.Name)
		if err1 != nil || err2 != nil {
			return false
		}
		if s.CachedInfo().Cluster.Leader != servers[0].Name() {
			return lead(t, q, "STREAM.LEADER.STEPDOWN."+spec.Stream, servers[0])
		}
		if c.CachedInfo().Cluster.Leader != servers[2].Name() {
			return lead(t, q, "CONSUMER.LEADER.STEPDOWN."+spec.Stream+"."+spec.Name, servers[2])
		}
		return true
	})
	return q, w
}

// TestClusterWhoseLeaderIsCutOff: a delivery that was on its way to it goes to the next leader, while its sender waits.
func TestClusterWhoseLeaderIsCutOff(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	w, away := &wire{}, ""
	servers := outside(t, 3, func(o *server.Options) {
		if away == "" {
			away = w.to(t, net.JoinHostPort(o.Cluster.Host, strconv.Itoa(o.Cluster.Port)))
			o.Cluster.Advertise, o.Routes = away, o.Routes[:1] // to itself: the others come to it
			return
		}
		o.Routes[0].Host = away
	})
	cfg := outsideConfig(servers[1].ClientURL(), "one")
	cfg.Replicas, cfg.Partitions = 3, 1
	q := openCluster(t, cfg)
	stream := layout.Lane(layout.Deliveries, src)
	eventually(t, "the first leads", func() bool {
		return leader(t, q, stream) == servers[0].Name() || lead(t, q, "STREAM.LEADER.STEPDOWN."+stream, servers[0])
	})
	w.cut(func() { must(t, q.Deliveries.Publish(t.Context(), src, []byte("1"), nil)) })
	if m := fetch(t, q.Deliveries.Consumer(src), 1)[0]; string(m.Data) != "1" {
		t.Errorf("got %q, want 1", m.Data)
	}
}

// lead has a server lead a stream or a consumer, if it can, and returns false: it has to be looked at again.
func lead(t testing.TB, q *Queue, what string, s *server.Server) bool {
	t.Helper()
	b := must1[[]byte](t)(json.Marshal(map[string]any{"placement": map[string]string{"preferred": s.Name()}}))
	must1[*nats.Msg](t)(q.srv.Conn(0).RequestWithContext(t.Context(), "$JS.API."+what, b))
	time.Sleep(2 * time.Second) // while they elect
	return false
}

// TestClusterWhoseConsumerLags: the leader of a consumer has not heard yet of what was stored.
func TestClusterWhoseConsumerLags(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	q, w := lagging(t, layout.DeliveryConsumer(src))
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("1"), nil))
	must(t, fetch(t, q.Deliveries.Consumer(src), 1)[0].Ack())
	eventually(t, "the first is read", func() bool {
		return must1[uint64](t)(q.Deliveries.Waiting(t.Context(), src)) == 0
	})

	var data []byte
	w.cut(func() {
		must(t, q.Deliveries.Publish(t.Context(), src, []byte("2"), nil))
		if n := must1[uint64](t)(q.Deliveries.Waiting(t.Context(), src)); n != 0 {
			t.Errorf("the consumer's leader knows of %d: it proves nothing", n)
		}
		data, _ = oldest(t, q.Deliveries.lane)
		must(t, q.Deliveries.Trim(t.Context(), 0))
	})
	if string(data) != "2" {
		t.Errorf("%q is the oldest that waits, want 2", data)
	}
	if m := fetch(t, q.Deliveries.Consumer(src), 1)[0]; string(m.Data) != "2" {
		t.Errorf("got %q, want 2", m.Data)
	}
}

// openCluster opens a store over a cluster once it has elected its leader.
func openCluster(t testing.TB, cfg Config) (q *Queue) {
	t.Helper()
	eventually(t, "the cluster takes streams", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), hang)
		defer cancel()
		var err error
		if q, err = Open(ctx, cfg); err != nil {
			t.Log(err)
		}
		return err == nil
	})
	if q == nil {
		t.FailNow()
	}
	t.Cleanup(func() { must(t, q.Close()) })
	return q
}
