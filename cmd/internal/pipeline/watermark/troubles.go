package watermark

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// Troubles are the failures that keep a source from its CRM, from the first log line until they are over. Each is
// logged once, then at a slow pace.
type Troubles struct {
	q    *queue.Queue
	log  *zap.Logger
	pace pace

	mu     sync.Mutex
	by     map[string]trouble    // by source, and what of it
	health map[string]RoleHealth // likewise
}

// NewTroubles returns no troubles as yet.
func NewTroubles(q *queue.Queue, log *zap.Logger) *Troubles {
	return &Troubles{q: q, log: log, by: map[string]trouble{}, health: map[string]RoleHealth{}}
}

type trouble struct {
	since time.Time
	needs string // a person, and for what; empty: it heals by itself
}

// needs says for what a source needs a person, each stage's trouble by itself; the caller holds mu.
func (t *Troubles) needs(source string) string {
	var all []string
	for of, v := range t.by {
		if what, ok := strings.CutPrefix(of, source+" "); ok && v.needs != "" {
			all = append(all, what+": "+v.needs)
		}
	}
	slices.Sort(all)
	return strings.Join(all, "; ")
}

// Ails says that work of a source fails by err: as an error where a person is needed. what tells stages, and kinds of
// records, apart.
func (t *Troubles) Ails(ctx context.Context, s Source, what, message string, err error, fields ...zap.Field) {
	kind := connectors.KindOf(err)
	person := kind == connectors.Unauthenticated || kind == connectors.Misconfigured
	if kind != connectors.Conflict {
		t.mu.Lock()
		t.fared(s.Name, what, err)
		t.mu.Unlock()
	}
	if !t.complain(s, what, message, err, person, fields) || kind == connectors.Conflict { // which is one record's
		return
	}
	t.mu.Lock()
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
		_ = stored.PutOffState(s.Name).Put(ctx, t.q, needs, stored.AnyRevision) // for people only; it is said again
	}
}

// AilsOne says that the CRM fails at one record, which field names: of the source nothing is put off.
func (t *Troubles) AilsOne(s Source, what, message string, err error, field zap.Field, wait time.Duration) {
	t.complain(s, what+" of one", message, err, false, []zap.Field{field, zap.Duration("wait", wait)})
}

// complain logs an error at its pace and reports whether it did.
func (t *Troubles) complain(s Source, what, message string, err error, person bool, fields []zap.Field) bool {
	log, every := t.log.Warn, timing.WarnEvery
	if person {
		log, every = t.log.Error, timing.ErrorEvery
	}
	return t.paced(log, every, s.Name+" "+what+" "+connectors.KindOf(err).String(), message, err,
		append(fields, zap.String("source", s.Name), zap.String("for", what))...)
}

// Warns says what heals by itself, at its pace, and reports whether it did. what is one of few.
func (t *Troubles) Warns(what, message string, err error, fields ...zap.Field) bool {
	return t.paced(t.log.Warn, timing.WarnEvery, what, message, err, fields...)
}

// Daily logs, once a day, what works but should be changed. what is one of few.
func (t *Troubles) Daily(what, message string, err error, fields ...zap.Field) {
	t.paced(t.log.Warn, timing.DailyEvery, what, message, err, fields...)
}

// Alarms says what a person has to see to, at the pace of what heals by itself: it may be over before the slow pace
// says it again. what is one of few.
func (t *Troubles) Alarms(what, message string, err error, fields ...zap.Field) bool {
	return t.paced(t.log.Error, timing.WarnEvery, what, message, err, fields...)
}

// paced logs an error at its pace, with how often it came, and reports whether it did. what is one of few.
func (t *Troubles) paced(log func(string, ...zap.Field), every time.Duration, what, message string, err error,
	fields ...zap.Field,
) bool {
	times, ok := t.pace.due(what, every)
	if ok {
		log(message, append(fields, zap.Int("times", times), zap.Error(err))...)
	}
	return ok
}

// Well says that work of a source is done again, where it was said that it failed.
func (t *Troubles) Well(ctx context.Context, s Source, what string) {
	t.mu.Lock()
	t.fared(s.Name, what, nil)
	v, known := t.by[s.Name+" "+what]
	delete(t.by, s.Name+" "+what)
	needs := t.needs(s.Name)
	t.mu.Unlock()
	if !known {
		return
	}
	t.log.Info("the CRM is there again", zap.String("source", s.Name), zap.String("for", what),
		zap.Duration("after", time.Since(v.since).Round(time.Millisecond)))
	if v.needs != "" {
		_ = stored.PutOffState(s.Name).Put(ctx, t.q, needs, stored.AnyRevision)
	}
}

// Hope clears what the previous process said needed a person: a new token comes with a new process, and whatever still
// fails is said again.
func (t *Troubles) Hope(ctx context.Context, s Source) {
	if said, rev, err := stored.PutOffState(s.Name).Get(ctx, t.q); err == nil && said != "" {
		_ = stored.PutOffState(s.Name).Put(ctx, t.q, "", rev) // for people only
	}
}

// RoomFor waits a moment and reports false where one of the streams is nearly full.
func (t *Troubles) RoomFor(ctx context.Context, roles ...interface{ Room(share float64) error }) bool {
	for _, role := range roles {
		if err := role.Room(timing.EmptyShare); err != nil {
			t.Warns(fmt.Sprintf("room %T", role), "waiting for room", err)
			timing.Sleep(ctx, timing.StoreAgain)
			return false
		}
	}
	return true
}
