package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
)

// probeLimit bounds a check: one that takes longer has failed.
const probeLimit = 5 * time.Second

// Probe answers whether a check passes, to all who ask alike: a check writes to the disk.
type Probe struct {
	word   string // what a passing check proves: live, ready
	shared *timing.Shared[struct{}]
}

// NewProbe makes a probe; word is what a passing check proves: live, ready.
func NewProbe(word string, check func(context.Context) error) *Probe {
	return &Probe{word, timing.NewShared(probeLimit, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, check(ctx)
	})}
}

func (p *Probe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := p.Result(r.Context())
	status := http.StatusOK
	if err != nil {
		status = http.StatusServiceUnavailable
	}
	body := map[string]any{p.word: err == nil}
	if err != nil {
		body["reasons"] = reasons(err)
	}
	answer(w, status, body)
}

// Result is what the check has just found.
func (p *Probe) Result(ctx context.Context) error {
	_, err := p.shared.Get(ctx)
	return err
}

// reasons are the parts of a joined error, one line each. What several checks found alike is said once.
func reasons(err error) []string {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []string
		for _, e := range many.Unwrap() {
			for _, reason := range reasons(e) {
				if !slices.Contains(out, reason) {
					out = append(out, reason)
				}
			}
		}
		return out
	}
	return []string{strings.ReplaceAll(err.Error(), "\n", "; ")}
}
