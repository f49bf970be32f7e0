package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// outside starts NATS servers with listeners on the loopback interface, as an operator would: one alone, or three as a
// cluster.
func outside(t testing.TB, n int, change ...func(*server.Options)) []*server.Server {
	t.Helper()
	ports := freePorts(t, 2*n)
	var routes []string
	for i := range n {
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", ports[n+i]))
	}
	dir := t.TempDir()
	servers := make([]*server.Server, n)
	for i := range n {
		o := &server.Options{
			ServerName: fmt.Sprintf("outside-%d", i), Host: "127.0.0.1", Port: ports[i], NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint(i)), JetStreamMaxStore: 40 * gib,
			JetStreamMaxMemory: 256 * mib, SyncAlways: true,
		}
		if n > 1 {
			o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[n+i]}
			o.Routes = server.RoutesFromStr(strings.Join(routes, ","))
		}
		for _, c := range change {
			c(o)
		}
		servers[i] = start(t, o)
	}
	for _, s := range servers {
		if !s.ReadyForConnections(hang) {
			t.Fatal("an outside server is not ready")
		}
	}
	return servers
}

func start(t testing.TB, o *server.Options) *server.Server {
	t.Helper()
	s := must1[*server.Server](t)(server.NewServer(o))
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// freePorts are ports that nobody listens at, and none of those from 32768 on that systems give to outgoing
// connections: one of them could use it before the server does, or while the server is started again.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	var err error
	for range 1000 {
		if len(ports) == n {
			return ports
		}
		port := 10_000 + rand.IntN(22_000)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer func() { must(t, l.Close()) }() // kept until all have a port of their own
			ports = append(ports, port)
		}
	}
	t.Fatalf("no port is free: %v", err)
	return nil
}

func urls(servers []*server.Server) string {
	var all []string
	for _, s := range servers {
		all = append(all, s.ClientURL())
	}
	return strings.Join(all, ",")
}

func outsideConfig(url, name string) Config {
	return Config{
		URL: url, Sources: []string{src}, Name: name, MaxStore: gib, DeliveriesBytes: 64 * mib, FactsBytes: 64 * mib,
		FetchesBytes: 64 * mib, DeadLettersBytes: 64 * mib,
	}
}

// TestOutsideStoreMadeByMany: of processes that find no store and begin at the same moment one makes it, and all go by
// what that one has made.
func TestOutsideStoreMadeByMany(t *testing.T) {
	url := urls(outside(t, 1))
	const many = 8
	var opened [many]*Queue
	var g errgroup.Group
	for i := range opened {
		g.Go(func() (err error) {
			opened[i], err = Open(t.Context(), outsideConfig(url, fmt.Sprint("p", i)))
			return err
		})
	}
	err := g.Wait()
	for _, q := range opened {
		if q != nil {
			t.Cleanup(func() { must(t, q.Close()) })
		}
	}
	must(t, err)
	for i, q := range opened {
		if !bytes.Equal(q.Salt(), opened[0].Salt()) {
			t.Errorf("process %d has another salt than the first", i)
		}
	}
}

