package api

import (
	"net/http"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
)

// BackfillOrder has the history of a source read since an instant.
type BackfillOrder struct {
	Source string    `json:"source"`
	Since  time.Time `json:"since"`
}

// StartBackfill begins a backfill or goes on with one, Backfill tells how far it is.
var (
	StartBackfill = Call[BackfillOrder, Done]{http.MethodPost, "/api/backfill"}
	Backfill      = Call[SourceQuery, operate.BackfillState]{http.MethodGet, "/api/backfill"}
)

// BreakerOrder settles what the mass-change breaker of a source holds.
type BreakerOrder struct {
	Source   string   `json:"source"`
	Contacts []string `json:"contacts"` // whom to let through; none: all
	Which    string   `json:"which"`    // these: Contacts must name somebody; all: nobody is looked at
	Note     string   `json:"note"`     // why
}

// Breaker tells how a source's mass-change breaker stands; the others let go out what it holds, or keep it.
var (
	Breaker        = Call[SourceQuery, operate.BreakerState]{http.MethodGet, "/api/breaker"}
	ReleaseBreaker = Call[BreakerOrder, Done]{http.MethodPost, "/api/breaker/release"}
	RefuseBreaker  = Call[BreakerOrder, Done]{http.MethodPost, "/api/breaker/refuse"}
)
