package rules

import (
	"fmt"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// ReasonLine is a reason as people read it: points, a sentence, the row of the rule book.
func ReasonLine(r crm.Reason) string {
	if r.Sub == "" {
		return fmt.Sprintf("%s (%s)", r.Text, r.ID)
	}
	return fmt.Sprintf("%+d %s (%s)", r.Points, r.Text, r.ID)
}
