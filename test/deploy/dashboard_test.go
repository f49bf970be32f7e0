package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	dashboards "github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// panel is one of the dashboard: what it asks Prometheus, each query with its legend, and what one is to see in it.
type panel struct {
	title, unit, about string
	queries            [][2]string // query, legend
}

// quantile asks a histogram of the chosen sources.
func quantile(q float64, metric, by, window string) string {
	const query = `histogram_quantile(%g, sum by (%s) (rate(%s_bucket{source=~"$source"}[%s])))`
	return fmt.Sprintf(query, q, by, metric, window)
}

// The dashboard: rows of panels. deploy/grafana/winnow.json is made from it by go test -update.
var dashboard = []struct {
	row    string
	panels []panel
}{
	{
		"Flow",
		[]panel{
			{
				"Deliveries",
				"reqps",
				"Webhooks by what became of them. no_room and not_stored were refused with 503 and come again.",
				[][2]string{
					{
						`sum by (result) (rate(winnow_deliveries_total{source=~"$source"}[$__rate_interval]))`,
						"{{result}}",
					},
				},
			},
			{
				"Until a delivery is stored",
				"s",
				"Its CRM gets the answer then. Points lead to traces, where there are any.",
				[][2]string{
					{
						quantile(0.5, "winnow_delivery_seconds", "le", "$__rate_interval"),
						"half",
					},
					{
						quantile(0.99, "winnow_delivery_seconds", "le", "$__rate_interval"),
						"99 %",
					},
				},
			},
			{
				"Facts rated",
				"ops",
				"Facts folded into records, of all sources.",
				[][2]string{{`sum(rate(winnow_facts_total[$__rate_interval]))`, "facts"}},
			},
			{
				"Records fetched",
				"ops",
				"By the CRM's kind of record and by result.",
				[][2]string{
					{
						`sum by (type, result) (rate(winnow_fetched_total{source=~"$source"}[$__rate_interval]))`,
						"{{type}} {{result}}",
					},
				},
			},
			{"Ratings written", "ops", "By result. What is not ok waits, or is a dead letter.", [][2]string{
				{`sum by (result) (rate(winnow_writes_total{source=~"$source"}[$__rate_interval]))`, "{{result}}"},
			}},
			{
				"Calls to the CRM, 95 %",
				"s",
				"The wait for the budget is part of it.",
				[][2]string{
					{
						quantile(0.95, "winnow_crm_call_seconds", "le, op", "$__rate_interval"),
						"{{op}}",
					},
				},
			},
		},
	},
	{
		"Lag",
		[]panel{
			{"What waits", "short", "Messages at each stage.", [][2]string{
				{`sum by (stage) (max by (stage, source) (winnow_stage_lag_messages{source=~"$source"}))`, "{{stage}}"},
			}},
			{
				"The oldest that waits",
				"s",
				"While it is old, nothing is announced against the source's contacts.",
				[][2]string{
					{`max by (stage, source) (winnow_stage_oldest_seconds{source=~"$source"})`, "{{source}} {{stage}}"},
				},
			},
			{
				"Not read since",
				"s",
				"Silence counts only as far as a source has been read.",
				[][2]string{
					{
						`time() - max by (source) (winnow_source_read_up_to_timestamp_seconds{source=~"$source"})`,
						"{{source}}",
					},
				},
			},
			{"Room used", "percentunit", "At 80 % of DELIVERIES webhooks are refused.", [][2]string{
				{`max by (stream) (winnow_stream_bytes / (winnow_stream_max_bytes > 0))`, "{{stream}}"},
			}},
		},
	},
	{"Trust", []panel{
		{"Facts that wait to be rated", "s", "How old the oldest are, where any wait. After 30 minutes /readyz fails.",
			[][2]string{{`max(winnow_rate_oldest_seconds)`, "all partitions"}}},
		{"Bundles that wait to be rated", "short", "The partitions that have most of them.", [][2]string{
			{`topk(5, max by (partition) (winnow_rate_lag_messages) > 0)`, "{{partition}}"},
		}},
		{"The clock", "s", "How far it is from the CRMs', either way. Not believed, nothing is announced.", [][2]string{
			{`max by (instance) (abs(winnow_clock_skew_seconds))`, "{{instance}}"},
		}},
		{"Lost by the store, a day", "short", "Each is read again from the CRM. Look at the disk.", [][2]string{
			{`sum by (stream) (increase(winnow_store_damage_total[1d]))`, "{{stream}}"},
		}},
	}},
	{"Budgets", []panel{
		{"Calls left in the interval", "short", "Near 0 what is to be read gathers.", [][2]string{
			{`min by (source) (winnow_budget_left{source=~"$source",window="interval"})`, "{{source}}"},
		}},
		{"Calls left in the day", "short", "Polls leave a tenth of them to what is more urgent.", [][2]string{
			{`min by (source) (winnow_budget_left{source=~"$source",window="day"})`, "{{source}}"},
		}},
		{"Dead letters", "short", "Each waits for a person: winnow deadletters list.", [][2]string{
			{`max by (source, stage) (winnow_dead_letters{source=~"$source"})`, "{{source}} {{stage}}"},
		}},
		{"Partitions", "short", "Rated by each process. Together they are all, each once.", [][2]string{
			{`winnow_partitions_owned > 0`, "{{instance}}"},
		}},
	}},
	{
		"Decisions",
		[]panel{
			{"Contacts by rating", "short", "", [][2]string{
				{`sum by (rating) (max by (source, rating) (winnow_contacts{source=~"$source"}))`, "{{rating}}"},
			}},
			{"Pending or disqualified", "short", "", [][2]string{
				{`max by (source) (winnow_flagged{source=~"$source"})`, "{{source}}"},
			}},
			{
				"Decisions a day",
				"short",
				"That the CRM shows, by status and ground. Open takes one back.",
				[][2]string{
					{
						`sum by (status, ground) (increase(winnow_decisions_total{source=~"$source"}[1d])) > 0`,
						"{{status}} {{ground}}",
					},
				},
			},
			{
				"Held back",
				"short",
				"1: the mass-change breaker waits for a person. Contacts: those whom dead letters hold.",
				[][2]string{
					{`max by (source) (winnow_breaker_open{source=~"$source"})`, "{{source}} breaker"},
					{
						`max by (source) (winnow_contacts_held_by_dead_letters{source=~"$source"})`,
						"{{source}} contacts",
					},
				},
			},
		},
	},
	{
		"Fairness",
		[]panel{
			{
				"Replies that we owe for too long",
				"short",
				"While we owe the answer nothing counts against them.",
				[][2]string{
					{`max by (source) (winnow_owed_reply_overdue{source=~"$source"})`, "{{source}}"},
				},
			},
			{
				"Our own answer time",
				"s",
				"How long they waited for us, over a day: half of them, and nine in ten.",
				[][2]string{
					{
						quantile(0.5, "winnow_our_answer_seconds", "le", "1d"),
						"half",
					},
					{
						quantile(0.9, "winnow_our_answer_seconds", "le", "1d"),
						"90 %",
					},
				},
			},
			{
				"Answered within a day",
				"percentunit",
				"The share of our answers of the last week that came within a day.",
				[][2]string{
					{
						`sum(increase(winnow_our_answer_seconds_bucket{source=~"$source",le="86400"}[7d]))` +
							` / sum(increase(winnow_our_answer_seconds_count{source=~"$source"}[7d]))`,
						"within a day",
					},
				},
			},
		},
	},
	{
		"Processes",
		[]panel{
			{
				"Memory",
				"bytes",
				"",
				[][2]string{{`process_resident_memory_bytes and on (instance) winnow_build_info`, "{{instance}}"}},
			},
			{
				"Processors",
				"short",
				"",
				[][2]string{
					{
						`rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) winnow_build_info`,
						"{{instance}}",
					},
				},
			},
			{
				"Open files",
				"short",
				"",
				[][2]string{{`process_open_fds and on (instance) winnow_build_info`, "{{instance}}"}},
			},
			{
				"Versions",
				"short",
				"",
				[][2]string{{`count by (version, model) (winnow_build_info)`, "{{version}} rules {{model}}"}},
			},
		},
	},
}

