package backtesting

import (
	"fmt"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// Judge rates one contact as time goes on. What it announces counts as shown by the CRM a moment later, and is a fact
// from then on.
type Judge struct {
	Rules   *rules.Settings
	Rating  crm.Rating // the latest
	Rated   bool       // there is one
	Reviews int        // how often it was rated

	decisions []crm.Fact
}

// shown is how long the CRM takes to show what was announced.
const shown = time.Minute

// Look rates the contact if something about it is new or its time has come. It returns what was announced, nil where
// nothing was.
func (j *Judge) Look(r *rules.Record, fresh bool, now time.Time) *crm.Decision {
	if j.Rated && !fresh && (j.Rating.Due == 0 || j.Rating.Due > crm.At(now)) {
		return nil
	}
	j.rate(r, now)
	d := j.Rating.Decide
	if d == nil {
		return nil
	}
	at := now.Add(shown)
	j.decisions = append(j.decisions, crm.Fact{
		ID: fmt.Sprintf("decision/%d", at.Unix()), Kind: crm.KindDecision, At: crm.At(at), Decision: d,
	})
	j.rate(r, at.Add(time.Second))
	return d
}

func (j *Judge) rate(r *rules.Record, now time.Time) {
	with := *r
	with.Decisions = nil
	for _, f := range j.decisions { // folding keeps the order and the bound of a record
		with.Fold(f)
	}
	j.Rating = rules.Rate(j.Rules, &with, rules.Instant{Now: now, Profiled: true})
	j.Rated = true
	j.Reviews++
}

// Track is what settings make of a contact over a time.
type Track struct {
	Rating  crm.Rating // at the end
	Flagged crm.Millis // first pending
	Ground  crm.Ground
	Ended   crm.Millis // first disqualified
}

func (t *Track) note(d *crm.Decision, now time.Time) {
	switch {
	case d == nil:
	case d.Status == crm.Pending && t.Flagged == 0:
		t.Flagged, t.Ground = crm.At(now), d.Ground
	case d.Status == crm.Disqualified && t.Ended == 0:
		t.Ended = crm.At(now)
	}
}

// replay rates what was known of a contact day by day, at the same instants for all settings. What was decided before
// since stands; what was decided afterwards is decided anew by each of them.
func replay(settings []*rules.Settings, r *rules.Record, since, now time.Time) []Track {
	tracks, judges := make([]Track, len(settings)), make([]Judge, len(settings))
	var before []crm.Fact
	for _, f := range r.Decisions {
		if f.At < crm.At(since) {
			before = append(before, f)
		}
	}
	for i := range judges {
		judges[i] = Judge{Rules: settings[i], decisions: slices.Clone(before)}
	}
	if first := Beginning(r).Time(); first.After(since) {
		since = first
	}
	var then rules.Record
	changes := rules.Moments(r)
	known := -1
	for at := firstDay(since, now); !at.After(now); at = at.AddDate(0, 0, 1) {
		n, _ := slices.BinarySearch(changes, crm.At(at)+1)
		fresh := n != known
		if fresh {
			then, known = rules.AsOf(r, crm.At(at)), n
		}
		for i := range judges {
			tracks[i].note(judges[i].Look(&then, fresh, at), at)
		}
	}
	for i := range tracks {
		tracks[i].Rating = judges[i].Rating
	}
	return tracks
}

// firstDay is the first instant at or after since that lies whole days before now.
func firstDay(since, now time.Time) time.Time {
	if since.After(now) {
		return now
	}
	days := int(now.Sub(since) / (24 * time.Hour))
	return now.AddDate(0, 0, -days)
}
