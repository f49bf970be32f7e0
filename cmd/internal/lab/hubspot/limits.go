package hubspot

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// limits counts requests as HubSpot does: so many in any ten seconds, so many in a day, and fewer searches in a second.
// Source: HubSpot documentation, "API usage guidelines and limits".
type limits struct {
	mu       sync.Mutex
	clock    func() time.Time
	zone     *time.Location
	rolling  window
	searches window
	perDay   int // negative: no limit
	day      string
	used     int
}

// window allows so many events in any span of time.
type window struct {
	span time.Duration
	at   []time.Time // ring of the latest events, as many as are allowed
	next int
}

func newWindow(n int, span time.Duration) window {
	if n < 0 {
		return window{}
	}
	return window{span: span, at: make([]time.Time, n)}
}

// take reports whether one more event is allowed at t, and counts it if it is.
func (w *window) take(t time.Time) bool {
	if len(w.at) == 0 {
		return true
	}
	if oldest := w.at[w.next]; !oldest.IsZero() && t.Sub(oldest) < w.span {
		return false
	}
	w.at[w.next] = t
	w.next = (w.next + 1) % len(w.at)
	return true
}

func (w *window) left(t time.Time) int {
	n := 0
	for _, at := range w.at {
		if at.IsZero() || t.Sub(at) >= w.span {
			n++
		}
	}
	return n
}

func (l *limits) init(opt Options, zone *time.Location) {
	l.clock, l.zone, l.perDay = opt.Clock, zone, opt.DailyLimit
	if opt.RateLimit < 0 {
		l.perDay = -1
	}
	l.rolling = newWindow(opt.RateLimit, 10*time.Second)
	l.searches = newWindow(opt.SearchPerSecond, time.Second)
}

// allow counts one request and returns the name of the policy that refuses it, if one does. It sets the headers that
// tell what is left; searches have none.
func (l *limits) allow(h http.Header, search bool) (policy string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.clock()
	if search && !l.searches.take(t) {
		return "SECONDLY"
	}
	if l.perDay < 0 {
		return ""
	}
	if day := t.In(l.zone).Format(time.DateOnly); day != l.day {
		l.day, l.used = day, 0
	}
	switch {
	case l.used >= l.perDay:
		policy = "DAILY"
	case !l.rolling.take(t):
		policy = "TEN_SECONDLY_ROLLING"
	default:
		l.used++
	}
	if !search {
		h.Set("X-HubSpot-RateLimit-Daily", strconv.Itoa(l.perDay))
		h.Set("X-HubSpot-RateLimit-Daily-Remaining", strconv.Itoa(l.perDay-l.used))
		h.Set("X-HubSpot-RateLimit-Interval-Milliseconds", "10000")
		h.Set("X-HubSpot-RateLimit-Max", strconv.Itoa(len(l.rolling.at)))
		h.Set("X-HubSpot-RateLimit-Remaining", strconv.Itoa(l.rolling.left(t)))
	}
	return policy
}

// usage is what the account information API says of the day.
func (l *limits) usage() (used, limit int, reset time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.clock().In(l.zone)
	return l.used, l.perDay, time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, l.zone)
}

func refuse(w http.ResponseWriter, policy string, correlation string) {
	said := map[string]string{
		"DAILY":                "You have reached your daily limit.",
		"SECONDLY":             "You have reached your secondly limit.",
		"TEN_SECONDLY_ROLLING": "You have reached your ten_secondly_rolling limit.",
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = fmt.Fprintf(w,
		`{"status":"error","message":%q,"errorType":"RATE_LIMIT","correlationId":%q,"policyName":%q,"requestId":%q}`,
		said[policy], correlation, policy, correlation)
}
