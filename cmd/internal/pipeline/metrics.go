package pipeline

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// Metrics are what the pipeline counts. Labels are sources, stages, kinds and letters: finite sets, and nobody's data.
type Metrics struct {
	deliveries    *prometheus.CounterVec // source, result
	read          *prometheus.CounterVec // source
	passed        *prometheus.CounterVec // source, type
	fetched       *prometheus.CounterVec // source, type, result
	polled        *prometheus.CounterVec // source
	facts         prometheus.Counter
	commits       prometheus.Counter
	writes        *prometheus.CounterVec // source, result
	dead          *prometheus.CounterVec // stage, source, kind
	readUpTo      *prometheus.GaugeVec   // source
	polledUpTo    *prometheus.GaugeVec   // source
	age           *prometheus.GaugeVec   // stage, source
	partitions    prometheus.Gauge
	blindAll      *prometheus.GaugeVec // source
	blindContacts *prometheus.GaugeVec // source
}

// NewMetrics registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "winnow_" + name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "winnow_" + name, Help: help}, labels)
		r.MustRegister(g)
		return g
	}
	return &Metrics{
		deliveries:    counter("deliveries_total", "Webhook requests by what became of them.", "source", "result"),
		read:          counter("deliveries_read_total", "Messages of the delivery queue that were decoded.", "source"),
		passed:        counter("events_passed_over_total", "Events of kinds of records that are not read, by type.", "source", "type"),
		fetched:       counter("fetched_total", "Records fetched from the CRM, by type and result.", "source", "type", "result"),
		polled:        counter("polled_total", "Notices found by polling.", "source"),
		facts:         counter("facts_total", "Facts folded into records.").WithLabelValues(),
		commits:       counter("rate_commits_total", "Batches of records committed.").WithLabelValues(),
		writes:        counter("writes_total", "Ratings brought to the CRM, by result.", "source", "result"),
		dead:          counter("dead_letters_total", "Things put among the dead letters, by kind of reason.", "stage", "source", "kind"),
		readUpTo:      gauge("source_read_up_to_timestamp_seconds", "Unix time up to which a source has been read; silence counts only until then.", "source"),
		polledUpTo:    gauge("source_polled_up_to_timestamp_seconds", "Unix time at which the last finished poll of a source began.", "source"),
		age:           gauge("stage_oldest_seconds", "Age of the oldest thing that waits at a stage.", "stage", "source"),
		partitions:    gauge("partitions_owned", "Partitions that this process rates.").WithLabelValues(),
		blindAll:      gauge("source_held_by_dead_letters", "1 while a dead letter that may concern any contact of a source holds its decisions back.", "source"),
		blindContacts: gauge("contacts_held_by_dead_letters", "Contacts of a source whose decisions are held back by dead letters that name them.", "source"),
	}
}

// seconds is an instant as metrics have it.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// begin makes the series of a source that alerts look for, at 0: the rise of a series that is not there before its first event is
// never seen.
func (m *Metrics) begin(source string) {
	for _, result := range []string{"stored", "no_room", "too_large", "not_read", "not_verified", "not_stored"} {
		m.deliveries.WithLabelValues(source, result)
	}
	m.writes.WithLabelValues(source, "ok")
	for _, kind := range []connectors.Kind{connectors.Unauthenticated, connectors.Misconfigured} {
		m.writes.WithLabelValues(source, kind.String())
	}
}

// fetch counts records fetched. What alerts look for begins at 0 with the first record of its type.
func (m *Metrics) fetch(source, kind string, err error, n int) {
	m.fetched.WithLabelValues(source, kind, connectors.Unauthenticated.String())
	m.fetched.WithLabelValues(source, kind, resultOf(err)).Add(float64(n))
}

// oldest notes how old the oldest waiting message of a stream is.
func (m *Metrics) oldest(stream, source string, now, oldest time.Time) {
	age := 0.0
	if !oldest.IsZero() {
		age = max(0, now.Sub(oldest).Seconds())
	}
	m.age.WithLabelValues(map[string]string{queue.Deliveries: stageRead, queue.Fetches: stageFetch}[stream], source).Set(age)
}

// Collector reads what has to be looked up at each scrape: lag, contacts by rating, budgets, dead letters.
func (p *Pipeline) Collector() prometheus.Collector { return &collector{p} }

type collector struct{ p *Pipeline }

var (
	lagDesc      = prometheus.NewDesc("winnow_stage_lag_messages", "Messages that wait at a stage.", []string{"stage", "source"}, nil)
	contactsDesc = prometheus.NewDesc("winnow_contacts", "Rated contacts by rating.", []string{"source", "rating"}, nil)
	overdueDesc  = prometheus.NewDesc("winnow_owed_reply_overdue", "Contacts who have waited for our answer longer than WINNOW_RULES_SLA.", []string{"source"}, nil)
	flaggedDesc  = prometheus.NewDesc("winnow_flagged", "Contacts that are pending or disqualified.", []string{"source"}, nil)
	budgetDesc   = prometheus.NewDesc("winnow_budget_left", "Calls left to the CRM in its interval and its day.", []string{"source", "window"}, nil)
	deadDesc     = prometheus.NewDesc("winnow_dead_letters", "Dead letters that wait for a person.", []string{"stage", "source"}, nil)
	bytesDesc    = prometheus.NewDesc("winnow_stream_bytes", "Bytes in a stream.", []string{"stream"}, nil)
	maxDesc      = prometheus.NewDesc("winnow_stream_max_bytes", "Bytes a stream may hold; 0: no limit.", []string{"stream"}, nil)
	breakerDesc  = prometheus.NewDesc("winnow_breaker_open", "1 while the mass-change breaker holds announcements back.", []string{"source"}, nil)
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lagDesc, contactsDesc, overdueDesc, flaggedDesc, budgetDesc, deadDesc, bytesDesc, maxDesc, breakerDesc} {
		ch <- d
	}
}

// Collect leaves out what cannot be told just now: a missing series is more honest than an old one.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if streams, err := c.p.q.Stats(ctx); err == nil {
		for _, s := range streams {
			send(bytesDesc, float64(s.Bytes), s.Name)
			send(maxDesc, float64(s.MaxBytes), s.Name)
		}
	}
	if counts, _, err := c.p.q.CountDeadLetters(ctx); err == nil {
		letters := map[[2]string]uint64{}
		for name := range c.p.sources {
			for _, stage := range Stages() {
				letters[[2]string{stage, name}] = 0
			}
		}
		for _, n := range counts { // of sources that are no longer configured too
			letters[[2]string{n.Stage, n.Source}] = n.Letters
		}
		for at, n := range letters {
			send(deadDesc, float64(n), at[0], at[1])
		}
	}
	for name, s := range c.p.sources {
		for stage, stream := range map[string]string{stageRead: queue.Deliveries, stageFetch: queue.Fetches, stageWrite: queue.Contacts} {
			if n, err := c.p.q.Waiting(ctx, stream, name); err == nil {
				send(lagDesc, float64(n), stage, name)
			}
		}
		if s.CRM.Budget != nil {
			interval, day := s.CRM.Budget.Budget()
			if interval >= 0 {
				send(budgetDesc, float64(interval), name, "interval")
			}
			if day >= 0 {
				send(budgetDesc, float64(day), name, "day")
			}
		}
		if b, _, err := getState[breaker](ctx, c.p.q, "breaker."+name); err == nil {
			open := 0.0
			if b.open() {
				open = 1
			}
			send(breakerDesc, open, name)
		}
	}
	t, err := c.p.totals(ctx)
	if err != nil {
		return
	}
	for name := range c.p.sources { // alerts look for it before anybody was rated
		if t.Rated[name] == nil {
			t.Rated[name] = map[string]int{}
		}
	}
	for source, letters := range t.Rated {
		for letter, n := range letters {
			send(contactsDesc, float64(n), source, letter)
		}
		send(overdueDesc, float64(t.Overdue[source]), source)
		send(flaggedDesc, float64(t.Flagged[source]), source)
	}
}
