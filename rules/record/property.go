package record

import (
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/calendar"
)

// Number reads a number as CRMs write them: 1200, 1,200.50, 45 %.
func Number(v string) (float64, bool) {
	v = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "%"))
	n, err := strconv.ParseFloat(strings.ReplaceAll(v, ",", ""), 64)
	return n, err == nil && n == n && n < 1e18 && n > -1e18
}

// ContainsFold reports whether a word is in a list, in whatever case.
func ContainsFold(list []string, v string) bool {
	v = strings.TrimSpace(v)
	for _, w := range list {
		if strings.EqualFold(w, v) {
			return true
		}
	}
	return false
}

// Property is the value of a property of the contact, empty where it is not known.
func (r *Record) Property(name string) string {
	for i := range r.Profile {
		if p := r.Profile[i].Property; p != nil && p.Name == name {
			return p.Value
		}
	}
	return ""
}

// LastAt is the At of the newest message, call or item in the record; 0 where there is none.
func (r *Record) LastAt() crm.Millis {
	var last crm.Millis
	for _, l := range [...][]crm.Fact{r.Conduct, r.Items} {
		if len(l) > 0 {
			last = max(last, l[len(l)-1].At)
		}
	}
	return last
}

// known reports whether rules know a property by name, so that it is kept before others.
func known(f *crm.Fact) bool {
	return f.Property != nil && crm.Reserved(f.Property.Name)
}

// Changed is when a property got its value.
func Changed(f *crm.Fact) crm.Millis {
	if ofRecord(f) {
		return f.At
	}
	if f.Version > 0 {
		return crm.Millis(f.Version)
	}
	return f.At
}

// IsTrue reports whether a value says yes.
func IsTrue(v string) bool {
	b, _ := strconv.ParseBool(strings.ToLower(strings.TrimSpace(v)))
	return b
}

// InstantOf reads an instant, or a date, of which it says so. What is neither gives 0.
func InstantOf(v string) (m crm.Millis, day bool) {
	v = strings.TrimSpace(v)
	if v == "" {
		return 0, false
	}
	if t, err := time.Parse(time.RFC3339, v); err == nil {
		return crm.At(t), false
	}
	if t, err := time.Parse(time.DateOnly, v); err == nil {
		return crm.At(t), true
	}
	if n, err := strconv.ParseInt(v, 10, 64); err == nil && n > 0 && n < int64(calendar.Never) {
		return crm.Millis(n), false
	}
	return 0, false
}
