package queue

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// hang is how long a test waits for what has to come: no measure of speed.
const hang = 5 * time.Minute

func TestFetchReturnsWhatIsThere(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	start := time.Now()
	none(t, c, "an empty stream")
	if d := time.Since(start); d < 150*time.Millisecond || d > hang {
		t.Errorf("an empty Fetch with a wait of 200 ms took %v", d)
	}
	for i := range 5 {
		must(t, q.Deliveries.Publish(t.Context(), src, []byte(fmt.Sprint(i)), nil))
	}
	for i, m := range fetch(t, c, 5) {
		if string(m.Data) != fmt.Sprint(i) || m.Seq != uint64(i+1) || m.Deliveries != 1 ||
			m.Stream != "DELIVERIES_hubspot" || time.Since(m.Time) > time.Minute {
			t.Errorf("message %d is %+v", i, m)
		}
	}
	// One that comes while we wait is returned when it comes.
	go func() {
		time.Sleep(100 * time.Millisecond)
		_ = q.Deliveries.Publish(context.Background(), src, []byte("late"), nil) // if it fails no message comes
	}()
	start = time.Now()
	late := must1[[]*Msg](t)(c.Fetch(t.Context(), 100, 0, hang))
	if d := time.Since(start); len(late) != 1 || d > hang {
		t.Errorf("%d messages after %v, want the late one at once", len(late), d)
	}
}

// TestGatherWaitsForMoreUntilThen: one message is taken alone where there is no reason to wait, and together with the
// next where there is.
func TestGatherWaitsForMoreUntilThen(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	publish := func() error { return q.Deliveries.Publish(context.Background(), src, []byte("x"), nil) }
	must(t, publish())
	// gather goes on until the first is there: Gather itself waits for it only a little.
	gather := func(until, least time.Duration) (msgs []*Msg) {
		t.Helper()
		for end := time.Now().Add(hang); len(msgs) == 0 && time.Now().Before(end); {
			msgs = must1[[]*Msg](t)(c.Gather(t.Context(), 2, 1000, time.Now().Add(until), least))
		}
		return msgs
	}
	if msgs := gather(-hang, 0); len(msgs) != 1 {
		t.Errorf("%d messages, want the one that is there", len(msgs))
	}
	for _, wait := range []struct{ until, least time.Duration }{{hang, 0}, {-hang, hang}} {
		must(t, publish())
		go func() {
			time.Sleep(50 * time.Millisecond)
			_ = publish() // if it fails Gather returns without it
		}()
		if msgs := gather(wait.until, wait.least); len(msgs) != 2 {
			t.Errorf("%d messages, want the late one too", len(msgs))
		}
	}
}

func TestFetchBounds(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	for range 6 {
		must(t, q.Deliveries.Publish(t.Context(), src, make([]byte, 100_000), nil))
	}
	two := func(most, maxBytes int) { // or fewer, where the second comes so late that nobody waits for it
		t.Helper()
		eventually(t, "two come at once", func() bool {
			msgs := must1[[]*Msg](t)(c.Fetch(t.Context(), most, maxBytes, hang))
			if len(msgs) > 2 {
				t.Errorf("%d messages of 100 kB, want at most %d, or 2 in %d bytes", len(msgs), most, maxBytes)
			}
			if len(msgs) < 2 {
				NakAll(msgs, 0)
			}
			return len(msgs) >= 2
		})
	}
	two(2, 0)
	two(10, 250_000)
	start := time.Now()
	if msgs := must1[[]*Msg](t)(c.Fetch(t.Context(), 10, 1000, hang)); len(msgs) != 1 || time.Since(start) > hang {
		t.Errorf("%d messages after %v, want the one that is larger than the bytes asked for", len(msgs),
			time.Since(start))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Fetch(ctx, 1, 0, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("Fetch with an ended context: %v", err)
	}
	fetch(t, c, 1)
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start = time.Now()
	if _, err := c.Fetch(ctx, 1, 0, hang); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > hang {
		t.Errorf("Fetch with a context that ends: %v after %v", err, time.Since(start))
	}
}

func TestNakTermAndProgress(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	for _, s := range []string{"nak", "later", "term"} {
		must(t, q.Deliveries.Publish(t.Context(), src, []byte(s), nil))
	}
	msgs := fetch(t, c, 3)
	start := time.Now()
	must(t, msgs[0].Nak(0))
	must(t, msgs[1].Nak(600*time.Millisecond))
	must(t, msgs[2].Term())
	if m := fetch(t, c, 1)[0]; string(m.Data) != "nak" || m.Deliveries != 2 {
		t.Errorf("%q for the %d. time", m.Data, m.Deliveries)
	} else {
		must(t, m.InProgress())
		must(t, m.Ack())
	}
	if m := fetch(t, c, 1)[0]; string(m.Data) != "later" || time.Since(start) < 500*time.Millisecond {
		t.Errorf("%q after %v", m.Data, time.Since(start))
	} else {
		must(t, m.Ack())
	}
	none(t, c, "all are settled")
}

// What is held comes to nobody else, however long its wait is; let go of, or put off, it does.
func TestHold(t *testing.T) {
	t.Parallel() // it waits most of the time
	q := open(t)
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("held"), nil))
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("put off"), nil))
	spec := layout.DeliveryConsumer(src)
	spec.Wait = 8 * time.Second // said again every third of it, also where the machine is busy
	config := spec.Config(1)
	_, err := q.srv.JS(0).UpdateConsumer(t.Context(), spec.Stream, config)
	must(t, err)
	c := q.srv.Consumer(spec.Stream, config, "", 0, nil)
	defer c.Close()
	msgs := fetch(t, c, 2)
	letGo := Hold(msgs)
	must(t, msgs[1].Nak(2*spec.Wait))
	again := fetch(t, c, 1)[0]
	if string(again.Data) != "put off" || time.Since(again.Time) < 2*spec.Wait {
		t.Errorf("%q came again after %v, want what was put off", again.Data, time.Since(again.Time))
	}
	must(t, again.Ack())
	letGo()
	if again = fetch(t, c, 1)[0]; string(again.Data) != "held" || again.Deliveries != 2 {
		t.Errorf("%q came for the %d. time, want the one that was held", again.Data, again.Deliveries)
	}
}