func TestOutsideServerSharedByTwo(t *testing.T) {
	servers := outside(t, 1)
	one := reopen(t, outsideConfig(urls(servers), "one"))
	two := reopen(t, outsideConfig(urls(servers), "two"))
	if one.Partitions() != 64 || string(one.Salt()) != string(two.Salt()) {
		t.Errorf("%d partitions, want 64; the two have the same salt: %v", one.Partitions(),
			string(one.Salt()) == string(two.Salt()))
	}
	if n := one.Contacts.MaxBatch(); n != 999 {
		t.Errorf("MaxBatch is %d, want the server's 1000 less the checkpoint", n)
	}
	if n := one.MaxBundle(); n >= int(mib) || n < int(mib)-64<<10 {
		t.Errorf("MaxBundle is %d of the server's 1 MiB", n)
	}
	healthy(t, one)
	must(t, one.Deliveries.Room(0.8))

	must(t, one.Deliveries.Publish(t.Context(), src, []byte("d"), nil))
	must(t, fetch(t, two.Deliveries.Consumer(src), 1)[0].Ack())
	none(t, one.Deliveries.Consumer(src), "the other has it")

	l := must1[*Lease](t)(one.Leases.Acquire(t.Context(), "lease.63", time.Minute))
	if _, err := two.Leases.Acquire(t.Context(), "lease.63", time.Minute); !errors.Is(err, ErrHeld) {
		t.Errorf("the other's Acquire: %v, want ErrHeld", err)
	}
	must(t, l.Release(t.Context()))
	must(t, one.Leases.Announce(t.Context(), nil, time.Minute))
	must(t, two.Leases.Announce(t.Context(), nil, time.Minute))
	if all := must1[[]Member](t)(one.Leases.Members(t.Context())); len(all) != 2 || all[0].ID != "one" ||
		all[1].ID != "two" {
		t.Errorf("members %v", all)
	}

	at := commit(t, one, 63, Checkpoint{}, map[string]string{"c": "one"}, nil)
	taken := must1[Checkpoint](t)(two.Contacts.Checkpoint(t.Context(), 63))
	commit(t, two, 63, taken, map[string]string{"c": "two"}, nil)
	if _, err := one.Contacts.Commit(t.Context(), 63, Batch{Checkpoint: at}); !errors.Is(err, ErrFenced) {
		t.Errorf("the former owner's commit: %v, want ErrFenced", err)
	}
	// Compaction by one does not fence the other.
	last := must1[Checkpoint](t)(two.Contacts.Checkpoint(t.Context(), 63))
	must1[int](t)(one.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	commit(t, two, 63, last, map[string]string{"c": "after"}, nil)
	if got := must1[map[Key]Record](t)(two.Contacts.Load(t.Context(), 63, []Key{{src, "c"}})); string(got[Key{
		src,
		"c",
	}].Data) != "after" {
		t.Errorf("records %v", got)
	}
}

// A cluster that elects loses requests. A process that starts just then asks again, rather than wait for an answer
// until it gives up.
func TestOutsideServerThatLosesARequest(t *testing.T) {
	at := outside(t, 1)[0]
	first := must1[*Queue](t)(Open(t.Context(), outsideConfig(at.ClientURL(), "first")))
	must(t, first.Close())
	for _, lost := range []string{"STREAM.INFO.CONTACTS_0", "DIRECT.GET.CONTACTS_0", "CONSUMER.CREATE"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			url, dropped := losing(t, at.Addr().String(), lost)
			cfg := outsideConfig(url, "second")
			said := make(chan string, 100)
			cfg.Log = func(_, message string) { said <- message }
			q := must1[*Queue](t)(Open(t.Context(), cfg))
			must(t, q.Deliveries.Publish(t.Context(), src, []byte("works"), nil))
			must(t, q.Close())
			if !dropped() {
				t.Fatal("no such request was made")
			}
			if m := <-said; !strings.Contains(m, "asked again") {
				t.Errorf("the log says %q, want that it is asked again", m)
			}
		})
	}
}

