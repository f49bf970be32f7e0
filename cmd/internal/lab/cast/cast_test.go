package cast

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ ms atomic.Int64 }

func (c *clock) Set(t time.Time) { c.ms.Store(t.UnixMilli()) }
func (c *clock) now() time.Time  { return time.UnixMilli(c.ms.Load()).UTC() }

func stage(t *testing.T, c *clock) hubspot.Face {
	t.Helper()
	c.Set(Begin)
	s, err := hubspot.Start(hubspot.Options{Now: c.now, Winnow: true, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return hubspot.Face{Sandbox: s}
}

// rate writes a contact's fields over the API, as Winnow does.
func rate(t *testing.T, s hubspot.Face, contact, fields string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, s.URL()+"/crm/objects/2026-09/contacts/"+
		contact, strings.NewReader(`{"properties":`+fields+`}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sandbox-token")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
}

// TestScripts holds the scripts to what they promise: in order, in working hours, inside the eight months.
func TestScripts(t *testing.T) {
	if n := len(All()); n < 12 {
		t.Errorf("a cast of %d", n)
	}
	names := map[string]bool{}
	for _, m := range All() {
		if names[m.Name] || m.Name == "" || m.Story == "" || m.Profile.Email == "" {
			t.Errorf("%q: a name twice, or something missing", m.Name)
		}
		names[m.Name] = true
		zone, err := time.LoadLocation(m.Profile.Zone)
		if err != nil {
			t.Fatal(err)
		}
		last := Begin
		for i, step := range m.Steps {
			at := step.At.In(zone)
			if !step.At.After(last) || step.At.After(End) {
				t.Errorf("%s: step %d at %s is out of order", m.Name, i, at)
			}
			last = step.At
			if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday || at.Hour() < 8 || at.Hour() > 18 {
				t.Errorf("%s: step %d at %s is outside working hours", m.Name, i, at.Format(time.RFC1123))
			}
		}
	}
}

// TestPlaysTheSameTwice plays the whole cast twice and compares every event. Nobody rates, so those who wait for it
// wait for ever.
func TestPlaysTheSameTwice(t *testing.T) {
	play := func(seed uint64) (events []byte, members []Member) {
		c := &clock{}
		s := stage(t, c)
		members = New(seed)
		days := 0
		err := Play(t.Context(), s, members, c, func(context.Context) error {
			for _, e := range s.Events() {
				events = append(events, e...)
			}
			return nil
		}, func(time.Time) { days++ })
		if err != nil {
			t.Fatal(err)
		}
		if days != 243 {
			t.Errorf("%d days", days)
		}
		return events, members
	}
	one, members := play(1)
	two, _ := play(1)
	other, _ := play(2)
	if !bytes.Equal(one, two) {
		t.Error("the same seed gave other events")
	}
	if bytes.Equal(one, other) {
		t.Error("another seed gave the same events")
	}
	if n := bytes.Count(one, []byte(`"object.creation"`)); n < 200 {
		t.Errorf("only %d records were made", n)
	}
	for _, m := range members {
		if m.Contact == "" {
			t.Errorf("%s never came", m.Name)
		}
	}
}

// TestWaitingSteps follows the one who returns: she is broken up with once pending shows, and comes back three days
// later.
func TestWaitingSteps(t *testing.T) {
	c := &clock{}
	s := stage(t, c)
	members := slices.DeleteFunc(All(), func(m Member) bool {
		return m.Name != "the one who returns after the break-up"
	})
	day := time.Date(2026, 3, 20, 2, 0, 0, 0, time.UTC) // a Friday
	var mails []time.Time
	err := Play(t.Context(), s, members, c, func(context.Context) error {
		switch now := c.now(); {
		case now.Equal(day):
			rate(t, s, members[0].Contact,
				`{"winnow_status":"pending","winnow_rating":"C","winnow_reasons":"-8 did not answer (A04)"}`)
		case now.Equal(day.AddDate(0, 0, 5)):
			rate(t, s, members[0].Contact, `{"winnow_status":"requalified","winnow_rating":"B"}`)
		}
		for _, e := range s.Events() {
			if bytes.Contains(e, []byte(`"hs_email_direction"`)) {
				mails = append(mails, c.now().Add(-24*time.Hour))
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	format := func(from, to string) (list []string) {
		for _, at := range mails {
			if d := at.Format("01-02"); d >= from && d <= to {
				list = append(list, d)
			}
		}
		return list
	}
	if got := strings.Join(format("03-05", "03-31"), " "); got != "03-20 03-23 03-24 03-27" {
		t.Errorf("mails on %s", got)
	}
	if got := Path(s, members[0].Contact); !slices.Equal(got, []string{"pending", "requalified"}) {
		t.Errorf("path %v", got)
	}
	if err := Check(s, members[0]); err != nil {
		t.Error(err)
	}
}

// TestCheckFindsWhatIsWrong shows that each part of an expectation can fail.
func TestCheckFindsWhatIsWrong(t *testing.T) {
	c := &clock{}
	s := stage(t, c)
	id := s.CreateContact(nil)
	rate(t, s, id, `{"winnow_status":"pending","winnow_rating":"C"}`)
	rate(t, s, id,
		`{"winnow_status":"disqualified","winnow_rating":"D","winnow_reasons":"-12 answered in a word (A06)"}`)
	for name, c := range map[string]struct {
		expect Expectation
		ok     bool
	}{
		"right": {Expectation{
			Ratings: "CD", Ends: []string{"disqualified"}, Passes: []string{"pending", "disqualified"},
			Never: []string{"nurture"}, Reasons: []string{"A06"}, Fields: map[string]string{"rating": "*"},
		}, true},
		"rating":         {Expectation{Ratings: "AB"}, false},
		"no rating":      {Expectation{}, false},
		"end":            {Expectation{Ratings: "D", Ends: []string{"open"}}, false},
		"order of path":  {Expectation{Ratings: "D", Passes: []string{"disqualified", "pending"}}, false},
		"never":          {Expectation{Ratings: "D", Never: []string{"pending"}}, false},
		"reason":         {Expectation{Ratings: "D", Reasons: []string{"A07"}}, false},
		"field":          {Expectation{Ratings: "D", Fields: map[string]string{"rating": "C"}}, false},
		"field that is*": {Expectation{Ratings: "D", Fields: map[string]string{"ball": "*"}}, false},
	} {
		if err := Check(s, Member{Name: name, Contact: id, Expect: c.expect}); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Check(s, Member{Name: "gone", Contact: "9"}); err == nil {
		t.Error("a contact that is not there passed")
	}
}

func TestPlayStops(t *testing.T) {
	c := &clock{}
	s := stage(t, c)
	broken := errors.New("settle broke")
	if err := Play(t.Context(), s, All(), c, func(context.Context) error { return broken }, nil); !errors.Is(err,
		broken) {
		t.Errorf("got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := Play(ctx, s, All(), c, func(context.Context) error { return nil }, nil); !errors.Is(err,
		context.Canceled) {
		t.Errorf("got %v", err)
	}
}
