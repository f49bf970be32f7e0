package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Queue is one process's way into the store. It is safe for concurrent use.
type Queue struct {
	cfg      Config
	embedded *embedded // nil: the server is outside
	conns    []*nats.Conn
	js       []jetstream.JetStream // one for each connection
	layout   layout
	meta     meta
	maxBatch int
	started  bool // streams and consumers are there
	parts    []*partition
	commits  []*committer // one for each stream of records
	moves    moves
	states   sync.Mutex // one PutState at a time
	room     roomCache

	failed  chan error
	closing chan struct{}
	once    sync.Once
	watch   sync.WaitGroup
	closed  error
}

// partition is what this process knows of one partition.
type partition struct {
	mu   sync.Mutex    // one commit at a time
	seen atomic.Uint64 // sequence of the latest checkpoint known here: a copy of the stream that lags behind it must not answer
}

// saw notes the sequence of a checkpoint.
func (p *partition) saw(seq uint64) {
	for was := p.seen.Load(); seq > was && !p.seen.CompareAndSwap(was, seq); was = p.seen.Load() {
	}
}

// connections is how many there are to the server. Each has one reader and one writer goroutine on either side; partitions spread
// over them, so that one commit of thousands of messages does not stand before all else.
const connections = 4

// How long an answer of the server may take where the caller's context sets no end. What is asked of a cluster while it elects is
// lost, so a question is not waited for as long as a commit, which on a slow disk takes its time.
const (
	requestWait = 15 * time.Second
	commitWait  = time.Minute
)

// Open starts the embedded server, or connects to the outside one until ctx ends, and makes or updates streams and consumers. It
// refuses a server that cannot hold what is published here, a store that another process has open (ErrInUse), a wrong key, and
// settings that differ from what the store was made with.
func Open(ctx context.Context, cfg Config) (_ *Queue, err error) {
	cfg, err = cfg.settled()
	if err != nil {
		return nil, err
	}
	q := &Queue{cfg: cfg, failed: make(chan error, 1), closing: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the queue: %w", err), q.Close())
		}
	}()
	if cfg.URL == "" {
		if q.embedded, q.cfg, err = openEmbedded(cfg); err != nil {
			return nil, err
		}
	} else {
		q.cfg = cfg.shared(outsideStore)
	}
	for i := range connections {
		nc, err := q.connect(ctx, i)
		if err != nil {
			return nil, err
		}
		q.conns = append(q.conns, nc)
		js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(asyncPending), jetstream.WithDefaultTimeout(requestWait))
		if err != nil {
			return nil, err
		}
		q.js = append(q.js, js)
	}
	if n := q.conns[0].MaxPayload(); n < leastMaxPayload {
		return nil, fmt.Errorf("the server takes messages of %s: raise its max_payload to %s at least", size(n), size(leastMaxPayload))
	}
	if err := q.setUp(ctx); err != nil {
		return nil, err
	}
	q.parts = make([]*partition, q.layout.partitions)
	for i := range q.parts {
		q.parts[i] = &partition{}
	}
	for i := range q.layout.streams {
		nc := q.conn(i)
		q.commits = append(q.commits, q.newCommitter(func(ctx context.Context, msgs []*nats.Msg) (uint64, error) {
			return atomicBatch(ctx, nc, msgs)
		}))
	}
	if q.embedded != nil {
		q.watch.Go(q.watchServer)
	}
	return q, nil
}

// outsideStore stands for the size of an outside store, which we are not told: it makes the default bounds of the streams.
const outsideStore = 24 * gib

// asyncPending is how many asynchronous publishes of one connection may wait for their acknowledgement.
const asyncPending = 4096

