package operate

import (
	"context"
	"fmt"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/queue"
)

// Health is how one source stands: what page, command, metric and log say of it.
type Health struct {
	SourceState
	Behind   time.Duration          `json:"behind"` // how far ReadUpTo is back
	Roles    []watermark.RoleHealth `json:"roles"`
	Lacks    []string               `json:"lacks,omitempty"` // roles that its vendor does not have
	Interval int                    `json:"budget_interval"` // calls left; negative: not known
	Day      int                    `json:"budget_day"`
	Needs    string                 `json:"needs,omitempty"`        // for what it needs a person
	HeldBy   string                 `json:"held_because,omitempty"` // Held in words
	// whose decisions dead letters hold that name them
	HeldSome  int  `json:"held_contacts,omitempty"`
	Announces bool `json:"announces"` // nothing holds all of the source back
}

// heldBy says what a reason for holding a whole source back means.
var heldBy = map[string]string{
	watermark.HoldClock:    "this machine's clock is wrong: set it, and see that NTP runs",
	watermark.HoldBackfill: "its history is being read",
	watermark.HoldBreaker:  "the mass-change breaker is tripped: release or refuse what it holds",
	watermark.HoldLetter:   "a dead letter may hold the answer of any of its contacts: send it again or discard it",
	watermark.HoldLag:      "it has not been read far enough to tell silence from blindness",
}

// Health tells how every source stands, by name. Where the store does not say, what this process knows by itself is
// there all the same, beside the error.
func (p *Operate) Health(ctx context.Context) ([]Health, error) {
	states, err := p.State(ctx)
	if err != nil {
		return p.Own(), err
	}
	list := make([]Health, len(states))
	for i, s := range states {
		list[i] = p.health(s)
		list[i].Needs = needsOf(ctx, p.Queue, &list[i])
	}
	return list, nil
}

// needsOf is for what a source needs a person, by this process or by another, which may be the one that speaks with the
// CRM.
func needsOf(ctx context.Context, q *queue.Queue, h *Health) string {
	if h.Needs != "" {
		return h.Needs
	}
	needs, _, err := stored.PutOffState(h.Name).Get(ctx, q)
	if err != nil {
		return ""
	}
	return needs
}

// Own is what this process knows of every source by itself.
func (p *Operate) Own() (list []Health) {
	for _, name := range p.Names() {
		v := p.Watermark.Of(name)
		list = append(list, p.health(SourceState{
			Name: name, Vendor: string(p.Sources[name].Vendor), ReadUpTo: v.Read, Held: v.Hold,
		}))
	}
	return list
}

func (p *Operate) health(s SourceState) Health {
	source, sight := p.Sources[s.Name], p.Watermark.Of(s.Name)
	h := Health{SourceState: s, Roles: p.Troubles.Health(s.Name), Lacks: source.CRM.Lacks(), Interval: -1, Day: -1}
	if !s.ReadUpTo.IsZero() {
		h.Behind = max(0, p.Now().Sub(s.ReadUpTo)).Truncate(time.Second)
	}
	if h.Held == "" && sight.Lags {
		h.Held = watermark.HoldLag
	}
	h.HeldBy, h.Announces = heldBy[h.Held], h.Held == ""
	if sight.Blind != nil {
		h.HeldSome = len(sight.Blind.By)
	}
	if source.CRM.Budget != nil {
		h.Interval, h.Day = source.CRM.Budget.Budget()
	}
	for _, r := range h.Roles {
		if r.Needs {
			h.Needs = fmt.Sprintf("%s: %s", r.Role, r.Error)
		}
	}
	return h
}
