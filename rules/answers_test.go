package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestAnswers(t *testing.T) {
	hours := func(n int) time.Time { return Start.Add(time.Duration(n) * time.Hour) } // start is Monday, nine o'clock
	r := recordOf(
		mail("1", hours(0), crm.In, crm.Asks, 20), mail("2", hours(2), crm.In, crm.Asks, 20),
		mail("3", hours(3), crm.Out, crm.Answers, 20), // three hours after the first of two questions
		// thanks await nothing: it is the question after them that waits, from Tuesday at nine until Monday at ten
		mail("4", hours(5), crm.In, crm.Thanks, 2), mail("5", hours(24), crm.In, crm.Asks, 20),
		mail("6", hours(7*24+1), crm.Out, crm.Answers, 20),
		mail("7", hours(7*24+2), crm.In, crm.Thanks, 2), mail("8", hours(7*24+3), crm.Out, crm.Asks, 20),
		mail("9", hours(7*24+4), crm.In, crm.Asks, 20), // waits still
	)
	slow := Answer{At: crm.At(hours(7*24 + 1)), Took: (4*8 + 1) * time.Hour}
	want := []Answer{{At: crm.At(hours(3)), Took: 3 * time.Hour, InTime: true}, slow}
	if diff := cmp.Diff(want, Answers(Defaults(), r, Start, hours(200))); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Answer{slow}, Answers(Defaults(), r, hours(24), hours(200))); diff != "" {
		t.Errorf("answers since Tuesday (-want +got):\n%s", diff)
	}
	r.Fold(prop(crm.PropDoNotProfile, "true", Start))
	if got := Answers(Defaults(), r, Start, hours(200)); got != nil {
		t.Errorf("one who must not be profiled gives %v", got)
	}
}
