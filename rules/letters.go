package rules

import (
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// LetterAt is a rating that a contact had from an instant on.
type LetterAt struct {
	At     crm.Millis `json:"at"`
	Letter string     `json:"rating"`
	Score  int        `json:"score"`
	Status crm.Status `json:"status"`
	Ground crm.Ground `json:"ground,omitempty"`
}

// mostLetters is how many instants Letters looks at, the newest.
const mostLetters = 80

// Letters are the ratings that a contact had by these settings, oldest first, as far as its record still tells: one for
// each change of the letter or the status.
func Letters(s *Settings, r *Record, at Instant) (list []LetterAt) {
	// 1 is the instant of what is true of a person ever since.
	changes := slices.DeleteFunc(Moments(r), func(m crm.Millis) bool { return m <= 1 || m > crm.At(at.Now) })
	for i := range r.Decisions {
		changes = append(changes, r.Decisions[i].At+1)
	}
	slices.Sort(changes)
	changes = append(slices.Compact(changes), crm.At(at.Now))
	for _, m := range changes[max(0, len(changes)-mostLetters):] {
		then := AsOf(r, m)
		for i := range r.Decisions {
			if r.Decisions[i].At <= m {
				then.Fold(r.Decisions[i])
			}
		}
		rated := Rate(s, &then, Instant{Now: m.Time(), Read: m.Time(), Profiled: true})
		l := LetterAt{m, rated.Letter, rated.Score, rated.Status, rated.Ground}
		if n := len(list); rated.Letter == "" || n > 0 && list[n-1].Letter == l.Letter && list[n-1].Status == l.Status {
			continue
		}
		list = append(list, l)
	}
	return list
}
