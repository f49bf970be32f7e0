package pipeline

import (
	"time"

	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// operateDeps is what an Operate is made of.
type operateDeps struct {
	Queue     *queue.Queue
	Sources   map[string]Source
	Rules     *rules.Settings
	Mode      Mode
	Limits    BreakerLimits
	Now       func() time.Time
	Watermark *Watermark
	Rated     rated_
	Polls     func(source string, at time.Time) bool // whether a poll of the source is due
	Tombs     *tombs
}

// rated_ tells how far the partitions have been rated.
type rated_ interface {
	Done(part int, look time.Time) (facts uint64, all bool)
}

// Operate is what people ask and order.
type Operate struct{ operateDeps }

// newOperate returns an Operate.
func newOperate(d operateDeps) *Operate { return &Operate{d} }