// losing forwards connections to a server, and drops the first that is sent to it with text in it. dropped reports
// whether there was one.
func losing(t *testing.T, server, text string) (url string, dropped func() bool) {
	t.Helper()
	l := must1[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	t.Cleanup(func() { _ = l.Close() })
	var gone atomic.Bool
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s, err := net.Dial("tcp", server)
			if err != nil {
				_ = c.Close()
				return
			}
			go func() { _, _ = io.Copy(c, s); _ = c.Close() }()
			go func() {
				defer func() { _ = s.Close() }()
				b := make([]byte, 64<<10)
				for {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					if bytes.Contains(b[:n], []byte(text)) && gone.CompareAndSwap(false, true) {
						continue
					}
					if _, err := s.Write(b[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "nats://" + l.Addr().String(), gone.Load
}

func TestOutsideServerThatStopsForAWhile(t *testing.T) {
	var options []*server.Options
	servers := outside(t, 1, func(o *server.Options) { options = append(options, o) })
	o := options[0]
	q := reopen(t, outsideConfig(urls(servers), "one"))
	c := q.Deliveries.Consumer(src)
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 0, 0))
	defer l.Close()
	none(t, c, "nothing yet")
	lease := must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.0", time.Minute))
	servers[0].Shutdown()
	servers[0].WaitForShutdown()

	eventually(t, "the loss is noticed", func() bool { return q.Healthy(t.Context()) != nil })
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	if err := q.Deliveries.Publish(ctx, src, []byte("x"), nil); err == nil {
		t.Error("a delivery was acknowledged by nobody")
	}
	cancel()
	if _, err := q.Contacts.Commit(t.Context(), 0, Batch{
		Contacts: []Put{{Key: Key{src, "c"}}},
	}); !errors.Is(err, ErrUnknown) {
		t.Errorf("Commit without a server: %v, want ErrUnknown", err)
	}
	none(t, c, "no server") // waits, and is no error
	if msgs, err := l.Next(t.Context(), 1, 200*time.Millisecond); len(msgs) > 0 || err != nil {
		t.Errorf("log without a server: %v, %v", msgs, err)
	}

	start(t, o)
	eventually(t, "all is well again", func() bool { return q.Healthy(t.Context()) == nil })
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("y"), nil))
	if m := fetch(t, c, 1)[0]; string(m.Data) != "y" {
		t.Errorf("got %q", m.Data)
	}
	must(t, q.Facts.Publish(t.Context(), []Bundle{{0, []byte("z"), nil}}))
	eventually(t, "the log goes on", func() bool {
		msgs := must1[[]*Msg](t)(l.Next(t.Context(), 1, time.Second))
		return len(msgs) == 1 && string(msgs[0].Data) == "z"
	})
	if err := lease.Renew(t.Context()); !errors.Is(err, ErrLost) { // it was in the server's memory
		t.Errorf("Renew: %v, want ErrLost", err)
	}
	must1[*Lease](t)(q.Leases.Acquire(t.Context(), "lease.0", time.Minute))
	must(t, q.Leases.Announce(t.Context(), nil, time.Minute))
	select {
	case err := <-q.Failed():
		t.Errorf("Failed: %v, want it to wait for the server", err)
	default:
	}
}

func TestOutsideServerIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*server.Options)
		want   string
	}{
		"messages": {func(o *server.Options) { o.MaxPayload = 100_000 }, "raise its max_payload"},
		"batches": {func(o *server.Options) { o.JetStreamLimits.MaxBatchSize = 100 }, "raise its jetstream limit " +
			"max_batch_size"},
		"storage":  {func(o *server.Options) { o.JetStreamMaxStore = 100 * mib }, "raise its storage"},
		"password": {func(o *server.Options) { o.Username, o.Password = "u", "p" }, "Authorization"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), hang)
			defer cancel()
			_, err := Open(ctx, outsideConfig(urls(outside(t, 1, c.change)), "one"))
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	t.Run("storage of a cluster", func(t *testing.T) {
		if testing.Short() {
			t.Skip("starts three servers")
		}
		cfg := outsideConfig(urls(outside(t, 3, func(o *server.Options) { o.JetStreamMaxStore = 100 * mib })), "one")
		cfg.Replicas = 3
		eventually(t, "the cluster says what it lacks", func() bool { // once it has elected its leader
			ctx, cancel := context.WithTimeout(t.Context(), hang)
			defer cancel()
			q, err := Open(ctx, cfg)
			if err == nil {
				t.Log("opened")
				must(t, q.Close())
			}
			return err != nil && strings.Contains(err.Error(), "raise its storage")
		})
	})
	t.Run("nobody", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		url := fmt.Sprintf("nats://127.0.0.1:%d", freePorts(t, 1)[0])
		if _, err := Open(ctx, outsideConfig(url, "one")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want it to try until the context ends", err)
		}
	})
	t.Run("another program's stream", func(t *testing.T) {
		servers := outside(t, 1)
		q := must1[*Queue](t)(Open(t.Context(), outsideConfig(urls(servers), "one")))
		cfg := must1[jetstream.Stream](t)(q.srv.JS(0).Stream(t.Context(), layout.Facts)).CachedInfo().Config
		cfg.Metadata = nil
		must1[jetstream.Stream](t)(q.srv.JS(0).UpdateStream(t.Context(), cfg))
		must(t, q.Close())
		if _, err := Open(t.Context(), outsideConfig(urls(servers), "one")); err == nil ||
			!strings.Contains(err.Error(), "FACTS is there and is not Winnow's") {
			t.Errorf("%v", err)
		}
	})
}

