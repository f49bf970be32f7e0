package app

import (
	"errors"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.uber.org/zap"
)

const (
	// containerShare is how much of the container's memory the process may use before it collects garbage all the time.
	// Far less than that and it does little else.
	containerShare = 0.8
	// machineShare is the same of the machine's memory where no container bounds it: others run there too.
	machineShare = 0.5
	// gcPercent is how much garbage there may be, in per cent of what is in use. The runtime's default of 100 spends an
	// eighth more of the processor on collecting, measured with the benchmark's flow of 100 events a delivery.
	gcPercent = 200
	// mostGarbage bounds it in bytes, as long as that leaves room for gcLeast: with much in use, twice as much garbage
	// is memory that nobody gets anything for.
	mostGarbage = 384 << 20
	gcLeast     = 50
	// gcStep is the least change, in per cent, for which the world is stopped to tell the collector.
	gcStep  = 10
	gcEvery = time.Second
)

// UseMemory fits the garbage collector of the whole process to what this program does, within the limit of its
// container, until stop is called. Whoever sets GOMEMLIMIT or GOGC knows better.
func UseMemory(log *zap.Logger) (stop func()) {
	limit, err := memlimit.SetGoMemLimitWithOpts(memlimit.WithProvider(memoryLimit), memlimit.WithRatio(1))
	switch {
	case err != nil:
		log.Warn("the container's memory limit cannot be read; set GOMEMLIMIT to about 80 % of it", zap.Error(err))
	case limit > 0:
		log.Debug("memory limit", zap.Int64("bytes", limit))
	}
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	debug.SetGCPercent(gcPercent)
	done := make(chan struct{})
	var tending sync.WaitGroup
	tending.Go(func() { boundGarbage(done) })
	return func() { close(done); tending.Wait() }
}

// memoryLimit is what the process may use: of the container's limit, else of the machine's memory. Where neither is
// known there is none.
func memoryLimit() (uint64, error) {
	limit, err := memlimit.ApplyRatio(memlimit.FromCgroup, containerShare)()
	if !errors.Is(err, memlimit.ErrNoLimit) && !errors.Is(err, memlimit.ErrNoCgroup) &&
		!errors.Is(err, memlimit.ErrCgroupsNotSupported) {
		return limit, err
	}
	if limit, err = memlimit.ApplyRatio(memlimit.FromSystem, machineShare)(); err != nil {
		return 0, memlimit.ErrNoLimit
	}
	return limit, nil
}

// boundGarbage lets the room for garbage follow what is in use, until done is closed.
func boundGarbage(done <-chan struct{}) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(gcEvery)
	defer tick.Stop()
	for now := gcPercent; ; {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		metrics.Read(live)
		if want := percentFor(live[0].Value.Uint64()); want >= now+gcStep || want <= now-gcStep {
			now = want
			debug.SetGCPercent(now)
		}
	}
}

// percentFor is how much garbage there may be beside so many bytes in use.
func percentFor(live uint64) int {
	return int(min(max(100*mostGarbage/max(live, 1), gcLeast), gcPercent))
}
