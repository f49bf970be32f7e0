package deploy

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// alerts are the series, a value each minute, of a trouble by which an alert fires, and of the same while all is well.
// Source of the notation: Prometheus docs, "Unit testing for rules", series.
var alerts = map[string]struct {
	bad, well []string
	fires     int // the minute from which it fires
}{
	"WinnowDown": {
		bad: []string{`winnow_partitions_owned{instance="a"} 6x9 stale`}, fires: 15,
		well: []string{
			`winnow_partitions_owned{instance="a"} 6x9 stale`,
			`winnow_partitions_owned{instance="b"} 0x99`,
		},
	},
	"WinnowRatesNothing": {
		bad: []string{`winnow_partitions_owned{instance="a"} 6x9 0x50`, `winnow_partitions_owned{instance="b"} 0x60`},
		// taken over by the other
		well: []string{
			`winnow_partitions_owned{instance="a"} 6x9 0x50`,
			`winnow_partitions_owned{instance="b"} 0x11 6x48`,
		},
		fires: 15,
	},
	"WinnowRateStalls": {
		bad: []string{
			`winnow_rate_oldest_seconds{partition="0"} 1x60`,
			`winnow_rate_oldest_seconds{partition="1"} 0+60x60`,
		},
		well: []string{
			`winnow_rate_oldest_seconds{partition="0"} 1x60`,
			`winnow_rate_oldest_seconds{partition="1"} 899x60`,
		},
		fires: 26,
	},
	"WinnowNotReady": {
		bad:   []string{`winnow_ready{instance="a"} 1x60`, `winnow_ready{instance="b"} 1x9 0x50`},
		well:  []string{`winnow_ready{instance="a"} 1x9 0 1x50`, `winnow_ready{instance="b"} 1x60`},
		fires: 12,
	},
	"WinnowRefusesDeliveries": {
		bad: []string{
			`winnow_deliveries_total{source="eu",result="stored"} 0+9x60`,
			`winnow_deliveries_total{source="eu",result="no_room"} 0x9 0+1x50`,
		},
		well: []string{
			`winnow_deliveries_total{source="eu",result="stored"} 0+9x60`,
			`winnow_deliveries_total{source="eu",result="no_room"} 7x60`,
		},
		fires: 13,
	},
	"WinnowStreamFills": {
		bad: []string{
			`winnow_stream_bytes{stream="DELIVERIES_eu"} 0+2x60`,
			`winnow_stream_max_bytes{stream="DELIVERIES_eu"} 100x60`,
		},
		well: []string{
			`winnow_stream_bytes{stream="CONTACTS_0"} 0+2x60`,
			`winnow_stream_max_bytes{stream="CONTACTS_0"} 0x60`,
		},
		fires: 46,
	},
	"WinnowSignaturesRefused": {
		bad:   []string{`winnow_deliveries_total{source="eu",result="not_verified"} 0x9 0+2x50`},
		well:  []string{`winnow_deliveries_total{source="eu",result="not_verified"} 0x9 0+1x5 5x45`},
		fires: 16,
	},
	"WinnowClockWrong": {
		bad:   []string{`winnow_clock_held{instance="a"} 0x9 1x50`},
		well:  []string{`winnow_clock_held{instance="a"} 0x9 1 0x50`},
		fires: 12,
	},
	"WinnowSignaturesStale": {
		bad:   []string{`winnow_deliveries_total{source="eu",result="stale"} 0x9 0+2x50`},
		well:  []string{`winnow_deliveries_total{source="eu",result="stale"} 0x9 0+1x5 5x45`},
		fires: 16,
	},
	"WinnowStageStalls": {
		bad:   []string{`winnow_stage_oldest_seconds{stage="fetch",source="eu"} 0+60x60`},
		well:  []string{`winnow_stage_oldest_seconds{stage="fetch",source="eu"} 0+60x15 0x45`},
		fires: 26,
	},
	"WinnowSourceBlind": {
		bad:   []string{`winnow_source_read_up_to_timestamp_seconds{source="eu"} -3000x60`},
		well:  []string{`winnow_source_read_up_to_timestamp_seconds{source="eu"} -3000+60x60`},
		fires: 26,
	},
	"WinnowCredentialRefused": {
		// As in an account where nothing happens: asked every three minutes whose the credential is.
		bad: []string{
			`winnow_crm_call_seconds_count{source="eu",op="account",result="unauthenticated"} 0x12 1 1 1 2 2 2 3x50`,
		},
		well:  []string{`winnow_crm_call_seconds_count{source="eu",op="account",result="ok"} 0+1x60`},
		fires: 13,
	},
	"WinnowFieldsMissing": {
		bad:   []string{`winnow_writes_total{source="eu",result="misconfigured"} 0x9 1x50`},
		well:  []string{`winnow_writes_total{source="eu",result="misconfigured"} 1x60`},
		fires: 10,
	},
	"WinnowWritesWait": {
		bad: []string{
			`winnow_stage_lag_messages{stage="write",source="eu"} 9x60`,
			`winnow_writes_total{source="eu",result="ok"} 0+1x9 9x50`,
		},
		well: []string{
			`winnow_stage_lag_messages{stage="write",source="eu"} 9x60`,
			`winnow_writes_total{source="eu",result="ok"} 0+1x60`,
		},
		fires: 53,
	},
	"WinnowDeadLetters": {
		bad:   []string{`winnow_dead_letters{stage="read",source="eu"} 0x9 1x50`},
		well:  []string{`winnow_dead_letters{stage="read",source="eu"} 0x60`},
		fires: 10,
	},
	"WinnowRepliesOverdue": {
		bad:   []string{`winnow_owed_reply_overdue{source="eu"} 0x9 1x70`},
		well:  []string{`winnow_owed_reply_overdue{source="eu"} 0x9 1x50 0 1x10`},
		fires: 70,
	},
	"WinnowBreakerOpen": {
		bad:   []string{`winnow_breaker_open{source="eu"} 0x9 1x50`},
		well:  []string{`winnow_breaker_open{source="eu"} 0x60`},
		fires: 10,
	},
	"WinnowBudgetLow": {
		bad: []string{
			`winnow_budget_left{source="eu",window="day"} 2000-100x19`,
			`winnow_budget_left{source="eu",window="interval"} 90x60`,
		},
		well: []string{
			`winnow_budget_left{source="eu",window="day"} 1000x60`,
			`winnow_budget_left{source="eu",window="interval"} 9x60`,
		},
		fires: 11,
	},
}

