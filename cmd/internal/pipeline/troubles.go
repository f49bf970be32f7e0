package pipeline

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
)

const (
	warnEvery  = time.Minute      // what heals by itself is said again after this while it lasts
	errorEvery = 10 * time.Minute // and what needs a person after this
)

// troubles are what keeps a source from its CRM, from when it is said until it is over. Each is said once, then at a slow pace.
type troubles struct {
	mu sync.Mutex
	by map[string]trouble // by source, and what of it
}

type trouble struct {
	since time.Time
	needs string // a person, and for what; empty: it heals by itself
}

// needs says for what a source needs a person, each stage's trouble by itself; the caller holds mu.
func (t *troubles) needs(source string) string {
	var all []string
	for of, v := range t.by {
		if what, ok := strings.CutPrefix(of, source+" "); ok && v.needs != "" {
			all = append(all, what+": "+v.needs)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// ails says that work of a source fails by err: as an error where a person is needed. what tells stages, and kinds of records, apart.
func (p *Pipeline) ails(ctx context.Context, s Source, what, message string, err error, fields ...zap.Field) {
	kind := connectors.KindOf(err)
	person := kind == connectors.Unauthenticated || kind == connectors.Misconfigured
	if !p.complain(s, what, message, err, person, fields) || kind == connectors.Conflict { // which is one record's
		return
	}
	t := &p.troubles
	t.mu.Lock()
	if t.by == nil {
		t.by = map[string]trouble{}
	}
	v, known := t.by[s.Name+" "+what]
	if !known {
		v.since = time.Now()
	}
	if v.needs = ""; person {
		v.needs = err.Error()
	}
	t.by[s.Name+" "+what] = v
	needs := t.needs(s.Name)
	t.mu.Unlock()
	if person && ctx.Err() == nil {
		_ = putState(ctx, p.q, "putoff."+s.Name, needs, anyRevision) // for people only; it is said again
	}
}

// ailsOne says that the CRM fails at one record, which field names: of the source nothing is put off.
func (p *Pipeline) ailsOne(s Source, what, message string, err error, field zap.Field, wait time.Duration) {
	p.complain(s, what+" of one", message, err, false, []zap.Field{field, zap.Duration("wait", wait)})
}

// complain logs an error at its pace and reports whether it did.
func (p *Pipeline) complain(s Source, what, message string, err error, person bool, fields []zap.Field) bool {
	log, every := p.log.Warn, warnEvery
	if person {
		log, every = p.log.Error, errorEvery
	}
	return p.paced(log, every, s.Name+" "+what+" "+connectors.KindOf(err).String(), message, err, append(fields, zap.String("source", s.Name), zap.String("for", what))...)
}

// warns says what heals by itself, at its pace, and reports whether it did. what is one of few.
func (p *Pipeline) warns(what, message string, err error, fields ...zap.Field) bool {
	return p.paced(p.log.Warn, warnEvery, what, message, err, fields...)
}

// paced logs an error at its pace, with how often it came, and reports whether it did. what is one of few.
func (p *Pipeline) paced(log func(string, ...zap.Field), every time.Duration, what, message string, err error, fields ...zap.Field) bool {
	times, ok := p.pace.due(what, every)
	if ok {
		log(message, append(fields, zap.Int("times", times), zap.Error(err))...)
	}
	return ok
}

// well says that work of a source is done again, where it was said that it failed.
func (p *Pipeline) well(ctx context.Context, s Source, what string) {
	t := &p.troubles
	t.mu.Lock()
	v, known := t.by[s.Name+" "+what]
	delete(t.by, s.Name+" "+what)
	needs := t.needs(s.Name)
	t.mu.Unlock()
	if !known {
		return
	}
	p.log.Info("the CRM is there again", zap.String("source", s.Name), zap.String("for", what), zap.Duration("after", time.Since(v.since).Round(time.Millisecond)))
	if v.needs != "" {
		_ = putState(ctx, p.q, "putoff."+s.Name, needs, anyRevision)
	}
}

// hope takes back what needed a person under the process before: a new token comes with a new process, and what is still so is said again.
func (p *Pipeline) hope(ctx context.Context, s Source) {
	if said, rev, err := getState[string](ctx, p.q, "putoff."+s.Name); err == nil && said != "" {
		_ = putState(ctx, p.q, "putoff."+s.Name, "", rev) // for people only
	}
}
