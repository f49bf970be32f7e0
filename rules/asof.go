package rules

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
)

// standing are the properties that say who somebody is to us and where: they are taken as known from the beginning,
// because a CRM's history of them is seldom kept and nothing about an outcome can be read from them.
var standing = []string{
	crm.PropCreated, crm.PropStaff, crm.PropTimeZone, crm.PropCountry, crm.PropOwner, crm.PropOwnerTimeZone,
	crm.PropOrigin, crm.PropSegment,
	crm.PropProfiled,
}

// AsOf is what had been known of a contact at an instant, as far as its record still tells: a record keeps the latest
// version of a fact, so that what has come about since is taken off it again. A property that got its value later is
// left out, whatever it was before. Decisions are left out altogether.
func AsOf(r *Record, at crm.Millis) Record {
	var then Record
	for _, list := range [...][]crm.Fact{r.Conduct, r.Peers, r.Items, r.Profile, r.Life, r.Notes, r.Referrals} {
		for i := range list {
			if f, known := factAsOf(&list[i], at); known {
				then.Fold(f)
			}
		}
	}
	l := r.Lasting
	for _, m := range [...]*crm.Millis{&l.First, &l.FirstIn, &l.Quoted, &l.Met, &l.LastMet, &l.Won, &l.LastWon} {
		if *m > at {
			*m = 0
		}
	}
	if l != (crm.Lasting{}) {
		then.Fold(crm.Fact{ID: "lasting", Kind: crm.KindLasting, Lasting: &l})
	}
	return then
}

// factAsOf is one fact as it was known at an instant.
func factAsOf(f *crm.Fact, at crm.Millis) (crm.Fact, bool) {
	then := *f
	later := crm.Millis(f.Version) > at
	switch {
	case f.Property != nil:
		return then, !later || slices.Contains(standing, f.Property.Name)
	case f.At > at:
		return then, false
	case f.Meeting != nil:
		m := *f.Meeting
		m.Moved = until(m.Moved, at)
		if over := m.Start <= at && m.State != crm.Cancelled; later && !over {
			m.State = crm.Scheduled
		}
		if later && len(m.Moved) == 0 && m.State == crm.Scheduled {
			m.By = 0
		}
		then.Meeting = &m
	case f.Quote != nil:
		q := *f.Quote
		q.Sent = until(q.Sent, at)
		q.Accepted = passed(q.Accepted, at)
		then.Quote = &q
	case f.Task != nil:
		t := *f.Task
		t.Done = passed(t.Done, at)
		then.Task = &t
	case f.Deal != nil:
		d := *f.Deal
		n := 0
		for n < len(d.Moves) && d.Moves[n].At <= at {
			n++
		}
		d.Moves = d.Moves[:n:n]
		d.Won, d.Lost = passed(d.Won, at), passed(d.Lost, at)
		if d.Won == 0 {
			d.Contract = false
		}
		if n > 0 {
			d.Stage = d.Moves[n-1].Stage
		}
		then.Deal = &d
	}
	return then, true
}

func passed(m, at crm.Millis) crm.Millis {
	if m > at {
		return 0
	}
	return m
}

func until(list []crm.Millis, at crm.Millis) []crm.Millis {
	n := 0
	for n < len(list) && list[n] <= at {
		n++
	}
	return list[:n:n]
}

// Moments are the instants at which something about a contact changed, ascending.
func Moments(r *Record) []crm.Millis {
	var list []crm.Millis
	for _, facts := range [...][]crm.Fact{r.Conduct, r.Peers, r.Items, r.Profile, r.Life, r.Referrals} {
		for i := range facts {
			f := &facts[i]
			list = append(list, f.At, crm.Millis(f.Version))
			switch {
			case f.Meeting != nil:
				list = append(append(list, f.Meeting.Start, f.Meeting.End), f.Meeting.Moved...)
			case f.Quote != nil:
				list = append(append(list, f.Quote.Accepted), f.Quote.Sent...)
			case f.Task != nil:
				list = append(list, f.Task.Done)
			case f.Deal != nil:
				list = append(list, f.Deal.Won, f.Deal.Lost)
				for _, m := range f.Deal.Moves {
					list = append(list, m.At)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// CustomerSince is when the CRM began to call somebody a customer; 0 where it does not, or where that is not known: a
// CRM that keeps no history of its properties tells of those changes only that were seen.
func CustomerSince(r *Record) crm.Millis {
	for i := range r.Profile {
		p := r.Profile[i].Property
		if p == nil || p.Name != crm.PropCustomer || !record.IsTrue(p.Value) {
			continue
		}
		if p.OfRecord && p.Other == 0 {
			return 0
		}
		return record.Changed(&r.Profile[i])
	}
	return 0
}
