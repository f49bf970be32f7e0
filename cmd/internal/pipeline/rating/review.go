package rating

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/record"
)

// effects are what a review wants done elsewhere. They stand in the record too (Asked, Redirect without Sent,
// Forgotten), so that a crash between the commit and the deed only delays the deed.
type effects struct {
	ask    bool   // its profile has to be fetched
	late   bool   // and was asked for long ago
	merged bool   // its facts have to go to the contact it was merged into
	entomb bool   // put a tombstone and erase the record
	fault  string // the panic that left it unrated
}

func (e effects) none() bool { return !e.entomb && e.fault == "" && !e.merged } // profiles are asked for together

// review folds what came into a contact and rates it. It changes j alone.
func (o *owner) review(j *job, now time.Time) {
	c := j.c
	if c.Forgotten {
		j.effects.entomb = true
		return
	}
	news := false
	if c.Redirect == "" {
		news = o.fold(j, now)
	}
	o.correct(j, now)
	switch into, forget := fate(&c.Record, j.facts); {
	case forget:
		c.Become(stored.Contact{Forgotten: true})
		c.Empty()
		j.effects.entomb = true
		return
	case c.Redirect != "":
		// What comes late stands in the record until it has been sent on, like what was there before.
		for i := range j.facts {
			c.Fold(&j.facts[i])
		}
		if c.Sent = c.Sent && len(j.facts) == 0; !c.Sent {
			c.Due, j.effects.merged = crm.At(now.Add(timing.EffectAgain)), true
		}
		return
	case into != "":
		// What was to be written for it must not reach the winner: some CRMs send a merged id's writes there.
		c.Become(stored.Contact{Redirect: into, Due: crm.At(now.Add(timing.EffectAgain))})
		j.put, j.effects.merged = true, true
		return
	}
	if !news && !j.due && o.stands(j, now) {
		return
	}
	o.rate(j, now)
	o.wantProfile(j, now)
}

// fold folds what came into a contact, and reports whether there is news among it: what its rating may depend on. A
// property that it had no value of is always news: for its sake another one may have had to go.
func (o *owner) fold(j *job, now time.Time) (news bool) {
	r := &j.c.Record
	for _, f := range j.facts {
		idle := !o.p.Rules.Reads(&f) && slices.ContainsFunc(r.Profile, func(g crm.Fact) bool { return g.ID == f.ID })
		if !j.c.Fold(&f) {
			continue
		}
		news = news || !idle
		if f.Kind != crm.KindDecision {
			j.c.Arrived = crm.At(now)
		}
	}
	return news
}

// stands reports whether a contact of whom there is no news is rated as it was: it has been rated under the present
// settings, nothing about it waits for an instant that has come or for a look at its source, and no clock was wrong.
func (o *owner) stands(j *job, now time.Time) bool {
	c, r := j.c, &j.c.Rating
	_, newcomer := o.newcomers[j.key]
	return r.Model == o.p.Rules.Version() && c.Offer == o.p.offers[j.key.Source] && c.Values != nil &&
		!c.Failed && r.Unrated == "" && r.Decide == nil && r.Held == "" && (c.Due == 0 || c.Due > crm.At(now)) &&
		c.Awaits == stored.Nothing && !newcomer && c.Asked == 0 && j.void == nil && !j.doubted &&
		unenforced(o.p.mode(j.key), c) == nil
}

// wantProfile asks for a profile that is not there: at first, once more where another owner had asked for it, and then
// every timing.AskAgain.
func (o *owner) wantProfile(j *job, now time.Time) {
	c := j.c
	if _, ok := o.unasked[j.key]; ok {
		c.Asked = 0
	}
	if c.Record.Property(crm.PropProfiled) != "" {
		c.Asked = 0
		return
	}
	if c.Asked == 0 || now.Sub(c.Asked.Time()) >= timing.AskAgain {
		j.effects.ask, j.effects.late = true, c.Asked != 0
		c.Asked = crm.At(now)
	}
	c.Due = earlier(c.Due, crm.At(c.Asked.Time().Add(timing.AskAgain)))
}

