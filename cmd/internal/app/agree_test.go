package app

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/lab/clustertest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// trouble is something that needs a person, and how each place says so.
type trouble struct {
	problem string // on the page, and in winnow status, which ends with 2 for it
	series  string // of the metrics
	value   float64
	log     string
	alert   string
	unready bool // /readyz says so too
}

// agrees waits until every place says the same of a trouble. before are the metrics of when all was well, for alerts
// that look at what has come since.
func (w *world) agrees(before map[string]float64, want trouble) {
	w.t.Helper()
	w.until("the page says "+want.problem, func() bool { return strings.Contains(w.page("/"), want.problem) })
	w.until("winnow status says "+want.problem, func() bool {
		status := parsed[api.StatusPage](w.t, w.page("/api/status"))
		return slices.ContainsFunc(status.Problems, func(p api.Problem) bool {
			return p.Urgent && strings.Contains(p.What, want.problem)
		})
	})
	w.measures(want.series, want.value)
	w.until("the log says "+want.log, func() bool {
		return slices.ContainsFunc(strings.Split(w.log.String(), "\n"), func(line string) bool {
			return strings.Contains(line, `"level":"error"`) && strings.Contains(line, want.log)
		})
	})
	w.until(want.alert+" fires", func() bool { return fires(w.t, want.alert, before, w.metrics()) })
	if fires(w.t, want.alert, before, before) {
		w.t.Errorf("%s fires while all is well", want.alert)
	}
	w.until(fmt.Sprint("ready: ", !want.unready), func() bool {
		status, _ := w.admin("/readyz")
		return status == map[bool]int{false: 200, true: 503}[want.unready]
	})
}

// metrics are the series of /metrics by name and labels.
func (w *world) metrics() map[string]float64 {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.app.Admin.ServeHTTP(rec, httptest.NewRequest("GET", "http://127.0.0.1/metrics", nil))
	all := map[string]float64{}
	for line := range strings.Lines(rec.Body.String()) {
		i := strings.LastIndexByte(strings.TrimSpace(line), ' ')
		if i < 0 || line[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(strings.TrimSpace(line[i:]), 64); err == nil {
			all[line[:i]] = v
		}
	}
	return all
}

// measures waits until /metrics has a series with a value: what a busy machine cannot tell in time is left out of it.
func (w *world) measures(series string, value float64) {
	w.t.Helper()
	w.until(fmt.Sprintf("the metrics have %s %v", series, value), func() bool {
		v, ok := w.metrics()[series]
		return ok && v == value
	})
}

// well waits until the process is ready and returns the metrics that say so.
func (w *world) well() (metrics map[string]float64) {
	w.t.Helper()
	w.until("it is ready", func() bool { metrics = w.metrics(); return metrics["winnow_ready"] == 1 })
	return metrics
}

// simple are the alerts whose expressions this test can evaluate: a sum, least or most of one metric, or of its rise,
// compared with a number.
var simple = regexp.MustCompile(`^(?:(?:min|max|sum)(?: by \([a-z, ]+\))? ?)\((increase\()?` +
	`(winnow_[a-z_]+)(\{[^}]*\})?(?:\[\w+\]\))?\) (==|>|<) (\d+)$`)

// fires evaluates an alert of deploy/alerts.yaml by the metrics of two moments, for any of its groups.
func fires(t *testing.T, alert string, before, now map[string]float64) bool {
	t.Helper()
	_, rule, ok := strings.Cut(read(t, "../../../deploy/alerts.yaml"), "- alert: "+alert+"\n")
	expr := regexp.MustCompile(`expr: (.*)`).FindStringSubmatch(rule)
	if !ok || expr == nil {
		t.Fatalf("there is no alert %s", alert)
	}
	m := simple.FindStringSubmatch(expr[1])
	if m == nil {
		t.Fatalf("%s: %s is not as simple as this test can read", alert, expr[1])
	}
	than, err := strconv.ParseFloat(m[5], 64)
	if err != nil {
		t.Fatal(err)
	}
	for series, v := range now {
		if !has([]string{series + " 0"}, m[2], m[3]) {
			continue
		}
		if m[1] != "" {
			v -= before[series]
		}
		if m[4] == ">" && v > than || m[4] == "<" && v < than || m[4] == "==" && v == than {
			return true
		}
	}
	return false
}

// TestTokenRefusedInAQuietAccount: nothing happens in the account, and still every place says that its token is
// refused.
func TestTokenRefusedInAQuietAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.silence = 50 * time.Millisecond
	w.restart()
	w.settle()
	well := w.well()
	w.box.SetToken("another")
	w.agrees(well, trouble{
		problem: "token is wrong", log: "token is wrong",
		series: `winnow_source_needs_person{source="hubspot"}`, value: 1,
		alert: "WinnowCredentialRefused",
	})
	w.box.SetToken("sandbox-token")
	w.measures(`winnow_source_needs_person{source="hubspot"}`, 0)
	w.until("so does the page", func() bool { return !strings.Contains(w.page("/"), "token is wrong") })
}

// TestDiskFullIsSaidEverywhere: without room on the disk every place says that it is not ready.
func TestDiskFullIsSaidEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.settle()
	well := w.well()
	w.restart("WINNOW_QUEUE_MIN_FREE=1000TiB")
	w.agrees(well, trouble{
		problem: "not ready", series: "winnow_ready", log: "not ready",
		alert: "WinnowNotReady", unready: true,
	})
	w.shows("/system", "1000 TiB")
}

// TestLostQuorumIsSaidEverywhere: two of three servers of the store are away. Every place says so, the page within a
// second, and what this process knows by itself is still there.
func TestLostQuorumIsSaidEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real time-outs")
	}
	t.Parallel()
	servers := clustertest.Start(t)
	w := newWorld(t, hubspot.Options{}, "WINNOW_NATS_URL="+servers.URLs())
	w.contact("somebody")
	well := w.well()
	servers.Stop(1, 2)
	w.agrees(well, trouble{
		problem: "not ready", series: "winnow_ready", log: "not ready",
		alert: "WinnowNotReady", unready: true,
	})
	began := time.Now()
	body := w.page("/")
	took := time.Since(began)
	if !strings.Contains(body, "the store is not answering") || !strings.Contains(body, "hubspot") {
		t.Errorf("the page does not say that the store is not answering, or has lost the sources:\n%s", body)
	}
	t.Logf("the page took %s", took)
	servers.Again(1, 2)
	w.measures("winnow_ready", 1)
	w.until("the log says so", func() bool { return strings.Contains(w.log.String(), "ready again") })
}
