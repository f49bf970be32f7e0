package app

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

var update = flag.Bool("update", false, "write docs/METRICS.md anew")

// TestMetrics holds docs/METRICS.md to what the program registers. The dashboard and the alerts are held to that file.
func TestMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{})
	families, err := w.app.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, f := range families {
		types[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	descs := make(chan *prometheus.Desc, 1024)
	w.app.metrics.Describe(descs)
	close(descs)
	parts := regexp.MustCompile(`fqName: "([^"]+)", help: "([^"]*)",.* constLabels: {(.*)}, variableLabels: {(.*)}}`)
	var rows []string
	for d := range descs {
		m := parts.FindStringSubmatch(d.String())
		if m == nil || !strings.HasPrefix(m[1], "winnow_") {
			continue
		}
		kind := "gauge"
		if strings.HasSuffix(m[1], "_total") {
			kind = "counter"
		}
		names := regexp.MustCompile(`="[^"]*"`).ReplaceAllString(m[3], "")
		names = cmp.Or(strings.ReplaceAll(strings.Trim(names+","+m[4], ","), ",", ", "), "-")
		rows = append(
			rows,
			fmt.Sprintf(
				"| `%s` | %s | %s | %s |\n",
				m[1],
				names,
				cmp.Or(types[m[1]], kind),
				strings.ReplaceAll(m[2], "|", `\|`),
			),
		)
	}
	slices.Sort(rows)
	want := `# Metrics

What ` + "`/metrics`" + ` on the admin port says, beside what Prometheus' Go client says
of every process (` + "`go_*`, `process_*`" + `). Labels are sources, stages, kinds and results: nothing of a person.
In the OpenMetrics format the histograms have exemplars that lead to traces. This file is made by
` + "`go test ./cmd/internal/app -run TestMetrics -update`" + `.

| metric | labels | type | says |
|---|---|---|---|
` + strings.Join(rows, "")
	const file = "../../../docs/METRICS.md"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := gocmp.Diff(read(t, file), want); diff != "" {
		t.Errorf("%s (-file +program):\n%s", file, diff)
	}
}
