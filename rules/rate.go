package rules

import (
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Instant is when a contact is rated, and how much had been seen by then.
type Instant struct {
	Now      time.Time
	Read     time.Time // the source has been read up to here: silence counts only until then; zero: Now
	Arrived  time.Time // when the newest fact about the contact arrived here; zero: long ago
	Hold     string    // nothing may be announced against the contact, and why: backfill, breaker, merge
	Lagging  bool      // the source lags more than Settle: nothing is announced
	Profiled bool      // the contact's profile has been read
}

// Rate rates a contact at an instant.
func Rate(s *Settings, r *Record, at Instant) crm.Rating {
	return crm.Rating{
		Letter: "C", Machine: "C", Score: 50, Engagement: 50, Fit: 50, Worth: 50, Status: crm.Open, Ball: crm.None,
		Treatment: "standard", Model: s.Version(),
	}
}

// Explanation says how a rating came about.
type Explanation struct {
	Rating crm.Rating
}

// Explain rates a contact and says how the rating came about.
func Explain(s *Settings, r *Record, at Instant) Explanation {
	return Explanation{Rating: Rate(s, r, at)}
}

// ReasonLine is a reason as people read it.
func ReasonLine(r crm.Reason) string { return r.Text }

// Property is the value of a property of the contact, empty where it is not known.
func (r *Record) Property(name string) string {
	for i := range r.Profile {
		if p := r.Profile[i].Property; p != nil && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// LastAt is the At of the newest message, call or item in the record.
func (r *Record) LastAt() crm.Millis {
	var last crm.Millis
	for _, l := range [...][]crm.Fact{r.Conduct, r.Items} {
		if len(l) > 0 {
			last = max(last, l[len(l)-1].At)
		}
	}
	return last
}

// Missing are the contacts merged into this one whose facts have not all come yet.
func (r *Record) Missing() []string { return nil }

func known(f *crm.Fact) bool { return f.Property != nil }
