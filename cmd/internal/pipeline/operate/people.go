package operate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/rating"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// People is what people ask of single contacts, or of some.
type People struct{ Deps }

// NewPeople returns a People.
func NewPeople(d Deps) *People { return &People{d} }

// Cards are what people are called, as their CRMs say just now. Those of a CRM that does not answer have none, and the
// error says so.
func (p *People) Cards(ctx context.Context, refs []crm.ContactRef) (map[crm.ContactRef]connectors.Card, error) {
	bySource := map[string][]string{}
	for _, ref := range refs {
		bySource[ref.Source] = append(bySource[ref.Source], ref.Contact)
	}
	cards := map[crm.ContactRef]connectors.Card{}
	var errs []error
	for _, source := range slices.Sorted(maps.Keys(bySource)) {
		s, ok := p.Sources[source]
		if !ok || s.CRM.Show == nil {
			continue
		}
		for part := range slices.Chunk(bySource[source], connectors.CardsAtOnce) {
			began := time.Now()
			found, err := s.CRM.Show.Cards(ctx, part)
			p.Calls.Done(source, watermark.CallNames, began, err, nil)
			for person, card := range found {
				cards[crm.ContactRef{Source: source, Contact: person}] = card
			}
			errs = append(errs, err)
		}
	}
	return cards, errors.Join(errs...)
}

// Link is the CRM's own page of a person, or of what a fact about them is; empty where it is not known.
func (p *People) Link(ref crm.ContactRef, fact string) string {
	s, ok := p.Sources[ref.Source]
	if !ok || s.CRM.Show == nil {
		return ""
	}
	return s.CRM.Show.Link(p.Watermark.Account(ref.Source), ref.Contact, fact)
}

// Find returns the people whom a text may mean: an id, an e-mail address, which is looked up in the CRMs, or the
// address of a page in one of them. An empty source stands for all.
func (p *People) Find(ctx context.Context, source, text string) (refs []crm.ContactRef, _ error) {
	text = strings.TrimSpace(text)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(p.Sources)) {
		s := p.Sources[name]
		if source != "" && source != name {
			continue
		}
		switch {
		case strings.Contains(text, "://"):
			if person, ok := s.CRM.PersonAt(p.Watermark.Account(name), text); ok {
				refs = append(refs, crm.ContactRef{Source: name, Contact: person})
			}
		case strings.Contains(text, "@"):
			if s.CRM.Show == nil {
				continue
			}
			began := time.Now()
			people, err := s.CRM.Show.Find(ctx, text)
			p.Calls.Done(name, watermark.CallNames, began, err, nil)
			for _, person := range people {
				refs = append(refs, crm.ContactRef{Source: name, Contact: person})
			}
			errs = append(errs, err)
		default:
			if person, err := s.CRM.Named(text); err == nil {
				refs = append(refs, crm.ContactRef{Source: name, Contact: person})
			}
		}
	}
	return refs, errors.Join(errs...)
}

// load reads the records of people as the rules see them. Who has none is absent.
func (p *People) load(ctx context.Context, refs []crm.ContactRef) (map[crm.ContactRef]*stored.Contact, error) {
	parts := map[int][]queue.Key{}
	for _, ref := range refs {
		part := p.Queue.PartitionOf(ref.Source, ref.Contact)
		parts[part] = append(parts[part], queue.Key{Source: ref.Source, Contact: ref.Contact})
	}
	out := map[crm.ContactRef]*stored.Contact{}
	for part, keys := range parts {
		found, _, err := stored.Contacts(ctx, p.Queue, part, keys)
		if err != nil {
			return nil, err
		}
		for key, c := range found {
			if c == nil {
				continue
			}
			if err := c.Whole(); err != nil {
				return nil, err
			}
			c.Record = *rating.Visible(p.Sources[key.Source].Mode, &c.Record)
			out[crm.ContactRef{Source: key.Source, Contact: key.Contact}] = c
		}
	}
	return out, nil
}

// Debts are what we owe people, and how long they have waited.
func (p *People) Debts(ctx context.Context, refs []crm.ContactRef) (map[crm.ContactRef]rules.Debt, error) {
	found, err := p.load(ctx, refs)
	if err != nil {
		return nil, err
	}
	debts := map[crm.ContactRef]rules.Debt{}
	for ref, c := range found {
		if d, ok := rules.DebtOf(p.Rules, &c.Record, rules.Instant{Now: p.Now()}); ok {
			debts[ref] = d
		}
	}
	return debts, nil
}

// Answers are those that we have given people since an instant.
func (p *People) Answers(
	ctx context.Context, refs []crm.ContactRef, since crm.Millis,
) (map[crm.ContactRef][]rules.Answer, error) {
	found, err := p.load(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := make(map[crm.ContactRef][]rules.Answer, len(found))
	for ref, c := range found {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out[ref] = rules.Answers(p.Rules, &c.Record, since.Time(), p.Now())
	}
	return out, nil
}

// Withheld are the decisions that would be announced of people whom something holds, were nothing to hold them.
func (p *People) Withheld(ctx context.Context, refs []crm.ContactRef) (map[crm.ContactRef]crm.Decision, error) {
	found, err := p.load(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := map[crm.ContactRef]crm.Decision{}
	for ref, c := range found {
		now := p.Now()
		r := rules.Rate(p.Rules, &c.Record, rules.Instant{Now: now, Read: now, Profiled: true})
		if stored.Against(r.Decide) {
			out[ref] = *r.Decide
		}
	}
	return out, nil
}

// Letters are the ratings that a contact has had.
func (p *People) Letters(ctx context.Context, ref crm.ContactRef) ([]rules.LetterAt, error) {
	found, err := p.load(ctx, []crm.ContactRef{ref})
	if err != nil || found[ref] == nil {
		return nil, err
	}
	return rules.Letters(p.Rules, &found[ref].Record, rules.Instant{Now: p.Now()}), nil
}

// IfAnswered is the rating of a contact if it answered now, with a few sentences.
func (p *People) IfAnswered(ctx context.Context, ref crm.ContactRef) (crm.Rating, error) {
	found, err := p.load(ctx, []crm.ContactRef{ref})
	if err != nil || found[ref] == nil {
		return crm.Rating{}, err
	}
	now := p.Now()
	r := found[ref].Record
	r.Fold(
		crm.Fact{
			ID:      "if/answered",
			Version: int64(crm.At(now)),
			Kind:    crm.KindMessage,
			At:      crm.At(now),
			Message: &crm.Message{
				Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: 30, Intents: crm.Answers | crm.Informs},
			},
		},
	)
	rated := rules.Rate(p.Rules, &r, rules.Instant{Now: now, Read: now, Profiled: true})
	p.Words.Fill(&rated)
	return rated, nil
}

// Sample rates people as they stand now by the settings in force, as if all had been read.
func (p *People) Sample(ctx context.Context, refs []crm.ContactRef) (map[crm.ContactRef]crm.Rating, error) {
	return p.SampleBy(ctx, p.Rules, refs)
}

// SampleBy is Sample by other settings.
func (p *People) SampleBy(
	ctx context.Context,
	s *rules.Settings,
	refs []crm.ContactRef,
) (map[crm.ContactRef]crm.Rating, error) {
	found, err := p.load(ctx, refs)
	if err != nil {
		return nil, err
	}
	out := make(map[crm.ContactRef]crm.Rating, len(found))
	now := p.Now()
	for ref, c := range found {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		out[ref] = rules.Rate(s, &c.Record, rules.Instant{Now: now, Read: now, Profiled: true})
	}
	return out, nil
}