// grafana is the dashboard as Grafana reads it.
func grafana() map[string]any {
	source := map[string]any{"type": "prometheus", "uid": "${datasource}"}
	var panels []any
	id, y := 0, 0
	place := func(title, kind string, x, w, h int, more map[string]any) {
		id++
		p := map[string]any{
			"id":      id,
			"title":   title,
			"type":    kind,
			"gridPos": map[string]int{"x": x, "y": y, "w": w, "h": h},
		}
		maps.Copy(p, more)
		panels = append(panels, p)
	}
	for _, r := range dashboard {
		place(r.row, "row", 0, 24, 1, map[string]any{"collapsed": false, "panels": []any{}})
		y++
		columns := 3
		if len(r.panels)%3 == 1 {
			columns = 4
		}
		for i, p := range r.panels {
			if i > 0 && i%columns == 0 {
				y += 8
			}
			var targets []any
			for j, q := range p.queries {
				targets = append(targets, map[string]any{
					"refId": string(
						rune('A' + j),
					),
					"datasource":   source,
					"expr":         q[0],
					"legendFormat": q[1],
					"exemplar":     strings.Contains(q[0], "_bucket"),
				})
			}
			place(p.title, "timeseries", i%columns*(24/columns), 24/columns, 8, map[string]any{
				"description": p.about,
				"datasource":  source,
				"targets":     targets,
				"fieldConfig": map[string]any{
					"defaults": map[string]any{
						"unit":   p.unit,
						"min":    0,
						"custom": map[string]any{"fillOpacity": 8, "showPoints": "never"},
					},
					"overrides": []any{},
				},
				"options": map[string]any{
					"legend": map[string]any{
						"displayMode": "list",
						"placement":   "bottom",
						"showLegend":  true,
						"calcs":       []any{},
					},
					"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
				},
			})
		}
		y += 8
	}
	return map[string]any{
		"uid":           "winnow",
		"title":         "Winnow",
		"tags":          []string{"winnow"},
		"timezone":      "browser",
		"editable":      true,
		"schemaVersion": 39,
		"refresh":       "30s",
		"time": map[string]string{
			"from": "now-6h",
			"to":   "now",
		},
		"annotations": map[string]any{"list": []any{}},
		"panels":      panels,
		"templating": map[string]any{"list": []any{
			map[string]any{"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
			map[string]any{
				"name":       "source",
				"label":      "Source",
				"type":       "query",
				"datasource": source,
				"query":      "label_values(winnow_deliveries_total, source)",
				"includeAll": true,
				"multi":      true,
				"allValue":   ".*",
				"current":    map[string]any{"text": "All", "value": "$__all"},
				"refresh":    2,
				"sort":       1,
			},
		}},
	}
}

// TestDashboard holds the file to the table and to Grafana's own types, and each of its queries to the metrics that
// there are.
func TestDashboard(t *testing.T) {
	text, err := json.MarshalIndent(grafana(), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const file = "../../deploy/grafana/winnow.json"
	if *update {
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(read(t, file), string(text)+"\n"); diff != "" {
		t.Errorf("%s is not what the table makes, -update writes it anew (-file +table):\n%s", file, diff)
	}
	plugins.RegisterDefaultPlugins()
	var typed dashboards.Dashboard
	// Its error is never nil: it is empty where all fits.
	if err := typed.UnmarshalJSONStrict(text); err.Error() != "" {
		t.Errorf("Grafana's types do not fit: %v", err)
	}
	if err := typed.Validate(); err != nil {
		t.Errorf("Grafana's limits are not kept: %v", err)
	}
	known := metrics(t)
	for _, r := range dashboard {
		for _, p := range r.panels {
			for _, q := range p.queries {
				query := strings.NewReplacer("$__rate_interval", "5m", "$source", "eu").Replace(q[0])
				for _, complaint := range asks(query, q[1], known) {
					t.Errorf("panel %q: %s", p.title, complaint)
				}
			}
		}
	}
}

// alertRule is a rule of deploy/alerts.yaml.
type alertRule struct {
	Alert, Expr, For string
	Annotations      map[string]string
}

func alertRules(t *testing.T) (all []alertRule) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []alertRule }
	}
	if err := yaml.Unmarshal([]byte(read(t, "../../deploy/alerts.yaml")), &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 10 {
		t.Errorf("%d alerts: the file is not read as it is written", len(all))
	}
	return all
}

// TestAlertQueries holds the alerts to the same, and their texts to the labels that they have.
func TestAlertQueries(t *testing.T) {
	known := metrics(t)
	for _, r := range alertRules(t) {
		for _, complaint := range asks(r.Expr, r.Annotations["summary"], known) {
			t.Errorf("%s: %s", r.Alert, complaint)
		}
	}
}

// TestQueriesOfTheChart: what KEDA asks by the values that the chart comes with.
func TestQueriesOfTheChart(t *testing.T) {
	known, queries := metrics(t), 0
	for name, w := range valuesOf(t, read(t, chartDir+"/values.yaml"))["workers"].(map[string]any) {
		metric, ok := w.(map[string]any)["autoscaling"].(map[string]any)["metric"].(map[string]any)
		if !ok {
			continue
		}
		queries++
		for _, complaint := range asks(metric["query"].(string), "", known) {
			t.Errorf("%s: %s", name, complaint)
		}
	}
	if queries == 0 {
		t.Error("no worker has a query")
	}
}

// metrics are the labels of each metric, as docs/METRICS.md says; a test of the program holds that to what it serves.
func metrics(t *testing.T) map[string][]string {
	t.Helper()
	known := map[string][]string{
		"process_resident_memory_bytes": nil,
		"process_cpu_seconds_total":     nil,
		"process_open_fds":              nil, // of Prometheus' own Go client
	}
	rows := regexp.MustCompile("(?m)^\\| `(winnow_[a-z_]+)` \\| ([^|]*) \\|").
		FindAllStringSubmatch(read(t, "../../docs/METRICS.md"), -1)
	for _, row := range rows {
		var names []string
		for _, name := range strings.Split(row[2], ",") {
			if name = strings.TrimSpace(name); name != "" && name != "-" {
				names = append(names, name)
			}
		}
		known[row[1]] = names
	}
	if len(rows) < 20 {
		t.Fatalf("%d metrics in docs/METRICS.md: it is not read as it is written", len(rows))
	}
	return known
}

// scraped are the labels that Prometheus itself puts on every series.
var scraped = []string{"instance", "job"}

// asks says what is wrong with a query, and with a text that names its labels.
func asks(query, text string, known map[string][]string) (complaints []string) {
	p := parser.NewParser(parser.Options{})
	expr, err := p.ParseExpr(query)
	if err != nil {
		return []string{err.Error()}
	}
	labelled, selectors := map[string]bool{}, 0
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		selectors++
		name := selector.Name
		has, there := known[name]
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			if base, ok := strings.CutSuffix(name, suffix); ok && !there {
				if has, there = known[base]; suffix == "_bucket" {
					has = append(slices.Clone(has), "le")
				}
			}
		}
		if !there {
			complaints = append(complaints, fmt.Sprintf("there is no metric %s", name))
		}
		for _, label := range append(slices.Clone(has), scraped...) {
			labelled[label] = true
		}
		for _, m := range selector.LabelMatchers {
			if m.Name != labels.MetricName && !slices.Contains(has, m.Name) && !slices.Contains(scraped, m.Name) {
				complaints = append(complaints, fmt.Sprintf("%s has no label %s", name, m.Name))
			}
		}
		return nil
	})
	if selectors == 0 {
		complaints = append(complaints, "it asks for no metric")
	}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if a, ok := node.(*parser.AggregateExpr); ok && !a.Without {
			for _, label := range a.Grouping {
				if !labelled[label] {
					complaints = append(
						complaints,
						fmt.Sprintf("no metric in it has the label %s, by which it adds up", label),
					)
				}
			}
		}
		return nil
	})
	for _, m := range regexp.MustCompile(`{{\s*(?:\$labels\.)?([a-z_]+)\s*}}`).FindAllStringSubmatch(text, -1) {
		if !labelled[m[1]] {
			complaints = append(complaints, fmt.Sprintf("its text names the label %s, which no metric in it has", m[1]))
		}
	}
	return complaints
}

// TestAsks shows that the checks can fail.
func TestAsks(t *testing.T) {
	known := map[string][]string{"winnow_x_total": {"source"}, "winnow_h_seconds": {"source"}}
	for query, want := range map[string]int{
		`sum by (source) (rate(winnow_x_total[5m]))`:                     0,
		`histogram_quantile(0.5, sum by (le) (winnow_h_seconds_bucket))`: 0,
		`winnow_x_total + winnow_h_seconds_sum / winnow_h_seconds_count`: 0,
		`sum by (stage) (rate(winnow_x_total[5m]))`:                      1,
		`winnow_y_total`:               1,
		`winnow_x_total{stage="read"}`: 1,
		`rate(winnow_x_total)`:         1,
		`vector(1)`:                    1,
		`sum by (le) (winnow_x_total)`: 1,
	} {
		if got := asks(query, "{{source}}", known); len(got) < want || want == 0 && len(got) > 0 {
			t.Errorf("%s: %v, want %d complaints", query, got, want)
		}
	}
	if got := asks(`winnow_x_total`, "{{ $labels.stage }}", known); len(got) != 1 {
		t.Errorf("a label that is not there: %v", got)
	}
}