// Ten messages put off must not keep the rest of the source waiting.
func TestMessagesPutOffDoNotStarveTheRest(t *testing.T) {
	q := open(t)
	c := q.Fetches.Consumer(src)
	var all []FetchMsg
	for i := range 30 {
		all = append(all, FetchMsg{src, "emails", fmt.Sprint(i), nil, nil})
	}
	must(t, q.Fetches.Publish(t.Context(), all[:15], latest))
	for _, m := range fetch(t, c, 15) {
		must(t, m.Nak(time.Hour))
	}
	must(t, q.Fetches.Publish(t.Context(), all[15:], latest))
	fetch(t, c, 15)
}

func TestFetchesKeepTheLatestOfARecord(t *testing.T) {
	q := open(t)
	c := q.Fetches.Consumer(src)
	for i := range 3 {
		must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", "1", []byte(fmt.Sprint(i)), nil}}, latest))
	}
	held := fetch(t, c, 1)[0]
	if string(held.Data) != "2" {
		t.Fatalf("got version %s", held.Data)
	}
	none(t, c, "two versions were replaced")
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", "1", []byte("3"), nil}}, latest))
	newer := fetch(t, c, 1)[0] // at once, although the former is in hand
	if string(newer.Data) != "3" {
		t.Fatalf("got version %s", newer.Data)
	}
	must(t, held.Ack()) // late: it must not settle the newer one
	if data, at := oldest(t, q.Fetches.lane); !at.Equal(newer.Time) || string(data) != "3" {
		t.Errorf("oldest is %v, want the newer version's %v", at, newer.Time)
	}
	must(t, newer.Ack())
	eventually(t, "nothing waits", func() bool { _, at := oldest(t, q.Fetches.lane); return at.IsZero() })
}

func TestRatingsAreReplacedWhileInHand(t *testing.T) {
	q := open(t)
	consumers := q.Ratings.Consumers(src)
	if len(consumers) != 2 {
		t.Fatalf("%d consumers for 2 streams", len(consumers))
	}
	at := commit(t, q, 1, Checkpoint{}, nil, map[string]string{"c": "A", "d": "A"})
	held := fetch(t, consumers[1], 2)
	at = commit(t, q, 1, at, nil, map[string]string{"c": "B"})
	newer := fetch(t, consumers[1], 1)[0]
	if string(newer.Data) != "B" || newer.Deliveries != 1 {
		t.Errorf("got %q for the %d. time, want the newer rating at once", newer.Data, newer.Deliveries)
	}
	for _, m := range append(held, newer) {
		must(t, m.Ack())
	}
	none(t, consumers[1], "all are acknowledged")
	for i := range 10 { // while nobody takes them the backlog is one a contact
		at = commit(t, q, 1, at, nil, map[string]string{"c": fmt.Sprint(i), "d": fmt.Sprint(i)})
	}
	for _, m := range fetch(t, consumers[1], 2) {
		if string(m.Data) != "9" {
			t.Errorf("%s has %q, want the latest", m.Subject, m.Data)
		}
	}
	none(t, consumers[0], "the other stream holds none of these")
}

