package app

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"go.uber.org/zap"
)

const (
	// memoryShare is how much of the container's memory the process may use before it collects garbage all the time.
	// Far less than that and it does little else.
	memoryShare = 0.8
	// gcPercent is how much garbage there may be, in per cent of what is in use. The runtime's default of 100 spends an
	// eighth more of the processor on collecting, measured with the benchmark's flow of 100 events a delivery.
	gcPercent = 200
)

// UseMemory fits the garbage collector of the whole process to what this program does, within the limit of its
// container. Whoever sets GOMEMLIMIT or GOGC knows better.
func UseMemory(log *zap.Logger) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	limit, err := memlimit.SetGoMemLimitWithOpts(memlimit.WithRatio(memoryShare))
	switch {
	case err == nil && limit > 0:
		log.Debug("memory limit", zap.Int64("bytes", limit))
	case err != nil && !errors.Is(err, memlimit.ErrNoLimit) && !errors.Is(err, memlimit.ErrNoCgroup) &&
		!errors.Is(err, memlimit.ErrCgroupsNotSupported):
		log.Warn("the container's memory limit cannot be read; set GOMEMLIMIT to about 80 % of it", zap.Error(err))
	}
}
