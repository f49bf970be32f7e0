package watermark

import (
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

// RoleHealth is how one role of a source has fared in this process. Times are those of the machine.
type RoleHealth struct {
	Role    string    `json:"role"`
	Success time.Time `json:"last_success,omitzero"`
	Failure time.Time `json:"last_error,omitzero"`
	Error   string    `json:"error,omitempty"` // that lasts; empty: it is well
	Kind    string    `json:"kind,omitempty"`
	Since   time.Time `json:"since,omitzero"` // when it began to fail
	Next    time.Time `json:"next_try,omitzero"`
	Needs   bool      `json:"needs_person,omitempty"` // it does not heal by itself
}

// Fails reports whether the role is failing.
func (h RoleHealth) Fails() bool { return h.Error != "" }

// roleOf is the role of which a trouble is one: fetches are told apart by their types.
func roleOf(what string) string { role, _, _ := strings.Cut(what, " "); return role }

// fared notes how work of a source went; the caller holds mu.
func (t *Troubles) fared(source, what string, err error) {
	key := source + " " + what
	h := t.health[key]
	now := time.Now()
	if err == nil {
		h.Success, h.Error, h.Kind, h.Since, h.Next, h.Needs = now, "", "", time.Time{}, time.Time{}, false
		t.health[key] = h
		return
	}
	if h.Error == "" {
		h.Since = now
	}
	kind := connectors.KindOf(err)
	h.Failure, h.Error, h.Kind = now, err.Error(), kind.String()
	h.Needs = kind == connectors.Unauthenticated || kind == connectors.Misconfigured
	t.health[key] = h
}

// Again notes when work of a source that failed is tried again.
func (t *Troubles) Again(s Source, what string, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := s.Name + " " + what
	if h, ok := t.health[key]; ok && h.Fails() && wait > 0 {
		h.Next = time.Now().Add(wait)
		t.health[key] = h
	}
}

// Heard notes a success of work whose failures say nothing about the source, because any sender can cause them.
func (t *Troubles) Heard(source, what string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fared(source, what, nil)
}

// Health is how the roles of a source have fared in this process: of each the worst of what it does.
func (t *Troubles) Health(source string) []RoleHealth {
	t.mu.Lock()
	defer t.mu.Unlock()
	by := map[string]RoleHealth{}
	for key, h := range t.health {
		what, ok := strings.CutPrefix(key, source+" ")
		if !ok {
			continue
		}
		role := roleOf(what)
		old := by[role]
		if old.Fails() && (!h.Fails() || old.Needs && !h.Needs) {
			old.Success = latest(old.Success, h.Success)
			h = old
		} else {
			h.Success, h.Failure = latest(old.Success, h.Success), latest(old.Failure, h.Failure)
		}
		h.Role = role
		by[role] = h
	}
	var list []RoleHealth
	for _, h := range by {
		list = append(list, h)
	}
	slices.SortFunc(list, func(a, b RoleHealth) int { return strings.Compare(a.Role, b.Role) })
	return list
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
