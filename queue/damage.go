package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
	"github.com/winnow-crm/winnow/queue/internal/jet"
	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Damage is what the store has lost, and what has to be read again for it: one contact, where Key names it, else all of
// Source since Since.
type Damage struct {
	Stream      string    `json:"stream"` // as Stats names it
	First, Last uint64    // sequences of what was lost
	Source      string    `json:"source,omitempty"`  // whose it was; empty: not known, or of all
	Contact     string    `json:"contact,omitempty"` // of the source; its record or its rating was lost
	Rating      bool      `json:"rating,omitempty"`  // it was the rating: the record is there
	Spare       bool      `json:"spare,omitempty"`   // nothing has to be read again: it is made anew from what is there
	Since       time.Time `json:"since,omitzero"`    // nothing that came before is missing; zero: not known
}

// Key names the contact that was lost; false where it is not one contact.
func (d Damage) Key() (Key, bool) { return Key{d.Source, d.Contact}, d.Contact != "" }

// String says what was lost, without naming anybody.
func (d Damage) String() string {
	return fmt.Sprintf("messages %d to %d of %s", d.First, d.Last, d.Stream)
}

// damageOf is the damage to one message of a subject; an empty one is not known.
func damageOf(stream, subject string, first, last uint64, since time.Time) Damage {
	d := Damage{Stream: stream, First: first, Last: last, Since: since}
	t := strings.Split(subject, ".")
	switch t[0] {
	case layout.KindContact, layout.KindBase, layout.KindRating:
		if key, ok := keyOf(subject); ok {
			d.Source, d.Contact, d.Rating = key.Source, key.Contact, t[0] == layout.KindRating
		}
	case layout.KindDelivery, layout.KindFetch:
		d.Source, _ = layout.Untoken(t[1])
	case layout.KindDead:
		d.Source, _ = layout.Untoken(t[len(t)-1])
	case layout.KindCheckpoint:
		d.Spare = true
	}
	if subject == "" {
		kind, token, _ := strings.Cut(stream, "_")
		switch kind {
		case layout.Deliveries, layout.Fetches:
			d.Source, _ = layout.Untoken(token)
		case layout.Contacts:
			d.Since = time.Time{} // whoever it was: his whole history
		}
	}
	return d
}

// mostDamage is how many losses are listed one by one; with more than that, everything has to be read again anyway.
const mostDamage = 10000

// damages is what has been found and is not dealt with yet. In a store of our own it outlives the process.
type damages struct {
	path string // empty: it lives in memory alone
	log  func(level, message string)

	mu    sync.Mutex
	known map[string]bool
	open  []Damage
}

const damageName = "winnow-damage.json"

func newDamages(dir string, log func(level, message string)) (*damages, error) {
	d := &damages{log: log, known: map[string]bool{}}
	if dir == "" {
		return d, nil
	}
	d.path = filepath.Join(dir, damageName)
	b, err := os.ReadFile(d.path)
	if errors.Is(err, os.ErrNotExist) {
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &d.open)
	}
	if err != nil { // what was to be read again is not known any more: everything
		d.open = []Damage{{Stream: damageName}}
	}
	for _, one := range d.open {
		d.known[one.id()] = true
	}
	return d, nil
}

func (d Damage) id() string { return fmt.Sprintf("%s %d", d.Stream, d.First) }

// report notes damage; what is known already is not noted again.
func (d *damages) report(found ...Damage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.open)
	for _, one := range found {
		if d.known[one.id()] {
			continue
		}
		d.known[one.id()] = true
		if len(d.open) >= mostDamage {
			one = Damage{Stream: one.Stream, First: one.First, Last: one.Last}
			d.open = slices.DeleteFunc(d.open, func(o Damage) bool { return o.Contact != "" })
		}
		d.open = append(d.open, one)
		d.log("error", "the store has lost "+one.String())
	}
	if len(d.open) != n {
		d.save()
	}
}

// settled takes damage off the list.
func (d *damages) settled(done Damage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open = slices.DeleteFunc(d.open, func(o Damage) bool { return o.id() == done.id() })
	d.save()
}

func (d *damages) list() []Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.open)
}

func (d *damages) save() {
	if d.path == "" {
		return
	}
	b, err := json.Marshal(d.open)
	if err == nil {
		err = embedded.WriteFile(d.path, b)
	}
	if err != nil {
		d.log("error", "what the store has lost is not noted: "+err.Error())
	}
}

// Damaged returns what the store has lost and nobody has settled yet. The contacts among it are as if they had never
// been stored.
func (q *Queue) Damaged() []Damage { return q.damage.list() }

// Remove takes a message that cannot be read out of its stream where it would be met again and again: among the dead
// letters, and among the facts, where it would count as not rated.
func (q *Queue) Remove(ctx context.Context, d Damage) error {
	if d.First != d.Last {
		return nil
	}
	var err error
	switch d.Stream {
	case layout.DeadLetters:
		err = q.DeadLetters.Discard(ctx, d.First)
	case layout.Facts:
		err = q.srv.EraseMsg(ctx, d.Stream, d.First)
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Settled says that what was lost is being read again, by means that outlive this process.
func (q *Queue) Settled(d Damage) { q.damage.settled(d) }

// lost notes that a message differs from what was stored.
func (b base) lost(stream, subject string, seq uint64, at time.Time) {
	b.damage.report(damageOf(stream, subject, seq, seq, at))
}

// lostMsg is lost for a message of a consumer or a log.
func (b base) lostMsg(m *Msg) { b.lost(m.Stream, m.Subject, m.Seq, m.Time) }

// judge tells how far a message of ours can be believed whose record in the files is damaged.
func judge(subject string, data []byte) embedded.Verdict {
	kind, _, _ := strings.Cut(subject, ".")
	if kind == layout.KindProbe || kind == layout.KindFiller {
		return embedded.Trifle
	}
	switch subjectFits, bodyFits := jet.Sealed(subject, data); {
	case subjectFits && bodyFits:
		return embedded.Intact
	case subjectFits:
		return embedded.Damaged
	}
	return embedded.Lost
}

// How often the files are read while the store is open: those that have changed, and all of them.
const (
	scrubEvery = time.Minute
	scrubAll   = 24 * time.Hour
)

// scrub reads the files until Close.
func (q *Queue) scrub() {
	tick := time.NewTicker(scrubEvery)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-q.srv.Closing():
			return
		case <-tick.C:
		case <-q.suspect:
			last = time.Time{}
		}
		all := time.Since(last) >= scrubAll
		if all {
			last = time.Now()
		}
		q.check(all)
	}
}

// check reads the files once, and mends them.
func (b base) check(all bool) {
	if b.blocks == nil {
		return
	}
	if err := b.blocks.Check(all, true); err != nil {
		b.damage.log("error", "the files of the store are not checked: "+err.Error())
	}
}

func damagesOf(holes []embedded.Hole) []Damage {
	all := make([]Damage, 0, len(holes))
	for _, h := range holes {
		all = append(all, damageOf(h.Stream, h.Subject, h.First, h.Last, h.Since))
	}
	return all
}
