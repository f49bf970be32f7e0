package fields

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestMeanings(t *testing.T) {
	got, err := Meanings[crm.MeetingState](" Stayed_Away = no_show ,on_site=held,, ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]crm.MeetingState{"stayed_away": crm.NoShow, "on_site": crm.Held}, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"stayed_away", "=held", "stayed_away=", "stayed_away=away"} {
		if got, err := Meanings[crm.MeetingState](bad); err == nil {
			t.Errorf("%q means %v", bad, got)
		}
	}
}
