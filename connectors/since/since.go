// Package since finds what changed in a CRM since it was last asked, and what was there before, by the change times and
// ids of its records alone. Page marks of a CRM shift while records change, and end somewhere; times do not. What it
// has to put up with:
//
//   - a CRM's index may show a record some time after it changed: each round goes back behind the newest that it has seen (Walk.Overlap)
//   - an import changes more records at one instant than fit a page: that instant is read in the order of ids
//   - a process may stop anywhere: the cursor says all that there is to know, and pages overlap rather than leave a gap
//   - our own writes change records too: Memory tells by what a person looks like whether anything has to be read again
package since

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Ask is one page that a vendor is asked for: the records of a type in the order of their time, from From to Until,
// both included.
type Ask struct {
	Type  string
	From  crm.Millis
	Until crm.Millis // 0: no end
	// Instant asks for what changed at From itself, in the order of ids, beyond the id After.
	Instant bool
	// After is the id within an instant, or the vendor's own mark of the page where it gave one (Page.Mark).
	After string
	// History asks by when things happened, where that is another time than that of the last change: a backfill.
	History bool
}

// Record is one record of a page.
type Record struct {
	ID string
	At crm.Millis // by which the page is ordered
	// Notices are what it leads to: mostly a reference to itself.
	Notices []crm.Notice
}

// Page is what a vendor found.
type Page struct {
	Records []Record
	Full    bool // there may be more
	// this type goes by the vendor's page marks, of which Mark is the next; empty: this was the last page
	Marks bool
	Mark  string //
}

// Walk goes through the types of a source in their order, a page a call.
type Walk struct {
	Types   []string
	Overlap time.Duration // how long the vendor's index may take to show a change
	Now     func() time.Time
	List    func(ctx context.Context, ask Ask) (Page, error)
}

// Place is how far the records of one type have been read, in the order of their time.
type Place struct {
	At crm.Millis `json:"-"` // the next page begins with what happened at this instant
	// within an instant that holds more than a page: up to this id it has been read; or a page mark
	ID   string     `json:"id,omitempty"`
	Seen crm.Millis `json:"-"` // the newest record of the round
	Done bool       `json:"done,omitempty"`
}

// place is Place as it is kept: crm.Millis would be written for people.
type place struct {
	At   int64  `json:"at"`
	ID   string `json:"id,omitempty"`
	Seen int64  `json:"seen,omitempty"`
	Done bool   `json:"done,omitempty"`
}

// MarshalJSON writes instants as milliseconds.
func (p Place) MarshalJSON() ([]byte, error) {
	return json.Marshal(place{int64(p.At), p.ID, int64(p.Seen), p.Done})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Place) UnmarshalJSON(b []byte) error {
	var kept place
	err := json.Unmarshal(b, &kept)
	*p = Place{crm.Millis(kept.At), kept.ID, crm.Millis(kept.Seen), kept.Done}
	return err
}

// Cursor is what a poll or a backfill keeps between calls. A vendor may embed it beside what it keeps itself.
type Cursor struct {
	Type   string           `json:"kind,omitempty"` // being read; empty: the round is over
	Places map[string]Place `json:"places"`
	Read   int              `json:"read,omitempty"`  // backfill: records so far
	Total  int              `json:"total,omitempty"` // backfill: of all types, as far as they were counted at its start
}

// Parse reads a cursor that Text has written. One that cannot be read begins again: the same record may come twice, but
// none is left out.
func Parse[C any](text string) C {
	var cur C
	if json.Unmarshal([]byte(text), &cur) != nil {
		var none C
		return none
	}
	return cur
}

// Text is a cursor as it is kept between calls.
func Text(cur any) string {
	b, _ := json.Marshal(cur) // nothing in one can fail
	return string(b)
}

// Notices are what the records of a page lead to.
func Notices(records []Record) []crm.Notice {
	var out []crm.Notice
	for _, r := range records {
		out = append(out, r.Notices...)
	}
	return out
}

