package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Receiver answers the webhooks: read the body, verify it, store it, and only then say so.
type Receiver struct {
	Deps
	groups map[string]*group
	proofs map[string]*proofs
	bodies *bodies
	looks  looks
}

// stale is the result of a delivery that was refused for its time alone.
const stale = "stale"

// NewReceiver returns the handler of /hooks/{source}.
func NewReceiver(d Deps) *Receiver {
	most := int64(timing.BodyBytes)
	r := &Receiver{Deps: d, groups: map[string]*group{}, proofs: map[string]*proofs{}}
	for name, s := range d.Sources {
		most = max(most, 4*s.MaxBody)
		d.Metrics.begin(name)
		r.proofs[name] = newProofs(d.Queue, name)
		r.groups[name] = &group{publish: func(ctx context.Context, ds []stored.Delivery, trail tracing.Trail) error {
			return stored.PublishDeliveries(ctx, d.Queue, name, ds, trail)
		}, max: min(timing.GroupBytes, d.Queue.MaxBundle()/2)}
	}
	r.bodies = newBodies(most)
	return r
}

// Room says whether deliveries can be taken in.
func (r *Receiver) Room() error { return r.Queue.Deliveries.Room(timing.ReceiveShare) }

// ServeHTTP handles /hooks/{source} and what is below it. What became of a delivery is decided here, how that is said
// is the vendor's.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name := req.PathValue("source")
	s, ok := r.Sources[name]
	if !ok || s.CRM.Receive == nil {
		r.stray()
		http.Error(w, "no source that takes webhooks; WINNOW_SOURCES names those there are", http.StatusNotFound)
		return
	}
	came := time.Now()
	d := connectors.Delivery{
		Method: req.Method, URL: addressed(req), Path: req.PathValue("path"), Query: req.URL.Query(), Header: req.Header, Received: crm.At(r.Now()),
	}
	if req.Method != http.MethodPost {
		if reply, ok := handshake(s, d); ok {
			answer(w, reply)
			return
		}
		r.Metrics.deliveries.WithLabelValues(name, "wrong_method").Inc()
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "webhooks are sent by POST", http.StatusMethodNotAllowed)
		return
	}
	result, reply := r.receive(w, req, s, d, came)
	r.Metrics.deliveries.WithLabelValues(name, result).Inc()
	answer(w, reply)
}

// stray counts a request that leads to no source, and says where deliveries are taken in: a misspelt target leaves no
// other trace, and the CRM gives up after a day. Nothing of the request is kept: anybody can send it.
func (r *Receiver) stray() {
	r.Metrics.stray.Inc()
	var paths []string
	for name, s := range r.Sources {
		if s.CRM.Receive != nil {
			paths = append(paths, "/hooks/"+name)
		}
	}
	slices.Sort(paths)
	err := fmt.Errorf("webhooks are taken in at %s: compare the target in the CRM, and what a proxy makes of its path", strings.Join(paths, ", "))
	if len(paths) == 0 {
		err = errors.New("no source takes webhooks: WINNOW_<SOURCE>_WEBHOOKS is off for each")
	}
	r.Troubles.Warns("stray", "a request came to a path that leads to no source", err)
}

func handshake(s watermark.Source, d connectors.Delivery) (connectors.Reply, bool) {
	if s.CRM.Reply == nil {
		return connectors.Reply{}, false
	}
	return s.CRM.Reply.Handshake(d)
}

// replyTo is what the vendor wants to hear of what became of d.
func replyTo(s watermark.Source, d connectors.Delivery, o connectors.Outcome) connectors.Reply {
	if s.CRM.Reply == nil {
		return connectors.DefaultReply(o)
	}
	return s.CRM.Reply.Reply(d, o)
}

// answer writes a reply. A sender that does not hear it sends again.
func answer(w http.ResponseWriter, reply connectors.Reply) {
	maps.Copy(w.Header(), reply.Header)
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
}