// TestAlertsFire: each alert fires on a trouble, and not before, and stays silent while all is well.
func TestAlertsFire(t *testing.T) {
	there := alertRules(t)
	for name := range alerts {
		if !slices.ContainsFunc(there, func(r alertRule) bool { return r.Alert == name }) {
			t.Errorf("there is no alert %s", name)
		}
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1e6, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{}),
	})
	for _, r := range there {
		t.Run(r.Alert, func(t *testing.T) {
			c, ok := alerts[r.Alert]
			if !ok {
				t.Fatal("it has no series here by which it fires")
			}
			if at := firing(t, engine, r, c.bad); at != c.fires {
				t.Errorf("it fires from minute %d on, want %d", at, c.fires)
			}
			if at := firing(t, engine, r, c.well); at >= 0 {
				t.Errorf("all is well, and it fires in minute %d", at)
			}
		})
	}
}

// firing is the minute from which a rule fires on series; negative: it does not.
func firing(t *testing.T, engine *promql.Engine, r alertRule, series []string) int {
	t.Helper()
	wait, err := model.ParseDuration(cmp.Or(r.For, "0s"))
	if err != nil {
		t.Fatal(err)
	}
	since := map[uint64]int{} // by the labels of an alert, the minute in which it became pending
	for minute := range 90 {
		q, err := engine.NewInstantQuery(t.Context(), stored(t, series), nil, r.Expr, time.Unix(int64(minute)*60, 0))
		if err != nil {
			t.Fatal(err)
		}
		answer := q.Exec(t.Context())
		if answer.Err != nil {
			t.Fatal(answer.Err)
		}
		vector, err := answer.Vector()
		if err != nil {
			t.Fatal(err)
		}
		now := map[uint64]int{}
		for _, sample := range vector {
			key := sample.Metric.Hash()
			if began, pending := since[key]; pending {
				now[key] = began
			} else {
				now[key] = minute
			}
			if time.Duration(minute-now[key])*time.Minute >= time.Duration(wait) {
				return minute
			}
		}
		since = now
		q.Close()
	}
	return -1
}

// stored is what a Prometheus holds that has scraped series every minute.
func stored(t *testing.T, series []string) storage.Queryable {
	t.Helper()
	all := make([]storage.Series, len(series))
	for i, s := range series {
		of, values, err := parser.NewParser(parser.Options{}).ParseSeriesDesc(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		var samples []chunks.Sample
		for minute, v := range values {
			if !v.Omitted {
				samples = append(samples, sample{int64(minute) * 60_000, v.Value})
			}
		}
		all[i] = storage.NewListSeries(of, samples)
	}
	return &storage.MockQueryable{MockQuerier: &storage.MockQuerier{
		SelectMockFunction: func(_ bool, _ *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
			asked := &found{SeriesSet: storage.EmptySeriesSet(), at: -1}
			for _, s := range all {
				other := func(m *labels.Matcher) bool { return !m.Matches(s.Labels().Get(m.Name)) }
				if !slices.ContainsFunc(ms, other) {
					asked.all = append(asked.all, s)
				}
			}
			return asked
		},
	}}
}

// found are series, of which there are a few.
type found struct {
	storage.SeriesSet // which has neither errors nor warnings

	all []storage.Series
	at  int
}

func (f *found) Next() bool         { f.at++; return f.at < len(f.all) }
func (f *found) At() storage.Series { return f.all[f.at] }

// sample is a value at an instant, in milliseconds.
type sample struct {
	at    int64
	value float64
}

func (s sample) T() int64                      { return s.at }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }
