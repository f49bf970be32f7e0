package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Queue is one process's way into the store, by role. It is safe for concurrent use.
type Queue struct {
	Deliveries  *Deliveries  // webhook requests as they came
	Fetches     *Fetches     // records that have to be fetched
	Facts       *Facts       // bundles that wait to be rated
	Contacts    *Contacts    // records, and the commits that store them with ratings and checkpoints
	Ratings     *Ratings     // ratings that wait to be written
	DeadLetters *DeadLetters // what could not be used
	Leases      *Leases      // who owns what, and who is there
	States      *States      // small values under a name

	base
	cfg     Config
	fresh   bool             // the store was made by this process
	suspect chan struct{}    // the server has met something that it cannot read
	former  *meta            // how a store was made that has lost that
	local   *embedded.Server // nil: the server is outside
	meta    meta
	kept    *keptManifest // nil: the store is not ours, or was not found whole
	once    sync.Once
	watch   sync.WaitGroup
	closed  error
}

// base is what every role needs: the server, what is where in it, and how much room there is.
type base struct {
	srv    *jet.Server
	layout layout.Layout
	gauge  *gauge
	damage *damages
	blocks *embedded.Blocks // the files of the store; nil: they are not ours
}

// Open starts the embedded server, or connects to the outside one until ctx ends, and makes or updates streams and
// consumers. It refuses a server that cannot hold what is published here, a store that another process has open
// (ErrInUse), a wrong key, and settings that differ from what the store was made with.
func Open(ctx context.Context, cfg Config) (_ *Queue, err error) {
	cfg, err = cfg.settled()
	if err != nil {
		return nil, err
	}
	q := &Queue{cfg: cfg, suspect: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open the queue: %w", err), q.Close())
		}
	}()
	if err := q.connect(ctx); err != nil {
		return nil, err
	}
	if n := q.srv.MaxPayload(); n < leastMaxPayload {
		return nil, fmt.Errorf("the server takes messages of %s: raise its max_payload to %s at least", size(n),
			size(leastMaxPayload))
	}
	settingUp, cancel := context.WithTimeout(ctx, setUpWait)
	defer cancel()
	if q.local != nil {
		err = q.setUp(settingUp)
	} else {
		err = persist(settingUp, q.cfg.Log, q.setUp)
	}
	if err != nil {
		return nil, err
	}
	q.gauge = &gauge{
		srv: q.srv, layout: q.layout, local: q.local != nil, dir: q.cfg.Dir, minFree: q.cfg.MinFree,
		maxStore: q.cfg.MaxStore,
	}
	moves := &moves{}
	q.Deliveries, q.Fetches = newDeliveries(q.base), newFetches(q.base)
	q.Facts = &Facts{q.base}
	q.States = &States{base: q.base, moves: moves}
	kept := newCopies("")
	if q.local != nil {
		kept = newCopies(q.cfg.Dir)
	}
	q.Contacts = newContacts(q.base, moves, q.States, kept, q.watch.Go)
	q.Ratings = &Ratings{base: q.base, load: q.Contacts.load}
	q.DeadLetters = &DeadLetters{q.base, newSums()}
	q.Leases = &Leases{base: q.base, name: q.cfg.Name}
	if n, err := q.Contacts.Restore(ctx); err != nil {
		return nil, err
	} else if n > 0 {
		q.cfg.Log("warn", fmt.Sprintf("%d records that must not be lost were put back from %s", n, keptName))
	}
	if q.local != nil {
		kept := &keptManifest{dir: q.cfg.Dir, look: q.manifest}
		if q.cfg.Repair {
			if err := kept.note(ctx); err != nil {
				return nil, err
			}
		}
		q.watch.Go(func() { q.local.Watch(q.srv.Fail) })
		q.watch.Go(func() { q.gauge.awaitRoom(q.local.Broken()) })
		q.watch.Go(q.scrub)
		q.watch.Go(func() { kept.keep(q.srv.Closing(), q.cfg.Log) })
		q.kept = kept
	}
	return q, nil
}

// outsideStore stands for the size of an outside store, which we are not told: it makes the default bounds of the
// streams.
const outsideStore = 24 * gib

// connect starts the embedded server if it is to be that, and connects.
func (q *Queue) connect(ctx context.Context) (err error) {
	opt := jet.Options{Name: q.cfg.Name, URL: q.cfg.URL, Log: q.cfg.Log}
	if q.cfg.URL == "" {
		if err := q.startLocal(); err != nil {
			return err
		}
		opt.Local, opt.Broken = []nats.Option{q.local.Connection()}, q.local.Broken()
	} else {
		q.cfg = q.cfg.shared(outsideStore)
		if q.damage, err = newDamages("", q.cfg.Log); err != nil {
			return err
		}
		opt.Access = q.cfg.access()
	}
	q.srv, err = jet.Connect(ctx, opt)
	return err
}