// receive says what became of a delivery, by the first of these that ends it: there is no room, it is too large, its
// headers do not prove it, its body does not come, it is not verified, it is not stored.
func (r *Receiver) receive(
	w http.ResponseWriter, req *http.Request, s watermark.Source, d connectors.Delivery, came time.Time,
) (result string, reply connectors.Reply) {
	if err := r.Room(); err != nil {
		r.say(r.Troubles.Warns, s, "delivery refused for want of room", err)
		return "no_room", replyTo(s, d, connectors.Full)
	}
	if req.ContentLength > s.MaxBody {
		return r.tooLarge(s, d)
	}
	proof := proofOf(s, d)
	if err := r.screen(req.Context(), s, d, proof); errors.Is(err, errNotKnown) {
		return r.notStored(s, d, err)
	} else if err != nil {
		return r.notVerified(s, d, err, "delivery refused for its date")
	}
	in := r.bodies.open(w, http.MaxBytesReader(w, req.Body, s.MaxBody), sender(req, r.Proxies))
	defer in.close()
	body, err := io.ReadAll(in)
	if in.done(err); err != nil {
		return r.notRead(s, d, err)
	}
	d.Body = body
	if reply, ok := handshake(s, d); ok {
		return "handshake", reply
	}
	if err := r.verify(s, d); err != nil {
		return r.notVerified(s, d, err, "delivery refused for its date alone: its signature is right")
	}
	verified(req.Context())
	r.proofs[s.Name].verified(req.Context(), proof, r.Troubles)
	return r.store(req.Context(), s, d, came, proof.Unique)
}

// screen refuses by the headers what would be refused whatever the body.
func (r *Receiver) screen(ctx context.Context, s watermark.Source, d connectors.Delivery, proof connectors.Proof) error {
	if s.CRM.Screen != nil {
		err := s.CRM.Screen.Screen(d, d.Received.Time())
		if err != nil && !(connectors.IsStale(err) && r.looks.due(s.Name)) {
			return err
		}
	}
	return r.proofs[s.Name].weaker(ctx, proof)
}

// store keeps a verified delivery. Where the vendor says that the same bytes are the same events, one that this process
// has stored before is stored already.
func (r *Receiver) store(
	ctx context.Context, s watermark.Source, d connectors.Delivery, came time.Time, unique bool,
) (result string, reply connectors.Reply) {
	kept, text := s.CRM.Receive.Keep(d)
	one := stored.ToDelivery(kept, text)
	var same [sha256.Size]byte
	before := r.proofs[s.Name].stored
	if unique {
		if same = print(one); before.Contains(same) {
			return "repeated", replyTo(s, d, connectors.Stored)
		}
	}
	step := r.Tracer.Received(s.Name, came) // of what is verified: others cannot have themselves traced
	err := r.groups[s.Name].add(ctx, one, step.Trail())
	r.Metrics.took(s.Name, time.Since(came), step)
	if err != nil {
		step.End("not_stored")
		return r.notStored(s, d, err)
	}
	if unique {
		before.Add(same, struct{}{})
	}
	step.End("ok")
	r.Troubles.Heard(s.Name, "webhooks")
	return string(connectors.Stored), replyTo(s, d, connectors.Stored)
}

// tooLarge is final: it will not come again, unless it was none of the vendor's. It is not verified yet.
func (r *Receiver) tooLarge(s watermark.Source, d connectors.Delivery) (string, connectors.Reply) {
	err := fmt.Errorf("more than the limit of a delivery, %s", humanize.IBytes(uint64(s.MaxBody)))
	r.say(r.Troubles.Warns, s, "delivery lost, it is too large: raise MAX_BODY of the source if it was the CRM's", err)
	return "too_large", replyTo(s, d, connectors.TooLarge)
}

func (r *Receiver) notRead(s watermark.Source, d connectors.Delivery, err error) (string, connectors.Reply) {
	if errors.Is(err, errBodies) || errors.Is(err, errGivenUp) {
		r.say(r.Troubles.Warns, s, "delivery refused for want of memory", err)
		return "no_room", replyTo(s, d, connectors.Full)
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return r.tooLarge(s, d)
	}
	return "not_read", replyTo(s, d, connectors.Full) // the sender hung up or was too slow: it will come again
}

