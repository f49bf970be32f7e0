package app

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestMetricsAreWellFormed: promtool check metrics has nothing to say of what Winnow counts and measures.
func TestMetricsAreWellFormed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	w.contact("somebody")
	w.settle()
	rec := httptest.NewRecorder()
	w.app.Admin.ServeHTTP(rec, httptest.NewRequest("GET", "http://127.0.0.1/metrics", nil))
	if !strings.Contains(rec.Body.String(), "\nwinnow_ready ") {
		t.Fatalf("these are no metrics of Winnow's:\n%.300s", rec.Body)
	}
	problems, err := promlint.New(rec.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "winnow_") { // the others are those of Prometheus' own client
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
