package bench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"
)

// The bounds of a store of up to a million contacts.
const (
	mostIdle  = 1 << 30 // bytes at rest
	mostBusy  = 3 << 29 // and under load
	mostStart = 10      // seconds until every partition is rated
	mostCalm  = 0.02    // of one core at rest
)

// sizePace is how many facts are sent for each second of a round.
const sizePace = 10_000

// size measures the same flow over stores of many contacts: time to start, memory, and the rate when most contacts are
// not in memory.
func (r *run) size(ctx context.Context) error {
	for _, n := range r.Sizes {
		row := Row{Section: "size", Name: humanize.Comma(int64(n)) + " contacts", Aims: []Aim{
			most(mib, "idle", mostIdle, idleRSS), most(mib, "memory", mostBusy, rss),
			most(sec, "all rated", mostStart, started),
			most(percent, "idle CPU", mostCalm, idleCPU),
		}}
		if err := r.row(row, func(row *Row) error { return r.sizeOf(ctx, n, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) sizeOf(ctx context.Context, n int, row *Row) (err error) {
	all, closeAll, err := r.sides(ctx, scene{contacts: n, mails: 4, field: "winnow_rating"}, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	idle := map[*side]Round{}
	for _, s := range all {
		if idle[s], err = s.c.idle(ctx, 2*r.Duration); err != nil {
			return err
		}
	}
	// Each round takes the contacts in another order, so the first ones are all cold, and of the later ones as many as
	// do not fit.
	events := max(int(sizePace*r.Duration.Seconds()), 1000)
	return r.byTurns(all, func(s *side) (Round, error) {
		t := s.p.changes(events, 1, 100)
		round, err := r.flowRound(ctx, s.p, s.c, t, s.profile(fmt.Sprintf("size-%d", n)))
		at := idle[s]
		round.Ready, round.Started, round.IdleRSS, round.IdleCPU = at.Ready, at.Started, at.IdleRSS, at.IdleCPU
		round.IdleDisk, round.Disk = at.IdleDisk, onDisk(s.c.dir)
		return round, err
	})
}

// idle is what a worker costs once it has looked through everything, while it has nothing to do for so long.
func (c *child) idle(ctx context.Context, long time.Duration) (Round, error) {
	if err := c.drained(ctx); err != nil {
		return Round{}, err
	}
	out := Round{Ready: c.Ready.Seconds(), Started: time.Since(c.began).Seconds()}
	before, err := c.stats(ctx)
	if err != nil {
		return out, err
	}
	select {
	case <-ctx.Done():
		return out, ctx.Err()
	case <-time.After(long):
	}
	after, err := c.stats(ctx)
	out.IdleCPU, out.IdleRSS, out.IdleDisk = (after.CPU-before.CPU)/long.Seconds(), after.RSS, onDisk(c.dir)
	return out, err
}

// onDisk is how many bytes of the disk the files below a directory take. Those that go meanwhile take none.
func onDisk(dir string) (bytes float64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			bytes += float64(info.Size())
		}
		return nil
	})
	return bytes
}
