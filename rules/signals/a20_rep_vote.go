package signals

import "github.com/winnow-crm/winnow/connectors/crm"

var repVoteRow = Signal{
	ID: "A20", Name: "rep_vote", Sub: crm.Engagement, Points: 3, Cap: 6, Early: 100,
	Why:    "the vote of whoever works with it, -2 to 2",
	Source: S3,
}

// repVote is A20: the vote of our people who work with them.
func repVote(h *View, sh *Sheet) {
	numeric(h, sh, RowRepVote, h.S.VoteProperty, "rep_vote", func(n float64) (float64, string) {
		if n < 0 {
			return max(n, -2), "reason.rep_vote.bad"
		}
		return min(n, 2), "reason.rep_vote.good"
	})
}