// startLocal checks the files of the store and starts the embedded server over them.
func (q *Queue) startLocal() error {
	dir, err := embedded.Take(q.cfg.Dir, q.cfg.Key)
	if err != nil {
		return err
	}
	if err := q.prepare(dir); err != nil {
		return errors.Join(err, dir.Leave())
	}
	q.local, err = dir.Start(embedded.Options{
		MaxPayload: q.cfg.MaxPayload, MaxMemory: 2 * layout.LeaseBytes, MaxBatch: batchLimit,
		Log: q.listen(q.cfg.Log),
		// The Config's own bound is kept by Room. Here it would count what streams may hold as held, and so refuse to
		// read a store again whose disk others have filled meanwhile; and it would refuse commits, which are what
		// empties the queue.
		MaxStore: 4 * mostMaxStore,
		Stopped: func() {
			if q.kept != nil {
				q.kept.closed()
			}
		},
	})
	if unreadable, ok := errors.AsType[*embedded.UnreadableError](err); ok && q.cfg.Repair {
		return q.withoutUnreadable(unreadable.Streams)
	}
	return err
}

// withoutUnreadable moves streams out of the way that the server cannot read, and starts it without them.
func (q *Queue) withoutUnreadable(streams []string) error {
	dir, err := embedded.Take(q.cfg.Dir, q.cfg.Key)
	if err != nil {
		return err
	}
	for _, name := range streams {
		to, err := dir.Quarantine(name, time.Now())
		if err != nil {
			return errors.Join(err, dir.Leave())
		}
		q.cfg.Log("warn", fmt.Sprintf("stream %s cannot be read; what is there of it is in %s now", name, to))
	}
	if err := dir.Leave(); err != nil {
		return err
	}
	return q.startLocal()
}

// prepare finds out the sizes, and mends what is damaged in the files.
func (q *Queue) prepare(dir *embedded.Dir) error {
	free, total, err := embedded.Space(q.cfg.Dir)
	if err != nil {
		return err
	}
	if q.cfg, err = q.cfg.sized(dir.Used(), free, total); err != nil {
		return err
	}
	if q.fresh, err = dir.Empty(); err != nil {
		return err
	}
	if q.fresh { // from here on a store without one has lost it
		if err := (&manifest{Format: manifestFormat}).write(q.cfg.Dir); err != nil {
			return err
		}
	}
	if q.damage, err = newDamages(q.cfg.Dir, q.cfg.Log); err != nil {
		return err
	}
	if err := q.checkFiles(); err != nil {
		return err
	}
	q.blocks = dir.Blocks(judge, lastHeld(q.cfg.Dir), func(holes []embedded.Hole) {
		q.damage.report(damagesOf(holes)...)
	})
	return q.blocks.Check(true, false)
}

// listen makes what hands the server's lines to log, and has the files read where it has met one that it cannot read.
// It holds log itself: when the server is started a second time, the sizes in the Config are counted again, while
// goroutines of the first may still say that they end.
func (q *Queue) listen(log func(level, message string)) func(level, message string) {
	return func(level, message string) {
		log(level, message)
		if strings.Contains(message, "corrupt") {
			select {
			case q.suspect <- struct{}{}:
			default: // said already
			}
		}
	}
}

// StoreIn reports whether a store was made in dir.
func StoreIn(dir string) bool { return embedded.StoreIn(dir) }

// Failed receives one error when the queue cannot go on and the process must end: the embedded server died, the
// connection was closed for good, a stream is gone. ErrReopen: it works again once it is opened anew.
func (q *Queue) Failed() <-chan error { return q.srv.Failed() }

// Close sends what is buffered, closes the connections, stops the embedded server and waits for it. It may be called
// twice.
func (q *Queue) Close() error {
	q.once.Do(func() {
		if q.kept != nil {
			q.kept.last()
		}
		if q.srv != nil {
			q.srv.Close()
		}
		if q.local != nil {
			q.closed = q.local.Close()
		}
		q.watch.Wait()
	})
	return q.closed
}

// Salt is 32 random bytes made with the store and kept in it.
func (q *Queue) Salt() []byte { return append([]byte(nil), q.meta.Salt...) }

// Partitions is how many there are, fixed with the store.
func (q *Queue) Partitions() int { return q.layout.Partitions }

// PartitionOf is the partition of a contact: FNV-1a-32 of source and contact, modulo Partitions.
func (q *Queue) PartitionOf(source, contact string) int {
	return q.layout.PartitionOf(source, contact)
}

// Name is this process's id among the members.
func (q *Queue) Name() string { return q.cfg.Name }

// MaxBundle is the largest message body in bytes that may be published.
func (q *Queue) MaxBundle() int { return q.srv.MaxMessage() }