// Round is Poll for a vendor that keeps nothing beside a Cursor: it reads the next page from the cursor at, and returns
// its notices, the cursor behind it, and whether the round has more. After an error the cursor is at still.
func (w *Walk) Round(ctx context.Context, at string, since time.Time) (
	notices []crm.Notice, next string, more bool, err error,
) {
	cur := Parse[Cursor](at)
	records, over, err := w.Poll(ctx, &cur, since)
	if err != nil {
		return nil, at, false, err
	}
	return Notices(records), Text(cur), !over, nil
}

// Poll reads the next page of a round and moves the cursor on; what no round has read yet begins at since. over says
// that this was the last page of the round.
func (w *Walk) Poll(ctx context.Context, cur *Cursor, since time.Time) (records []Record, over bool, err error) {
	if cur.Places == nil {
		cur.Places = map[string]Place{}
	}
	if !slices.Contains(w.Types, cur.Type) {
		cur.Type = w.Types[0]
		for t, p := range cur.Places {
			cur.Places[t] = p.again(w.Overlap)
		}
	}
	p, ok := cur.Places[cur.Type]
	if !ok {
		p = Place{At: crm.At(since), Seen: crm.At(since)}
	}
	page, err := w.List(ctx, Ask{Type: cur.Type, From: p.At, Instant: p.ID != "", After: p.ID})
	if err != nil {
		return nil, false, err
	}
	last := p.advance(page)
	if last {
		p.Done = w.Now().Sub(p.Seen.Time()) > w.Overlap // old enough to be sure that the index had shown all before it
	}
	cur.Places[cur.Type] = p
	if last {
		cur.Type = w.next(cur.Type)
	}
	return page.Records, cur.Type == "", nil
}

// Backfill reads the next page of what was there between since and until, the oldest first within each type.
func (w *Walk) Backfill(ctx context.Context, cur *Cursor, since,
	until time.Time,
) (records []Record, over bool, err error) {
	if !slices.Contains(w.Types, cur.Type) {
		cur.Type = w.Types[0]
	}
	if cur.Places == nil {
		cur.Places = map[string]Place{}
	}
	p, ok := cur.Places[cur.Type]
	if !ok {
		p = Place{At: crm.At(since)}
	}
	page, err := w.List(ctx, Ask{
		Type: cur.Type, From: p.At, Until: crm.At(until), Instant: p.ID != "", After: p.ID, History: true,
	})
	if err != nil {
		return nil, false, err
	}
	last := p.advance(page)
	cur.Read += len(page.Records)
	cur.Places[cur.Type] = p
	if last {
		delete(cur.Places, cur.Type)
		cur.Type = w.next(cur.Type)
	}
	return page.Records, cur.Type == "", nil
}

// next is the type after the given one, empty after the last.
func (w *Walk) next(typ string) string {
	if i := slices.Index(w.Types, typ); i+1 < len(w.Types) {
		return w.Types[i+1]
	}
	return ""
}

// advance moves a place behind a page and reports whether that was the last one.
func (p *Place) advance(page Page) (last bool) {
	at, id, crowded := p.At, p.ID, p.ID != ""
	for _, r := range page.Records {
		at, id = max(at, r.At), r.ID
		p.Seen = max(p.Seen, r.At)
	}
	switch {
	case page.Marks:
		p.ID = page.Mark
		return page.Mark == ""
	case crowded && page.Full:
		p.ID = id
	case crowded: // the instant is done
		p.At, p.ID = p.At+1, ""
	case page.Full && at == p.At:
		p.ID = "0" // a whole page of one instant: an import
	case page.Full:
		p.At = at
	default:
		return true
	}
	return false
}

// again is where the next round begins.
func (p Place) again(overlap time.Duration) Place {
	if p.Done {
		return Place{At: p.Seen + 1, Seen: p.Seen}
	}
	return Place{At: p.Seen - crm.Millis(overlap.Milliseconds()), Seen: p.Seen}
}
