package app

import (
	"log"
	"net"
	"net/http"
	"regexp"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// mostConnections is how many connections the webhooks may have at once where the process may open so many files.
const mostConnections = 4096

// bounded is a listener that has at most so many connections open. Beyond that the oldest one that has not sent a
// request yet, or waits for its next, gives way: whoever opens connections and says nothing cannot keep others out.
type bounded struct {
	net.Listener
	most int

	mu   sync.Mutex
	open map[*counted]time.Time // since when it has been idle; zero: it is at work
}

func bound(ln net.Listener, most int) *bounded {
	return &bounded{Listener: ln, most: most, open: map[*counted]time.Time{}}
}

// Accept returns the next connection.
func (b *bounded) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &counted{Conn: conn, of: b}
	b.mu.Lock()
	b.open[c] = time.Now()
	var oldest *counted
	if len(b.open) > b.most {
		oldest = b.oldest(c)
	}
	b.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close() // its server finds it closed
	}
	return c, nil
}

// oldest is the connection that has been idle for longest; the newest itself where all are at work.
func (b *bounded) oldest(newest *counted) *counted {
	oldest := newest
	for c, since := range b.open {
		if !since.IsZero() && since.Before(b.open[oldest]) {
			oldest = c
		}
	}
	return oldest
}

// state follows what the server says of its connections.
func (b *bounded) state(conn net.Conn, s http.ConnState) {
	c, ok := conn.(*counted)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.open[c]; !ok {
		return
	}
	switch s {
	case http.StateActive:
		b.open[c] = time.Time{}
	case http.StateIdle:
		b.open[c] = time.Now()
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	of *bounded
}

// Close closes the connection.
func (c *counted) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// serverLog takes in what an HTTP server says of its connections: at a bounded pace, for whoever connects can cause it,
// and without addresses.
func serverLog(l *zap.Logger) *log.Logger {
	l = l.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(c, 10*time.Minute, 1, 0)
	}))
	return log.New(said{l}, "", 0)
}

type said struct{ log *zap.Logger }

var address = regexp.MustCompile(`\[?[0-9a-fA-F:.]+\]?:\d+`)

func (s said) Write(line []byte) (int, error) {
	s.log.Warn("the server of the webhooks complains of a connection", zap.ByteString("what", address.ReplaceAll(line, []byte("an address"))))
	return len(line), nil
}
