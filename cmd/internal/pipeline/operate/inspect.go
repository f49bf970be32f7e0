package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/rating"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// ErrUnknownContact says that nothing is known of a contact.
var ErrUnknownContact = errors.New("nothing is known of this contact")

// Explanation is what explain shows: the rating as it would be now, and what the CRM was last told.
type Explanation struct {
	Source   string `json:"source"`
	Contact  string `json:"contact"`
	MergedTo string `json:"merged_to,omitempty"`
	rules.Explanation
	Written  map[crm.Field]string `json:"written"`    // as last put out for the CRM
	ReadUpTo crm.Millis           `json:"read_up_to"` // how far the source has been read
}

// Explain rates a contact now and says how the rating comes about. Nothing is changed.
func (p *Operate) Explain(ctx context.Context, ref crm.ContactRef) (Explanation, error) {
	key := queue.Key{Source: ref.Source, Contact: ref.Contact}
	part := p.Queue.PartitionOf(ref.Source, ref.Contact)
	found, _, err := stored.Contacts(ctx, p.Queue, part, []queue.Key{key})
	if err != nil {
		return Explanation{}, err
	}
	c, ok := found[key]
	if !ok {
		if strings.Contains(ref.Contact, "@") {
			return Explanation{}, fmt.Errorf("%s: %w; want the id of its record, which stands at the end of its address in the CRM", ref.Source, ErrUnknownContact)
		}
		return Explanation{}, fmt.Errorf("%s: %w", ref, ErrUnknownContact)
	}
	if c == nil {
		return Explanation{}, fmt.Errorf("%s: its record is damaged, and is read again from the CRM: %w", ref, queue.ErrDamaged)
	}
	if err := c.Whole(); err != nil {
		return Explanation{}, err
	}
	e := Explanation{Source: ref.Source, Contact: ref.Contact, MergedTo: c.Redirect, Written: c.Values}
	if c.Redirect != "" {
		return e, nil
	}
	if err := p.Watermark.Refresh(ctx); err != nil {
		return e, err
	}
	at := p.Watermark.Sight().Instant(key, p.Now(), c)
	e.ReadUpTo = crm.At(at.Read)
	e.Explanation = rules.Explain(p.Rules, rating.Visible(p.Sources[ref.Source].Mode, &c.Record), at, p.Words)
	return e, nil
}

// SourceState is how one source stands, as people see it.
type SourceState struct {
	Name     string         `json:"source"`
	Vendor   string         `json:"vendor"`
	ReadUpTo time.Time      `json:"read_up_to"`
	Read     uint64         `json:"to_read"` // what waits at each stage
	Fetch    uint64         `json:"to_fetch"`
	Write    uint64         `json:"to_write"`
	Rated    map[string]int `json:"rated"` // contacts by letter
	Flagged  int            `json:"flagged"`
	Overdue  int            `json:"overdue"`
	// of whom nothing is written because their profile has not come
	Unprofiled int    `json:"without_profile,omitempty"`
	Held       string `json:"held,omitempty"` // why nothing is announced
}

// State tells how every source stands, by name.
func (p *Operate) State(ctx context.Context) ([]SourceState, error) {
	if err := p.Watermark.Refresh(ctx); err != nil {
		return nil, err
	}
	sum, err := stored.Totals(ctx, p.Queue)
	if err != nil {
		return nil, err
	}
	var list []SourceState
	for _, name := range slices.Sorted(maps.Keys(p.Sources)) {
		v := p.Watermark.Of(name)
		s := SourceState{
			Name: name, Vendor: string(p.Sources[name].Vendor), ReadUpTo: v.Read, Held: v.Hold,
			Rated: sum.Rated[name], Flagged: sum.Flagged[name], Overdue: sum.Overdue[name],
			Unprofiled: sum.Unprofiled[name],
		}
		for _, stage := range stagesOf(p) {
			if *stage.of(&s), err = stage.waiting(ctx, name); err != nil {
				return nil, err
			}
		}
		list = append(list, s)
	}
	return list, nil
}

// stage is where messages of a source wait.
type stage struct {
	name    string
	of      func(*SourceState) *uint64
	waiting func(ctx context.Context, source string) (uint64, error)
}

// stagesOf are in the order of the flow: what has left one is seen at the next.
func stagesOf(p *Operate) []stage {
	return []stage{
		{watermark.StageRead, func(s *SourceState) *uint64 { return &s.Read }, p.Queue.Deliveries.Waiting},
		{watermark.StageFetch, func(s *SourceState) *uint64 { return &s.Fetch }, p.Queue.Fetches.Waiting},
		{watermark.StageWrite, func(s *SourceState) *uint64 { return &s.Write }, p.unwritten},
	}
}