// verify reports why d is not the CRM's of now. Where its proof is right it tells what time it is, whatever we think.
func (r *Receiver) verify(s watermark.Source, d connectors.Delivery) error {
	err := s.CRM.Receive.Verify(d, d.Received.Time())
	if s.CRM.Dates != nil && (err == nil || connectors.IsStale(err)) {
		r.Clock.Signed(s.Name, s.CRM.Dates.Dated(d))
	}
	return err
}

// notVerified says why a delivery is not verified; date is the message for one that is of another time than ours.
func (r *Receiver) notVerified(
	s watermark.Source, d connectors.Delivery, err error, date string,
) (result string, reply connectors.Reply) {
	if connectors.IsStale(err) {
		r.say(r.Troubles.Warns, s, date, errors.Join(err, r.Clock.State().Err()))
		return stale, replyTo(s, d, connectors.NotVerified)
	}
	r.say(r.Troubles.Warns, s, "delivery not verified", err)
	outcome := connectors.NotVerified
	if connectors.KindOf(err) == connectors.Malformed {
		outcome = connectors.Unreadable
	}
	return string(outcome), replyTo(s, d, outcome)
}

func (r *Receiver) notStored(s watermark.Source, d connectors.Delivery, err error) (string, connectors.Reply) {
	r.say(r.Troubles.Warns, s, "delivery not stored", err)
	return "not_stored", replyTo(s, d, connectors.Full)
}

type whenVerified struct{}

// WhenVerified returns a context for the requests of a connection: tell is called once one of them is verified.
func WhenVerified(ctx context.Context, tell func()) context.Context {
	return context.WithValue(ctx, whenVerified{}, tell)
}

func verified(ctx context.Context) {
	if tell, ok := ctx.Value(whenVerified{}).(func()); ok {
		tell()
	}
}

// say logs what any request can cause, so that requests cannot fill the log: at once, and then now and then with how
// many there were.
func (r *Receiver) say(log func(what, message string, err error, fields ...zap.Field) bool, s watermark.Source, message string, err error) {
	log(s.Name+" "+message, message, err, zap.String("source", s.Name))
}

// addressed is the URL that the request itself says it was sent to. Behind a proxy the vendor may have called, and
// signed, another one: connectors know the public origin, and can tell the one from the other.
func addressed(req *http.Request) *url.URL {
	u := *req.URL
	u.Scheme, u.Host = "http", req.Host
	if req.TLS != nil {
		u.Scheme = "https"
	}
	return &u
}

// group commits deliveries of one source together: while one message is on its way to the disk, those that come wait
// for the next one, which takes them all. One fsync, then all get their answer.
type group struct {
	publish func(context.Context, []stored.Delivery, tracing.Trail) error
	max     int // bytes

	mu      sync.Mutex
	waiting []waiting
	busy    bool
}

type waiting struct {
	stored.Delivery
	trail tracing.Trail
	done  chan error
}

// add returns when d is durable or refused. A sender that hangs up does not undo it: what was published stays.
func (g *group) add(ctx context.Context, d stored.Delivery, trail tracing.Trail) error {
	w := waiting{Delivery: d, trail: trail, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	lead := !g.busy
	g.busy = true
	g.mu.Unlock()
	if lead {
		go g.lead(context.WithoutCancel(ctx)) // what others are owed does not end with this request; each waits for its answer
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// lead publishes group after group until nobody waits.
func (g *group) lead(ctx context.Context) {
	for {
		batch := g.take()
		if batch == nil {
			return
		}
		ds := make([]stored.Delivery, len(batch))
		var trail tracing.Trail
		for i, w := range batch {
			ds[i], trail = w.Delivery, trail.With(w.trail)
		}
		err := g.publish(ctx, ds, trail)
		for _, w := range batch {
			w.done <- err
		}
	}
}

// take returns the next group, or nil and the lead is given up.
func (g *group) take() []waiting {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, 0
	for n < len(g.waiting) && (n == 0 || size+len(g.waiting[n].Body) <= g.max) {
		size += len(g.waiting[n].Body)
		n++
	}
	if n == 0 {
		g.busy = false
		return nil
	}
	batch := g.waiting[:n:n]
	g.waiting = append([]waiting(nil), g.waiting[n:]...)
	return batch
}
