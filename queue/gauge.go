package queue

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// StreamStats is what metrics show of a stream.
type StreamStats struct {
	Name                      string
	Messages, Bytes, MaxBytes uint64 // MaxBytes 0: no bound of its own
	FirstSeq, LastSeq         uint64
	First                     time.Time // when its first message was stored; zero: empty
}

// stats returns the figures of every stream of ours.
func (g *gauge) stats(ctx context.Context) ([]StreamStats, error) {
	ctx, cancel := jet.Bounded(ctx)
	defer cancel()
	names := g.layout.Names()
	all := make([]StreamStats, len(names))
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(8)
	for i, name := range names {
		eg.Go(func() error {
			s, err := g.srv.JS(0).Stream(ctx, name)
			if err != nil {
				return fmt.Errorf("stream %s: %w", name, err)
			}
			info := s.CachedInfo()
			all[i] = StreamStats{
				Name: name, Messages: info.State.Msgs, Bytes: info.State.Bytes,
				MaxBytes: uint64(max(info.Config.MaxBytes, 0)),
				FirstSeq: info.State.FirstSeq, LastSeq: info.State.LastSeq,
			}
			if info.State.Msgs > 0 {
				all[i].First = info.State.FirstTime
			}
			return nil
		})
	}
	return all, eg.Wait()
}

// roomAge is how old the figures may be that Room goes by.
const roomAge = 250 * time.Millisecond

// storeShare is how much of the whole store may be used before everything but the records is refused: a commit that
// finds no room ends the process.
const storeShare = 0.95

// gauge tells how much room there is, from figures that may be a moment old.
type gauge struct {
	srv      *jet.Server
	layout   layout.Layout
	local    bool // the store is in this process, in dir
	dir      string
	minFree  int64
	maxStore int64

	mu    sync.Mutex
	at    time.Time
	used  map[string]float64 // by the first part of the names: DELIVERIES, not DELIVERIES_hubspot
	store float64
	tight bool // a stream that Trim empties has reached its level
	err   error

	diskMu sync.Mutex
	diskAt time.Time
	free   int64
}

// fullEnough is the share of its bytes above which a stream is trimmed of all that is not needed, however young.
const fullEnough = 0.5

// room returns nil if the stream has less than share (0 to 1) of its bytes used and the disk has more than floor of
// MinFree free: all of it for what comes in from outside, half for what empties a stream. Otherwise it is ErrFull with
// the reason. Of deliveries and fetches the sources' streams count together.
func (g *gauge) room(stream string, share, floor float64) error {
	if err := g.disk(floor); err != nil {
		return err
	}
	used, store, err := g.shares()
	if err != nil {
		return err
	}
	if store >= storeShare {
		return fmt.Errorf("the store has %.0f %% of its bytes used; raise WINNOW_QUEUE_MAX_STORE: %w", 100*store,
			ErrFull)
	}
	if used[stream] >= share {
		return fmt.Errorf("%s has %.0f %% of its bytes used: %w", stream, 100*used[stream], ErrFull)
	}
	return nil
}

func (g *gauge) isTight() bool {
	_, store, err := g.shares()
	g.mu.Lock()
	tight := g.tight
	g.mu.Unlock()
	return err == nil && (tight || store >= storeShare) || g.disk(1) != nil
}

func (g *gauge) shares() (map[string]float64, float64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.at) < roomAge {
		return g.used, g.store, g.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	g.used, g.store, g.tight, g.err = g.measure(ctx)
	g.at = time.Now()
	return g.used, g.store, g.err
}

func (g *gauge) measure(ctx context.Context) (_ map[string]float64, store float64, tight bool, _ error) {
	stats, err := g.stats(ctx)
	if err != nil {
		return nil, 0, false, fmt.Errorf("room: %w", err)
	}
	type sum struct{ used, most uint64 }
	sums := map[string]sum{}
	for _, s := range stats {
		name, _, _ := strings.Cut(s.Name, "_")
		was := sums[name]
		sums[name] = sum{was.used + s.Bytes, was.most + s.MaxBytes}
		switch name {
		case layout.Deliveries, layout.Fetches, layout.Facts:
			tight = tight || float64(s.Bytes) >= fullEnough*float64(s.MaxBytes)
		}
	}
	shares := map[string]float64{}
	for name, s := range sums {
		if s.most > 0 {
			shares[name] = float64(s.used) / float64(s.most)
		}
	}
	acc, err := g.srv.JS(0).AccountInfo(ctx)
	if err != nil {
		return nil, 0, false, fmt.Errorf("room: %w", err)
	}
	most := acc.Limits.MaxStore
	if g.local {
		most = g.maxStore
	}
	if most > 0 {
		store = float64(acc.Store) / float64(most)
	}
	shares[layout.Contacts] = store // the records have what the others leave
	return shares, store, tight, nil
}

// disk returns ErrFull where less than share of MinFree is free on the embedded store's disk.
func (g *gauge) disk(share float64) error {
	if !g.local {
		return nil
	}
	free, err := g.space()
	if err != nil {
		return err
	}
	if floor := int64(share * float64(g.minFree)); free < floor {
		return fmt.Errorf("the disk has %s free, the floor (WINNOW_QUEUE_MIN_FREE) is %s: %w", size(free), size(floor),
			ErrFull)
	}
	return nil
}

// space is what is free on the embedded store's disk.
func (g *gauge) space() (free int64, err error) {
	g.diskMu.Lock()
	defer g.diskMu.Unlock()
	if time.Since(g.diskAt) >= roomAge {
		if free, _, err = embedded.Space(g.dir); err != nil {
			return 0, err
		}
		g.free, g.diskAt = free, time.Now()
	}
	return g.free, nil
}
