package rating

import (
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

func TestValuesOfUnratedAreBlank(t *testing.T) {
	v := values(crm.Rating{Unrated: "opted_out", Score: 50, Letter: "B"}, words.Default())
	if !blank(v) || len(v) != len(crm.Fields) {
		t.Errorf("values of an unrated contact: %v, want every field of ours cleared", v)
	}
}

func TestSameValuesIgnoresWhatMovesAlone(t *testing.T) {
	a := values(crm.Rating{Letter: "B", Machine: "B", Model: "1"}, words.Default())
	b := values(crm.Rating{Letter: "B", Machine: "B", Model: "2"}, words.Default())
	b[crm.FieldRatedAt] = "2026-05-04T09:00:00Z"
	if !sameValues(a, b) {
		t.Error("model and rated_at alone are no reason for a write")
	}
	b[crm.FieldOwedSince] = "2026-05-04T09:00:00Z"
	if sameValues(a, b) {
		t.Error("owed_reply_since changed and nothing would be written")
	}
}
