package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/rating"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// ErrUnknownSource says that no source has that name.
var ErrUnknownSource = errors.New("no source has this name")

// Known returns an error that names the sources there are, where source is none of them.
func (p *Operate) Known(source string) error {
	if _, ok := p.Sources[source]; ok {
		return nil
	}
	return fmt.Errorf("source %q: %w; there are: %s", source, ErrUnknownSource,
		strings.Join(slices.Sorted(maps.Keys(p.Sources)), ", "))
}

// Person is the contact whom somebody names, by its kind and id or by an id that is enough. Of a source that is no
// longer configured every name is taken as it is.
func (p *Operate) Person(source, person string) (crm.ContactRef, error) {
	ref := crm.ContactRef{Source: source, Contact: person}
	s, ok := p.Sources[source]
	if !ok {
		return ref, nil
	}
	name, err := s.CRM.Named(person)
	if err != nil {
		return ref, fmt.Errorf("%s: %w", ref, err)
	}
	ref.Contact = name
	return ref, nil
}

// Records calls fn with the record of every contact of a source, and stops at fn's error. The records are as the
// rules see them under the present mode; fn may keep them. While contacts are being rated one may come twice: the
// later one counts.
func (p *Operate) Records(ctx context.Context, source string, fn func(contact string, r *rules.Record) error) error {
	if err := p.Known(source); err != nil {
		return err
	}
	for part := range p.Queue.Partitions() {
		rated := func(key queue.Key) bool { return key.Source == source && !stored.IsTomb(key) }
		err := stored.Each(ctx, p.Queue, part, rated, func(key queue.Key, c *stored.Contact) error {
			if c.Redirect != "" || c.Forgotten {
				return nil
			}
			return fn(key.Contact, rating.Visible(p.Sources[source].Mode, &c.Record))
		})
		if err != nil {
			return fmt.Errorf("records of %s: %w", source, err)
		}
	}
	return nil
}

// Model names the settings by which contacts are rated.
func (p *Operate) Model() string { return p.Rules.Version() }
