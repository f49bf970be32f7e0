package queue

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// minute is n minutes after nothing.
func minute(n int) time.Time { return time.Unix(int64(n)*60, 0).UTC() }

// minutes reads an instant that a message is about.
func minutes(data []byte, _ time.Time) time.Time {
	n, _ := strconv.Atoi(string(data))
	return minute(n)
}

// TestBacklog: what waits longest need not come first.
func TestBacklog(t *testing.T) {
	q := open(t)
	c := q.Fetches.Consumer(src)
	b := q.Fetches.Backlog(src, minutes)
	want := func(at time.Time, why string) {
		t.Helper()
		eventually(t, why, func() bool { return must1[time.Time](t)(b.Oldest(t.Context())).Equal(at) })
	}
	publish := func(id string, at int) {
		t.Helper()
		must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", id, []byte(fmt.Sprint(at)), nil}}, latest))
	}
	want(time.Time{}, "nothing waits")
	publish("1", 10)
	want(minute(10), "the only one")
	publish("2", 30)
	publish("3", 5) // follows from one that was noticed long ago
	publish("4", 40)
	want(minute(5), "the third")
	msgs := fetch(t, c, 4)
	must(t, msgs[0].Ack())
	want(minute(5), "still the third")
	must(t, msgs[2].Ack())
	must(t, msgs[1].Ack())
	want(minute(40), "the fourth is left")
	publish("4", 35) // in its place, while it is in hand
	want(minute(35), "the fourth's newer")
	healthy(t, q) // its probe comes last in the stream
	want(minute(35), "still so")

	fresh := q.Fetches.Backlog(src, minutes) // another process
	if at := must1[time.Time](t)(fresh.Oldest(t.Context())); !at.Equal(minute(35)) {
		t.Errorf("oldest is %s for who has just come", at)
	}
	publish("5", 20)
	must(t, q.Fetches.Purge(t.Context(), src, FetchRef{"emails", "4"}))
	want(minute(20), "the fourth was erased")
	b.Close()
	want(minute(20), "begun anew")
	must(t, fetch(t, c, 1)[0].Ack())
	want(time.Time{}, "nothing waits")
}
