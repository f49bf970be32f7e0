package operate

import (
	"context"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
)

// NewCollector returns the metrics that are looked up at each scrape: lag, contacts by rating, budgets, dead letters.
func NewCollector(p *Operate) prometheus.Collector { return &collector{p} }

type collector struct{ p *Operate }

var (
	lagDesc = prometheus.NewDesc("winnow_stage_lag_messages", "Messages that wait at a stage.",
		[]string{"stage", "source"}, nil)
	unratedDesc = prometheus.NewDesc("winnow_rate_lag_messages",
		"Bundles of facts, of all sources, that wait to be rated in a partition.", []string{"partition"}, nil)
	unratedAgeDesc = prometheus.NewDesc("winnow_rate_oldest_seconds",
		"Age of the oldest facts that wait to be rated in a partition.", []string{"partition"}, nil)
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
	upDesc = prometheus.NewDesc("winnow_role_up",
		"1 while what a role does with the CRM of a source goes well, 0 while it fails.",
		[]string{"source", "role"}, nil)
	successDesc = prometheus.NewDesc("winnow_role_success_timestamp_seconds",
		"Unix time at which a role last did something with the CRM of a source.", []string{"source", "role"}, nil)
	needsDesc = prometheus.NewDesc("winnow_source_needs_person",
		"1 while a source cannot go on before a person has done something.", []string{"source"}, nil)
	heldDesc = prometheus.NewDesc("winnow_announcements_held",
		"1 while nothing of a source is announced for this reason.", []string{"source", "reason"}, nil)
	breakerDesc = prometheus.NewDesc("winnow_breaker_open",
		"1 while the mass-change breaker holds announcements back.", []string{"source"}, nil)
)

func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		lagDesc, unratedDesc, unratedAgeDesc, contactsDesc, overdueDesc, flaggedDesc, unprofiledDesc, budgetDesc,
		deadDesc, bytesDesc, maxDesc, breakerDesc, upDesc, successDesc, needsDesc, heldDesc,
	} {
		ch <- d
	}
}

// sender sends a value.
type sender = func(d *prometheus.Desc, v float64, labels ...string)

// Collect leaves out what cannot be told just now: a missing series is more honest than an old one. All is asked side
// by side, so that what is slow hides nothing else.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timing.ScrapeWithin)
	defer cancel()
	var looks sync.WaitGroup
	for _, look := range []func(context.Context, sender){c.streams, c.letters, c.unrated, c.contacts, c.known} {
		looks.Go(func() { look(ctx, send) })
	}
	for name := range c.p.Sources {
		looks.Go(func() { c.breaker(ctx, name, send) })
		looks.Go(func() { c.waiting(ctx, name, send) })
	}
	looks.Wait()
}

func (c *collector) streams(ctx context.Context, send sender) {
	streams, err := c.p.Queue.Stats(ctx)
	if err != nil {
		return
	}
	for _, s := range streams {
		send(bytesDesc, float64(s.Bytes), s.Name)
		send(maxDesc, float64(s.MaxBytes), s.Name)
	}
}

// letters are the dead letters.
func (c *collector) letters(ctx context.Context, send sender) {
	counts, _, err := c.p.Queue.DeadLetters.Count(ctx)
	if err != nil {
		return
	}
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

func (c *collector) unrated(ctx context.Context, send sender) {
	all, err := c.p.Unrated(ctx)
	if err != nil {
		return
	}
	for _, u := range all {
		part := strconv.Itoa(u.Partition)
		send(unratedDesc, float64(u.Bundles), part)
		send(unratedAgeDesc, u.Age().Seconds(), part)
	}
}

// contacts are how the contacts stand.
func (c *collector) contacts(ctx context.Context, send sender) {
	sum, err := stored.Totals(ctx, c.p.Queue)
	if err != nil {
		return
	}
	for name := range c.p.Sources { // alerts look for it before anybody was rated
		for letter, n := range sum.Rated[name] {
			send(contactsDesc, float64(n), name, letter)
		}
		send(overdueDesc, float64(sum.Overdue[name]), name)
		send(flaggedDesc, float64(sum.Flagged[name]), name)
		send(unprofiledDesc, float64(sum.Unprofiled[name]), name)
	}
}

// known is what this process knows of the sources by itself, as of its last look at how far they have been read.
func (c *collector) known(ctx context.Context, send sender) {
	for _, h := range c.p.Own() {
		for _, r := range h.Roles {
			send(upDesc, one(!r.Fails()), h.Name, r.Role)
			if !r.Success.IsZero() {
				send(successDesc, float64(r.Success.UnixMilli())/1000, h.Name, r.Role)
			}
		}
		send(needsDesc, one(needsOf(ctx, c.p.Queue, &h) != ""), h.Name)
		for reason := range heldBy {
			send(heldDesc, one(h.Held == reason), h.Name, reason)
		}
		if h.Interval >= 0 {
			send(budgetDesc, float64(h.Interval), h.Name, "interval")
		}
		if h.Day >= 0 {
			send(budgetDesc, float64(h.Day), h.Name, "day")
		}
	}
}

func (c *collector) breaker(ctx context.Context, source string, send sender) {
	if b, _, err := stored.BreakerState(source).Get(ctx, c.p.Queue); err == nil {
		send(breakerDesc, one(b.Open()), source)
	}
}

// waiting is what waits of a source at each stage.
func (c *collector) waiting(ctx context.Context, source string, send sender) {
	for _, stage := range stagesOf(c.p) {
		if n, err := stage.waiting(ctx, source); err == nil {
			send(lagDesc, float64(n), stage.name, source)
		}
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
