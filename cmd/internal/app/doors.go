package app

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/intake"
)

// bounded is a listener that has at most so many connections open, and of one address at most a share of them. Beyond
// that a connection gives way that has none of a verified request in hand: first of those that never had one, the
// oldest of them first. So nobody is kept out by connections that say nothing, or a byte now and then.
type bounded struct {
	net.Listener
	most    int
	share   int            // of one address; 0: as many as there may be
	proxies []netip.Prefix // have the connections of many

	mu   sync.Mutex
	all  waiting
	from map[string]*waiting // by address
}

// connectionShare is the part of the webhooks' connections that one address may have: a CRM sends from few addresses,
// over some tens of connections.
const connectionShare = 4

func bound(ln net.Listener, most int) *bounded {
	return &bounded{Listener: ln, most: most, from: map[string]*waiting{}}
}

// waiting are connections, and which of them may give way, in this order.
type waiting struct {
	open             int
	strangers, known list.List // of *counted: nothing verified came over it yet; something did
}

func (w *waiting) put(c *counted) *list.Element {
	if c.known {
		return w.known.PushBack(c)
	}
	return w.strangers.PushBack(c)
}

func (w *waiting) takeOut(e *list.Element) {
	w.strangers.Remove(e) // the list that e is not of leaves it alone
	w.known.Remove(e)
}

func (w *waiting) first() *counted {
	for _, l := range []*list.List{&w.strangers, &w.known} {
		if e := l.Front(); e != nil {
			c, _ := e.Value.(*counted)
			return c
		}
	}
	return nil
}

// Accept returns the next connection.
func (b *bounded) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &counted{Conn: conn, of: b}
	if b.share > 0 {
		c.from = intake.Peer(conn.RemoteAddr().String(), b.proxies)
	}
	if first := b.add(c); first != nil {
		_ = first.Close() // its server finds it closed
	}
	return c, nil
}

// add counts c, and returns the connection that gives way for it.
func (b *bounded) add(c *counted) (first *counted) {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.from[c.from]
	if own == nil {
		own = &waiting{}
		b.from[c.from] = own
	}
	b.all.open++
	own.open++
	c.wait(own)
	if c.from != "" && own.open > b.share {
		first = own.first()
	} else if b.all.open > b.most {
		first = b.all.first()
	}
	if first != nil {
		first.remove()
	}
	return first
}

// serve has a server tell what becomes of its connections.
func (b *bounded) serve(srv *http.Server) *http.Server {
	srv.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if c, ok := plain(conn).(*counted); ok {
			return intake.WhenVerified(ctx, c.verified)
		}
		return ctx
	}
	srv.ConnState = func(conn net.Conn, s http.ConnState) {
		if c, ok := plain(conn).(*counted); ok && s == http.StateIdle {
			c.idle()
		}
	}
	return srv
}

// plain is the connection below TLS.
func plain(conn net.Conn) net.Conn {
	if secure, ok := conn.(*tls.Conn); ok {
		return secure.NetConn()
	}
	return conn
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	of   *bounded
	from string // the address; empty: not told apart from others

	known  bool // something verified came over it
	closed bool
	places [2]*list.Element // of those that may give way: all, and those of its address; nil: it is at work
}

// verified says that a request in hand is the CRM's: its connection does not give way.
func (c *counted) verified() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.known = true
	c.busy()
}

// idle says that the next request is awaited.
func (c *counted) idle() {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	if !c.closed && c.places[0] == nil { // one that was refused keeps its place
		c.wait(c.of.from[c.from])
	}
}

func (c *counted) wait(own *waiting) { c.places = [2]*list.Element{c.of.all.put(c), own.put(c)} }

func (c *counted) busy() {
	if c.places[0] == nil {
		return
	}
	c.of.all.takeOut(c.places[0])
	c.of.from[c.from].takeOut(c.places[1])
	c.places = [2]*list.Element{}
}

// remove takes c out of the count.
func (c *counted) remove() {
	if c.closed {
		return
	}
	c.closed = true
	c.busy()
	own := c.of.from[c.from]
	c.of.all.open--
	if own.open--; own.open == 0 {
		delete(c.of.from, c.from)
	}
}

// Close closes the connection.
func (c *counted) Close() error {
	c.of.mu.Lock()
	c.remove()
	c.of.mu.Unlock()
	return c.Conn.Close()
}