// In a cluster of three the loss of one server, the leader of anything, loses nothing that was acknowledged.
func TestClusterLosesAServer(t *testing.T) {
	if testing.Short() {
		t.Skip("starts three servers")
	}
	servers := outside(t, 3)
	cfg := outsideConfig(urls(servers), "one")
	cfg.Replicas, cfg.Partitions = 3, 4
	q := openCluster(t, cfg)
	at := Checkpoint{}
	var bundles, deliveries int
	work := func(n int) {
		t.Helper()
		for range n {
			if q.Deliveries.Publish(t.Context(), src, []byte("d"), nil) == nil {
				deliveries++
			}
			if q.Facts.Publish(t.Context(), []Bundle{{0, []byte("b"), nil}}) == nil {
				bundles++
			}
			next, err := q.Contacts.Commit(t.Context(), 0, Batch{
				Contacts: []Put{{Key: Key{src, "c"}, Data: fmt.Append(nil, bundles)}}, Checkpoint: Checkpoint{
					Data: fmt.Append(nil, bundles), Seq: at.Seq,
				},
			})
			for errors.Is(err, ErrUnknown) {
				if next, err = q.Contacts.Checkpoint(t.Context(), 0); err != nil {
					time.Sleep(100 * time.Millisecond)
					err = ErrUnknown
				}
			}
			must(t, err)
			at = next
		}
	}
	work(20)
	victim := leader(t, q, layout.ContactsStream(0))
	for _, s := range servers {
		if s.Name() == victim {
			s.Shutdown()
			s.WaitForShutdown()
		}
	}
	work(20)
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 0, []Key{{src, "c"}}))
	if string(got[Key{src, "c"}].Data) != string(at.Data) {
		t.Errorf("the record is at %s, the checkpoint at %s", got[Key{src, "c"}].Data, at.Data)
	}
	if deliveries < 30 {
		t.Errorf("%d of 40 deliveries were taken", deliveries)
	}
	seen := map[uint64]bool{}
	c := q.Deliveries.Consumer(src)
	eventually(t, "all deliveries come", func() bool {
		for _, m := range must1[[]*Msg](t)(c.Fetch(t.Context(), 100, 0, time.Second)) {
			seen[m.Seq] = true
			must(t, m.Ack())
		}
		return len(seen) >= deliveries
	})
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 0, 0))
	defer l.Close()
	n := 0
	eventually(t, "all bundles come", func() bool {
		n += len(must1[[]*Msg](t)(l.Next(t.Context(), 100, time.Second)))
		return n >= bundles
	})
}

func leader(t testing.TB, q *Queue, stream string) string {
	t.Helper()
	s, err := q.srv.JS(0).Stream(t.Context(), stream)
	must(t, err)
	return s.CachedInfo().Cluster.Leader
}
