package rules

import "github.com/winnow-crm/winnow/connectors/crm"

// Explanation says how a rating came about.
type Explanation struct {
	Rating crm.Rating
}

// Explain rates a contact and says how the rating came about.
func Explain(s *Settings, r *Record, at Instant) Explanation {
	return Explanation{Rating: Rate(s, r, at)}
}