// fate says whether the contact was merged into another one, or is to be forgotten.
func fate(r *rules.Record, facts []crm.Fact) (into string, forget bool) {
	for _, fs := range [][]crm.Fact{r.Life, facts} {
		for i := range fs {
			if fs[i].Kind == crm.KindForget {
				return "", true
			}
			if m := fs[i].Merge; m != nil && m.Into != "" {
				into = m.Into
			}
		}
	}
	return into, false
}

// rate asks the rules, and decides what of the answer goes out.
func (o *owner) rate(j *job, now time.Time) {
	c, p := j.c, o.p
	last := wordedOf(c)
	c.Awaits, c.Worded = stored.Nothing, false
	at := o.sight.Instant(j.key, now, c)
	lag := at.Lagging
	at.Lagging = lag || o.behind // what has come and waits for a later step may be what they answered
	rating, fault := p.judge(j, at)
	if fault != "" {
		c.Failed, j.effects.fault = true, fault
		c.Rating = crm.Rating{Unrated: "failed", Model: p.Rules.Version()}
		c.Due = 0
		return
	}
	c.Failed, j.profiled = false, at.Profiled
	if passing(rating.Held) && stored.Against(j.before.Decide) {
		rating = p.stillDecided(j, at, lag, rating)
	}
	c.Rating, c.Due = rating, rating.Due
	if d := unenforced(p.mode(j.key), c); d != nil {
		switch {
		case at.Hold != "":
			c.Rating.Held = at.Hold
		case lag || o.behind && !stored.Against(j.before.Decide): // as in stillDecided
			c.Rating.Held = watermark.HoldLag
		default:
			c.Rating.Decide, j.known = d, true
		}
		c.Due = earlier(c.Due, crm.At(now.Add(timing.Outstanding)))
	}
	if lag && c.Due != 0 { // it counts on the source to stay behind, which it will not
		c.Due = earlier(c.Due, crm.At(now.Add(timing.Lagging)))
	}
	// announced only when the CRM shows it: until then look whether it still should be
	if stored.Against(c.Rating.Decide) {
		c.Due = earlier(c.Due, crm.At(now.Add(timing.Outstanding)))
	}
	j.takeBack()
	v := values(rating, p.Words, last)
	addNative(v, p.Sources[j.key.Source], j, c.Rating.Decide)
	switch {
	// nobody is there to write to: what waits to be written is void
	case rating.Unrated == "deleted" || rating.Unrated == "merged":
		c.Values, j.put = nil, c.Values != nil
		return
	// nothing to clear, not even of a store that was lost
	case rating.Unrated != "" && blank(c.Values) && c.Record.Property(crm.PropShown) != "true":
		return
	}
	if c.Awaits = o.awaits(j); c.Awaits != stored.Nothing {
		return
	}
	c.Worded = true
	offer := p.offers[j.key.Source]
	if c.Values != nil && sameValues(v, c.Values) && c.Offer == offer &&
		sameReplaced(c.Rating.Decide, j.before.Decide) {
		return
	}
	if rating.Unrated == "" {
		v[crm.FieldRatedAt] = instant(crm.At(now))
	}
	c.Values, c.Offer, j.put = v, offer, true
}

// judge rates a contact. What cannot be rated is a fault, and so is a history that cannot be read.
func (p *Rating) judge(j *job, at rules.Instant) (rating crm.Rating, fault string) {
	if err := j.c.Whole(); err != nil {
		return rating, err.Error()
	}
	return safely(p.Rules, Visible(p.mode(j.key), &j.c.Record), at)
}

// sameReplaced reports whether d replaces the native status that it did when it was put out before.
func sameReplaced(d, before *crm.Decision) bool {
	return d == nil || before == nil || d.Replaced == before.Replaced
}

// passing reports whether what holds an announcement back may be over in a moment.
func passing(held string) bool { return held == watermark.HoldLag || held == watermark.HoldSettle }