func TestOldest(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	oldest := func() time.Time { t.Helper(); _, at := oldest(t, q.Deliveries.lane); return at }
	if !oldest().IsZero() {
		t.Error("something waits in an empty stream")
	}
	for range 4 {
		must(t, q.Deliveries.Publish(t.Context(), src, []byte("x"), nil))
	}
	first := oldest()
	if d := time.Since(first); d < 0 || d > time.Minute {
		t.Fatalf("oldest is %v ago", d)
	}
	msgs := fetch(t, c, 4)
	if !first.Equal(msgs[0].Time) {
		t.Errorf("oldest is %v, the first message is of %v", first, msgs[0].Time)
	}
	must(t, msgs[1].Ack())
	must(t, msgs[2].Ack())
	healthy(t, q) // whose probe is in the same stream
	if !oldest().Equal(first) {
		t.Error("the first message is in hand and no longer counts")
	}
	must(t, msgs[0].Ack())
	eventually(t, "the last message in hand is the oldest", func() bool { return oldest().Equal(msgs[3].Time) })
	must(t, msgs[3].Nak(time.Hour))
	if !oldest().Equal(msgs[3].Time) {
		t.Error("a message put off no longer counts")
	}
	must(t, msgs[3].Ack())
	eventually(t, "nothing waits", func() bool { return oldest().IsZero() })
}

func TestConsumerThatWasDeletedIsMadeAnew(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	none(t, c, "an empty stream")
	must(t, q.srv.JS(0).DeleteConsumer(t.Context(), "DELIVERIES_"+src, "read"))
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("x"), nil))
	if m := fetch(t, c, 1)[0]; string(m.Data) != "x" {
		t.Errorf("got %q", m.Data)
	}
}

func TestStreamThatIsGoneEndsTheProcess(t *testing.T) {
	q := open(t)
	c := q.Deliveries.Consumer(src)
	must(t, q.srv.JS(0).DeleteStream(t.Context(), "DELIVERIES_"+src))
	eventually(t, "Fetch from a stream that is gone has an error", func() bool {
		_, err := c.Fetch(t.Context(), 1, 0, time.Second) // has none where the server does not answer within the second
		return err != nil
	})
	select {
	case <-q.Failed():
	case <-time.After(hang):
		t.Error("Failed is silent though a stream is gone")
	}
}

func TestLogIsOrderedAndResumes(t *testing.T) {
	q := open(t)
	var all []Bundle
	for i := range 1200 {
		all = append(all, Bundle{i % 4, []byte(fmt.Sprint(i)), nil})
	}
	must(t, q.Facts.Publish(t.Context(), all))
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 2, 0))
	defer func() { l.Close() }()
	want := 2
	next := func(n int) (last uint64) {
		t.Helper()
		for end := time.Now().Add(hang); n > 0 && time.Now().Before(end); {
			for _, m := range must1[[]*Msg](t)(l.Next(t.Context(), min(n, 100), time.Second)) {
				if string(m.Data) != fmt.Sprint(want) {
					t.Fatalf("bundle %s, want %d", m.Data, want)
				}
				must(t, m.Ack()) // does nothing
				want, last, n = want+4, m.Seq, n-1
			}
		}
		if n > 0 {
			t.Fatalf("%d bundles are missing", n)
		}
		return last
	}
	at := next(100)
	// lost on the way: it goes on behind what was read
	must(t, q.srv.JS(0).DeleteConsumer(t.Context(), layout.Facts, l.Name()))
	at2 := next(50)
	l.Close()
	if at2 <= at {
		t.Fatalf("sequence %d after %d", at2, at)
	}
	l = must1[*Log](t)(q.Facts.Open(t.Context(), 2, at2))
	next(150)
	start := time.Now()
	if msgs := must1[[]*Msg](t)(l.Next(t.Context(), 10, 200*time.Millisecond)); len(msgs) != 0 ||
		time.Since(start) > hang {
		t.Errorf("%d bundles beyond the last, after %v", len(msgs), time.Since(start))
	}
	must(t, q.Facts.Publish(t.Context(), []Bundle{{2, []byte(fmt.Sprint(want)), nil}}))
	next(1)
}

func oldest(t testing.TB, l lane) (data []byte, at time.Time) {
	t.Helper()
	var err error
	eventually(t, "the server answers", func() bool { // one of a cluster may not know its leader for a moment
		data, at, err = l.Oldest(t.Context(), src)
		return !Unanswered(err)
	})
	must(t, err)
	return data, at
}

// eventually waits for what the server does a moment after it was told.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(hang); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Errorf("not so: %s", what)
}
