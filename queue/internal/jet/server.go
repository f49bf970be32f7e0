// Package jet speaks to one NATS JetStream: publishes, reads, ordered walks and pull consumers, each with what its
// answers mean. It knows streams and subjects by name only; what they are for is the queue's.
package jet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// connections is how many there are to the server. Each has one reader and one writer goroutine on either side;
// partitions spread over them, so that one commit of thousands of messages does not stand before all else.
const connections = 4

// asyncPending is how many asynchronous publishes of one connection may wait for their acknowledgement.
const asyncPending = 4096

// headerRoom is how many bytes are kept free in every message for headers and the seal. NATS allows no more than that.
const headerRoom = 64 << 10

// Options says how to reach the server.
type Options struct {
	Name   string                  // of this process
	URL    string                  // of an outside server
	Local  []nats.Option           // of the embedded one, in place of URL
	Access []nats.Option           // credentials and certificates
	Log    func(level, msg string) // of the connections
	Broken context.Context         // ends when the embedded one failed to write; nil: it is outside
}

// Server is this process's connections to one server. It is safe for concurrent use.
type Server struct {
	opt      Options
	conns    []*nats.Conn
	js       []jetstream.JetStream // one for each connection
	replicas int
	maxBatch int
	failed   chan error
	closing  chan struct{}
}

// Connect makes the connections. An outside server is tried until ctx ends, and lost connections are made again for
// ever.
func Connect(ctx context.Context, opt Options) (*Server, error) {
	s := &Server{opt: opt, replicas: 1, failed: make(chan error, 1), closing: make(chan struct{})}
	for i := range connections {
		nc, err := s.connect(ctx, i)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.conns = append(s.conns, nc)
		js, err := jetstream.New(nc, jetstream.WithPublishAsyncMaxPending(asyncPending),
			jetstream.WithDefaultTimeout(RequestWait))
		if err != nil {
			s.Close()
			return nil, err
		}
		s.js = append(s.js, js)
	}
	return s, nil
}

// connect makes connection i.
func (s *Server) connect(ctx context.Context, i int) (*nats.Conn, error) {
	opts := []nats.Option{
		nats.Name(fmt.Sprintf("winnow %s %d", s.opt.Name, i)),
		nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond), nats.ReconnectJitter(250*time.Millisecond,
			500*time.Millisecond),
		nats.IgnoreAuthErrorAbort(), // credentials may be renewed while we wait
		// a publish while there is no connection fails at once, rather than arrive at any later time
		nats.ReconnectBufSize(-1),
		nats.SyncQueueLen(pulledAtOnce),
		nats.Timeout(5 * time.Second), nats.PingInterval(20 * time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				s.opt.Log("warn", "connection to the queue lost: "+err.Error())
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { s.opt.Log("info", "connected to the queue again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			s.opt.Log("warn", "queue: "+err.Error())
		}),
		nats.ClosedHandler(func(*nats.Conn) { s.Fail(errors.New("queue: the connection was closed")) }),
	}
	if s.Local() {
		return nats.Connect("", append(opts, s.opt.Local...)...)
	}
	// a server that stands still is left for another after six seconds
	opts = append(opts, nats.PingInterval(2*time.Second))
	opts = append(opts, s.opt.Access...)
	for warned := false; ; {
		nc, err := nats.Connect(s.opt.URL, opts...)
		if err == nil {
			return nc, nil
		}
		// A refusal will not change by itself; a server that is not there yet may come.
		if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || !isNetwork(err) {
			return nil, fmt.Errorf("connect to WINNOW_NATS_URL: %w", err)
		}
		if !warned {
			s.opt.Log("warn", "waiting for the outside queue: "+err.Error())
			warned = true
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to WINNOW_NATS_URL: %w", errors.Join(err, ctx.Err()))
		case <-time.After(time.Second):
		}
	}
}

// isNetwork reports whether err of a connection attempt may go away by itself.
func isNetwork(err error) bool {
	if errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout) {
		return true
	}
	text := err.Error() // the rest of what dialling may return has no common type
	return strings.Contains(text, "dial ") || strings.Contains(text, "connection re") ||
		strings.Contains(text, "EOF") || strings.Contains(text, "i/o timeout")
}

// Local reports whether the server is in this process.
func (s *Server) Local() bool { return s.opt.Broken != nil }

// Broken returns why the embedded server could not write, nil while it can.
func (s *Server) Broken() error {
	if !s.Local() {
		return nil
	}
	return context.Cause(s.opt.Broken)
}

// whileSound is ctx that also ends, with the reason as its cause, when the embedded server fails to write: it leaves
// unanswered what it could not store.
func (s *Server) whileSound(ctx context.Context) (context.Context, context.CancelFunc) {
	if !s.Local() {
		return ctx, func() {}
	}
	ctx, end := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.opt.Broken, func() { end(s.Broken()) })
	return ctx, func() { stop(); end(nil) }
}

// Conn is the connection of a partition, or of anything else that is numbered.
func (s *Server) Conn(i int) *nats.Conn { return s.conns[i%len(s.conns)] }

// JS is the JetStream of connection i.
func (s *Server) JS(i int) jetstream.JetStream { return s.js[i%len(s.js)] }

// MaxMessage is the largest message body in bytes that may be published.
func (s *Server) MaxMessage() int { return int(s.MaxPayload()) - headerRoom }

// MaxPayload is the server's own bound for a message with its headers.
func (s *Server) MaxPayload() int64 { return s.conns[0].MaxPayload() }

// Replicas says how many copies a stream has. It is called once, before there are others that use the server.
func (s *Server) Replicas(n int) { s.replicas = n }

// Connected returns what is wrong with the connections.
func (s *Server) Connected() error {
	for _, nc := range s.conns {
		if st := nc.Status(); st != nats.CONNECTED {
			return fmt.Errorf("queue: the connection is %s", strings.ToLower(st.String()))
		}
	}
	return nil
}

// Failed receives one error when the queue cannot go on: the embedded server died, the connection was closed for good,
// a stream is gone.
func (s *Server) Failed() <-chan error { return s.failed }

// Closing is closed when Close begins.
func (s *Server) Closing() <-chan struct{} { return s.closing }

// Fail is without effect once Close has begun.
func (s *Server) Fail(err error) {
	select {
	case <-s.closing:
		return
	default:
	}
	select {
	case s.failed <- err:
	default: // the first reason is the one that counts
	}
}

// Close sends what is buffered and closes the connections. It is called once.
func (s *Server) Close() {
	close(s.closing)
	for _, nc := range s.conns {
		if nc.IsConnected() {
			_ = nc.FlushTimeout(2 * time.Second) // acknowledgements: what is not flushed is delivered again
		}
		nc.Close()
	}
}