// stillDecided is the rating that keeps a contact announced, where it has been put out already and either nothing of
// weight came since or more facts wait for a later step. Taken back for that moment, the contact would seem to become
// pending twice.
func (p *Rating) stillDecided(j *job, at rules.Instant, lag bool, withheld crm.Rating) crm.Rating {
	at.Lagging, at.Arrived = lag, time.Time{}
	rating, fault := p.judge(j, at)
	if was, d := j.before.Decide, rating.Decide; fault != "" || d == nil || d.Status != was.Status ||
		d.Ground != was.Ground || d.Hangs != was.Hangs {
		return withheld
	}
	return rating
}

// safely turns a panic of the rules into a fault: one contact must not stop a partition.
func safely(s *rules.Settings, r *rules.Record, at rules.Instant) (rating crm.Rating, fault string) {
	defer func() {
		if v := recover(); v != nil {
			fault = fmt.Sprintf("the rules panicked: %v", v)
		}
	}()
	return rules.Rate(s, r, at), ""
}

// Visible is the record without what was decided in the shadow, unless we are still there: nobody was told.
func Visible(mode watermark.Mode, r *rules.Record) *rules.Record {
	hidden := func(f crm.Fact) bool { return f.Decision != nil && f.Decision.Shadow && mode != watermark.Shadow }
	if !slices.ContainsFunc(r.Decisions, hidden) {
		return r
	}
	v := *r
	v.Decisions = slices.DeleteFunc(slices.Clone(r.Decisions), hidden)
	return &v
}

// unenforced is the decision that stands and that the CRM's own status does not show yet, because it was announced
// under another mode; nil where there is none.
func unenforced(mode watermark.Mode, c *stored.Contact) *crm.Decision {
	if mode != watermark.Enforce || c.Rating.Decide != nil || c.Rating.Status != crm.Disqualified {
		return nil
	}
	decisions := Visible(mode, &c.Record).Decisions
	if len(decisions) == 0 {
		return nil
	}
	d := *decisions[len(decisions)-1].Decision
	if d.Status != crm.Disqualified || d.Enforced {
		return nil
	}
	return &d
}

// addNative sets the CRM's own status under enforce: ours when the contact is disqualified, unless a human has closed
// it in another way, and what stood there before when that is over, unless somebody has set another one since. Of a
// kind of person for whom the CRM has none, nothing.
func addNative(v map[crm.Field]string, s watermark.Source, j *job, d *crm.Decision) {
	r := &j.c.Record
	if s.Mode == watermark.Shadow && d != nil {
		d.Shadow = true
	}
	native := s.CRM.NativeOf(j.key.Contact)
	if s.Mode != watermark.Enforce || d == nil || native.Disqualify == "" {
		return
	}
	status := ""
	var since crm.Millis
	for i := range r.Profile {
		if prop := r.Profile[i].Property; prop != nil && prop.Name == crm.PropLeadStatus {
			status, since = prop.Value, record.Changed(&r.Profile[i])
		}
	}
	if d.Status == crm.Disqualified {
		if native.Closes(status) {
			d.Enforced, d.Replaced = true, status
			v[crm.FieldNativeStatus] = crm.UnqualifiedStatus
		}
		return
	}
	if before, ok := j.replaced(since); ok && d.Status != crm.Pending {
		v[crm.FieldNativeStatus] = native.Reopens(before)
	}
}

// replaced is the status of the CRM's own that our last decision took the place of, unless somebody has set another one
// since.
func (j *job) replaced(since crm.Millis) (status string, ok bool) {
	if j.void != nil {
		return j.void.Replaced, j.void.Enforced
	}
	all := j.c.Record.Decisions
	if len(all) == 0 {
		return "", false
	}
	last := all[len(all)-1]
	return last.Decision.Replaced, last.Decision.Enforced && since.Time().Before(last.At.Time().Add(time.Minute))
}

