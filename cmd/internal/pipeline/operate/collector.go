package operate

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
)

// Collector reads what has to be looked up at each scrape: lag, contacts by rating, budgets, dead letters.
func (p *Operate) Collector() prometheus.Collector { return &collector{p} }

type collector struct{ p *Operate }

var (
	lagDesc = prometheus.NewDesc("winnow_stage_lag_messages", "Messages that wait at a stage.",
		[]string{"stage", "source"}, nil)
	contactsDesc = prometheus.NewDesc("winnow_contacts", "Rated contacts by rating.", []string{"source", "rating"},
		nil)
	overdueDesc = prometheus.NewDesc("winnow_owed_reply_overdue",
		"Contacts who have waited for our answer longer than WINNOW_RULES_SLA.", []string{"source"}, nil)
	flaggedDesc = prometheus.NewDesc("winnow_flagged", "Contacts that are pending or disqualified.",
		[]string{"source"}, nil)
	unprofiledDesc = prometheus.NewDesc("winnow_contacts_without_profile",
		"Contacts of whom nothing is written because their profile has not come.", []string{"source"}, nil)
	budgetDesc = prometheus.NewDesc("winnow_budget_left",
		"Calls left to the CRM in its interval and its day.", []string{"source", "window"}, nil)
	deadDesc = prometheus.NewDesc("winnow_dead_letters", "Dead letters that wait for a person.",
		[]string{"stage", "source"}, nil)
	bytesDesc = prometheus.NewDesc("winnow_stream_bytes", "Bytes in a stream.", []string{"stream"}, nil)
	maxDesc   = prometheus.NewDesc("winnow_stream_max_bytes", "Bytes a stream may hold; 0: no limit.",
		[]string{"stream"}, nil)
	breakerDesc = prometheus.NewDesc("winnow_breaker_open",
		"1 while the mass-change breaker holds announcements back.", []string{"source"}, nil)
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		lagDesc, contactsDesc, overdueDesc, flaggedDesc, unprofiledDesc, budgetDesc, deadDesc, bytesDesc, maxDesc,
		breakerDesc,
	} {
		ch <- d
	}
}

// Collect leaves out what cannot be told just now: a missing series is more honest than an old one.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), timing.ScrapeWithin)
	defer cancel()
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if streams, err := c.p.Queue.Stats(ctx); err == nil {
		for _, s := range streams {
			send(bytesDesc, float64(s.Bytes), s.Name)
			send(maxDesc, float64(s.MaxBytes), s.Name)
		}
	}
	if counts, _, err := c.p.Queue.DeadLetters.Count(ctx); err == nil {
		letters := map[[2]string]uint64{}
		for name := range c.p.Sources {
			for _, stage := range watermark.Stages() {
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
	for name, s := range c.p.Sources {
		// In the order of the flow: what has left one stage is seen at the next.
		for _, stage := range []struct {
			name    string
			waiting func(context.Context, string) (uint64, error)
		}{
			{watermark.StageRead, c.p.Queue.Deliveries.Waiting},
			{watermark.StageFetch, c.p.Queue.Fetches.Waiting},
			{watermark.StageWrite, c.p.unwritten},
		} {
			if n, err := stage.waiting(ctx, name); err == nil {
				send(lagDesc, float64(n), stage.name, name)
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
		if b, _, err := stored.BreakerState(name).Get(ctx, c.p.Queue); err == nil {
			open := 0.0
			if b.Open() {
				open = 1
			}
			send(breakerDesc, open, name)
		}
	}
	t, err := stored.Totals(ctx, c.p.Queue)
	if err != nil {
		return
	}
	for name := range c.p.Sources { // alerts look for it before anybody was rated
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
		send(unprofiledDesc, float64(t.Unprofiled[source]), source)
	}
}
