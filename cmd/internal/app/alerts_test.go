package app

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestAlerts holds deploy/alerts.yaml and the runbook against the metrics that there are: a rule on a series that is
// misspelt, or not there before its first event, never fires.
func TestAlerts(t *testing.T) {
	t.Parallel()
	// with limits, so that it tells what is left of the day
	w := newWorld(t, hubspot.Options{RateLimit: 1000, SearchPerSecond: -1})
	id := w.box.CreateContact(map[string]string{"email": "a@alerts.example"})
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "a question", Text: "What does it cost?"})
	w.settle()
	alerts, runbook := read(t, "../../../deploy/alerts.yaml"), read(t, "../../../deploy/RUNBOOK.md")
	selector := regexp.MustCompile(`(winnow_[a-z_]+)(?:\{([^}]*)\})?`)
	type wanted struct{ by, metric, labels string }
	var all []wanted
	for _, rule := range strings.Split(alerts, "- alert: ")[1:] {
		name, rest, _ := strings.Cut(rule, "\n")
		_, rest, _ = strings.Cut(rest, "expr: ")
		expr, _, _ := strings.Cut(rest, "labels:")
		found := selector.FindAllStringSubmatch(expr, -1)
		if len(found) == 0 {
			t.Errorf("%s: no metric of ours in %q", name, expr)
		}
		for _, m := range found {
			all = append(all, wanted{name, m[1], m[2]})
		}
		anchor := regexp.MustCompile(`RUNBOOK\.md#(\S+)`).FindStringSubmatch(rule)
		if anchor == nil || !strings.Contains(headings(runbook), "#"+anchor[1]+"\n") {
			t.Errorf("%s: its section of the runbook is not there: %v", name, anchor)
		}
	}
	if len(all) < 15 {
		t.Errorf("%d metrics found in the alerts: the file is not read as it is written", len(all))
	}
	for _, m := range regexp.MustCompile("`(winnow_[a-z_]+)`").FindAllStringSubmatch(runbook, -1) {
		if field := m[1]; field != "winnow_model" && field != "winnow_override" {
			all = append(all, wanted{by: "the runbook", metric: field})
		}
	}
	for _, want := range all {
		w.until(fmt.Sprintf("/metrics has %s%s, of which %s speaks", want.metric, want.labels, want.by), func() bool {
			series := slices.Collect(maps.Keys(w.metrics()))
			return has(series, want.metric, want.labels)
		})
	}
}

// has reports whether a series of that name has labels that match: each a="x" or a=~"x|y", of which one value is
// enough.
func has(series []string, name, matchers string) bool {
	for _, line := range series {
		labels, ok := strings.CutPrefix(line, name)
		if !ok || labels != "" && labels[0] != '{' && labels[0] != ' ' {
			continue
		}
		all := true
		for _, m := range regexp.MustCompile(`([a-z]+)=~?"([^"]*)"`).FindAllStringSubmatch(matchers, -1) {
			all = all && regexp.MustCompile(m[1]+`="(`+m[2]+`)"`).MatchString(labels)
		}
		if all {
			return true
		}
	}
	return false
}

// headings are the anchors of a Markdown file's headings, one a line.
func headings(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			kept := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(title), "")
			b.WriteString("#" + strings.ReplaceAll(kept, " ", "-") + "\n")
		}
	}
	return b.String()
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