// connect makes connection i. Outside it tries until ctx ends, and once made it is made again for ever.
func (q *Queue) connect(ctx context.Context, i int) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(fmt.Sprintf("winnow %s %d", q.cfg.Name, i)),
		nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, 500*time.Millisecond),
		nats.IgnoreAuthErrorAbort(), // credentials may be renewed while we wait
		nats.ReconnectBufSize(-1),   // a publish while there is no connection fails at once, rather than arrive at any later time
		nats.Timeout(5 * time.Second), nats.PingInterval(20 * time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				q.cfg.Log("warn", "connection to the queue lost: "+err.Error())
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { q.cfg.Log("info", "connected to the queue again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { q.cfg.Log("warn", "queue: "+err.Error()) }),
		nats.ClosedHandler(func(*nats.Conn) { q.fail(errors.New("queue: the connection was closed")) }),
	}
	if q.embedded != nil {
		return nats.Connect("", append(opts, nats.InProcessServer(q.embedded.srv))...)
	}
	opts = append(opts, nats.PingInterval(2*time.Second)) // a server that stands still is left for another after six seconds
	if q.cfg.Creds != "" {
		opts = append(opts, nats.UserCredentials(q.cfg.Creds))
	}
	if q.cfg.TLSCA != "" {
		opts = append(opts, nats.RootCAs(q.cfg.TLSCA))
	}
	if q.cfg.TLSCert != "" {
		opts = append(opts, nats.ClientCert(q.cfg.TLSCert, q.cfg.TLSKey))
	}
	for warned := false; ; {
		nc, err := nats.Connect(q.cfg.URL, opts...)
		if err == nil {
			return nc, nil
		}
		// A refusal will not change by itself; a server that is not there yet may come.
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || !isNetwork(err) {
			return nil, fmt.Errorf("connect to WINNOW_NATS_URL: %w", err)
		}
		if !warned {
			q.cfg.Log("warn", "waiting for the outside queue: "+err.Error())
			warned = true
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to WINNOW_NATS_URL: %w", errors.Join(err, ctx.Err()))
		case <-time.After(time.Second):
		}
	}
}

// watchServer ends the process's use of the queue when the embedded server ends by itself.
func (q *Queue) watchServer() {
	stopped := make(chan struct{})
	go func() { q.embedded.srv.WaitForShutdown(); close(stopped) }()
	select {
	case <-q.closing:
		<-stopped // Close stops the server, and this goroutine waits for its own
	case why := <-q.embedded.log.fatal:
		q.fail(fmt.Errorf("queue: embedded server: %s", why))
		<-stopped
	case <-stopped:
		q.fail(errors.New("queue: the embedded server stopped by itself"))
	}
}

// Failed receives one error when the queue cannot go on and the process must end: the embedded server died, the connection was
// closed for good, a stream is gone.
func (q *Queue) Failed() <-chan error { return q.failed }

// fail is without effect once Close has begun.
func (q *Queue) fail(err error) {
	select {
	case <-q.closing:
		return
	default:
	}
	select {
	case q.failed <- err:
	default: // the first reason is the one that counts
	}
}

// Close sends what is buffered, closes the connections, stops the embedded server and waits for it. It may be called twice.
func (q *Queue) Close() error {
	q.once.Do(func() {
		close(q.closing)
		for _, nc := range q.conns {
			if nc.IsConnected() {
				_ = nc.FlushTimeout(2 * time.Second) // acknowledgements: what is not flushed is delivered again
			}
			nc.Close()
		}
		if q.embedded != nil {
			q.closed = q.embedded.close()
		}
		q.watch.Wait()
	})
	return q.closed
}

// Salt is 32 random bytes made with the store and kept in it.
func (q *Queue) Salt() []byte { return append([]byte(nil), q.meta.Salt...) }

// Partitions is how many there are, fixed with the store.
func (q *Queue) Partitions() int { return q.layout.partitions }

// PartitionOf is the partition of a contact: FNV-1a-32 of source and contact, modulo Partitions.
func (q *Queue) PartitionOf(source, contact string) int {
	return partitionOf(source, contact, q.layout.partitions)
}

// Name is this process's id among the members.
func (q *Queue) Name() string { return q.cfg.Name }

// MaxBundle is the largest message body in bytes that may be published.
func (q *Queue) MaxBundle() int { return int(q.conns[0].MaxPayload()) - headerRoom }

// MaxBatch is how many messages, contacts and ratings together, one Commit may hold.
func (q *Queue) MaxBatch() int { return q.maxBatch - 1 } // the checkpoint is one

// conn is the connection of a partition, or of anything else that is numbered.
func (q *Queue) conn(i int) *nats.Conn               { return q.conns[i%len(q.conns)] }
func (q *Queue) stream(p int) string                 { return contactsStream(p % q.layout.streams) }
func (q *Queue) jetstream(i int) jetstream.JetStream { return q.js[i%len(q.js)] }

func (q *Queue) checkPartition(p int) error {
	if p < 0 || p >= q.layout.partitions {
		return fmt.Errorf("queue: partition %d of %d", p, q.layout.partitions)
	}
	return nil
}

// bounded gives ctx an end where it has none.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return boundedBy(ctx, requestWait)
}

func boundedBy(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}

// isNetwork reports whether err of a connection attempt may go away by itself.
func isNetwork(err error) bool {
	if errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) {
		return true
	}
	text := err.Error() // the rest of what dialling may return has no common type
	return strings.Contains(text, "dial ") || strings.Contains(text, "connection re") || strings.Contains(text, "EOF") || strings.Contains(text, "i/o timeout")
}
