package intake

import (
	"net/netip"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
)

// Deps is what a Receiver and the Readers are made of.
type Deps struct {
	Queue     *queue.Queue
	Sources   map[string]watermark.Source
	Proxies   []netip.Prefix // whose X-Forwarded-For is believed
	Grace     time.Duration
	Now       func() time.Time
	Clock     *clock.Clock
	Accounts  accounts
	Publisher *stored.Publisher
	Letters   *watermark.Letters
	Troubles  *watermark.Troubles
	Metrics   *Metrics
	Tracer    *tracing.Tracer
}

// accounts tells to which account of its vendor a source's credential belongs, "" where that is not known.
type accounts interface{ Account(source string) string }