// effect does what a review wanted done elsewhere. What it cannot do now is done when the contact is due again.
func (o *owner) effect(ctx context.Context, j *job) error {
	p, e := o.p, j.effects
	s, configured := p.Sources[j.key.Source]
	if !configured {
		s = watermark.Source{Source: crm.Source{Name: j.key.Source}}
	}
	ctx, cancel := context.WithTimeout(ctx, timing.EffectWithin)
	defer cancel()
	if e.fault != "" {
		err := &connectors.Error{Vendor: s.Vendor, Op: "rate", Err: fmt.Errorf("%s", e.fault)}
		letter := queue.DeadLetter{
			Stage: watermark.StageRate, Contacts: []string{j.key.Contact}, Payload: stored.Encode(j.key),
		}
		if err := p.Letters.Bury(ctx, s, j.key.Source+"/"+j.key.Contact+"/"+p.Rules.Version(), letter,
			err); err != nil {
			return err
		}
	}
	if e.merged {
		return o.forward(ctx, s, j)
	}
	if e.entomb {
		o.cache.take(j.key)
		if err := p.Eraser.Erase(ctx, o.part, j.key); err != nil {
			return fmt.Errorf("erase: %w", err)
		}
		o.dues.set(j.key, 0)
		p.Log.Info("contact forgotten", zap.String("source", j.key.Source))
	}
	return nil
}

// errNoProfile is of a contact whose profile was asked for and has not come for timing.AskAgain.
var errNoProfile = errors.New("the profile has not come for an hour")

// ask has the profiles fetched that the reviews of a step miss: all of a source at once, because each request to the
// queue takes its time. What cannot be asked for now is asked for in a minute.
func (o *owner) ask(ctx context.Context, jobs map[queue.Key]*job, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, timing.EffectWithin)
	defer cancel()
	outs := map[string]*stored.Output{}
	for key, j := range jobs {
		s, ok := o.p.Sources[key.Source]
		if j.effects.late {
			o.p.Troubles.Alarms("profile "+key.Source,
				"contacts are not written because the CRM does not give their profiles: see winnow deadletters list",
				errNoProfile, zap.String("source", key.Source), zap.String("contact", o.p.Tombs.Plain(key.Contact)))
		}
		ref, known := s.CRM.ProfileRef(key.Contact)
		if !ok || !known || !j.effects.ask {
			continue
		}
		if outs[key.Source] == nil {
			outs[key.Source] = o.p.Publisher.Output(s.Name)
		}
		outs[key.Source].Follow(j.step.Trail())
		outs[key.Source].Add(crm.Notice{Ref: &ref})
	}
	for source, out := range outs {
		err := out.Publish(ctx)
		if err == nil {
			continue
		}
		o.p.Log.Warn("profiles are asked for in a minute", zap.String("source", source),
			zap.Int("contacts", len(out.Refs)), zap.Error(err))
		for key, j := range jobs {
			if key.Source == source && j.effects.ask {
				j.c.Asked = 0 // in the cache; should the contact leave it, the record has it asked for in AskAgain
				o.dues.set(key, crm.At(now.Add(timing.EffectAgain)))
			}
		}
	}
}

// forward sends a merged contact's facts to the winner, and tells it that these were all.
func (o *owner) forward(ctx context.Context, s watermark.Source, j *job) error {
	if err := j.c.Whole(); err != nil {
		return err
	}
	out := o.p.Publisher.Output(s.Name)
	for _, f := range j.c.Record.Facts() {
		if f.Merge != nil && f.Merge.Into != "" || f.Kind == crm.KindExistence {
			continue // the loser's own fate
		}
		if f.Peer == j.c.Redirect {
			continue // what the winner itself did, as it reached the loser
		}
		f.Contact = j.c.Redirect
		out.Add(crm.Notice{Fact: &f})
	}
	out.Add(crm.Notice{Fact: &crm.Fact{
		Contact: j.c.Redirect, ID: "merged/" + j.key.Contact, Kind: crm.KindMerge,
		Merge: &crm.Merge{Done: j.key.Contact},
	}})
	if err := out.Publish(ctx); err != nil {
		return fmt.Errorf("send a merged contact's facts on: %w", err)
	}
	// stored with the next commit; until then it would only be sent again
	j.c.Sent, j.c.Due = true, 0
	j.c.Empty()
	o.cache.put(j.key, j.c, 256)
	return nil
}

func earlier(a, b crm.Millis) crm.Millis {
	if a == 0 || (b != 0 && b < a) {
		return b
	}
	return a
}
