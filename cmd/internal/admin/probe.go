package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	probeFor   = time.Second     // a result serves all who ask within this time: a check writes to the disk
	probeLimit = 5 * time.Second // a check that takes longer has failed
)

// probe answers whether a check passes.
type probe struct {
	check func(context.Context) error
	word  string // what a passing check proves: live, ready

	turn    chan struct{} // holds one token while nobody checks: one check runs at a time and the others wait for it
	err     error
	checked time.Time
}

func newProbe(word string, check func(context.Context) error) *probe {
	p := &probe{check: check, word: word, turn: make(chan struct{}, 1)}
	p.turn <- struct{}{}
	return p
}

func (p *probe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := p.result(r.Context())
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

// result outlives the request that asked for it, because others wait for it too.
func (p *probe) result(ctx context.Context) error {
	<-p.turn
	defer func() { p.turn <- struct{}{} }()
	if !p.checked.IsZero() && time.Since(p.checked) < probeFor {
		return p.err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeLimit)
	defer cancel()
	p.err, p.checked = p.check(ctx), time.Now()
	return p.err
}

// reasons are the parts of a joined error, one line each. What several checks found alike is said once.
func reasons(err error) []string {
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
