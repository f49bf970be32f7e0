package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestReplyTimes(t *testing.T) {
	hours := func(n int) time.Time { return Start.Add(time.Duration(n) * time.Hour) } // start is Monday, nine o'clock
	r := recordOf(
		mail("1", hours(0), crm.Out, crm.Asks, 20), mail("2", hours(3), crm.In, crm.Answers, 20), // three hours
		mail("3", hours(4), crm.Out, crm.Asks, 20), mail("4", hours(5), crm.In, crm.Vague, 1), // a shrug says nothing
		// until Tuesday at ten
		mail("5", hours(6), crm.Out, crm.Asks, 20), mail("6", hours(25), crm.In, crm.Answers, 20),
		mail("7", hours(26), crm.Out, crm.Asks, 20), // not answered
	)
	if got := ReplyTimes(Defaults(), r, hours(50)); got != nil {
		t.Errorf("of one whose zone is not known the hours are not known: %v", got)
	}
	r.Fold(prop(crm.PropTimeZone, "Europe/London", Start))
	want := []time.Duration{3 * time.Hour, 3 * time.Hour}
	if diff := cmp.Diff(want, ReplyTimes(Defaults(), r, hours(50))); diff != "" {
		t.Errorf("reply times (-want +got):\n%s", diff)
	}
	r.Fold(prop(crm.PropDoNotProfile, "true", Start))
	if got := ReplyTimes(Defaults(), r, hours(50)); got != nil {
		t.Errorf("one who must not be profiled gives %v", got)
	}
}
