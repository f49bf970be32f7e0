package rating

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
	"github.com/winnow-crm/winnow/rules/words"
)

// known is what is known of an ordinary contact: nine properties and so many mails, by turns theirs and ours.
func known(mails int) []crm.Fact {
	created := crm.At(noon.AddDate(0, -3, 0))
	var facts []crm.Fact
	for i, name := range []string{
		crm.PropCreated, crm.PropProfiled, crm.PropLifecycle, crm.PropCustomer, crm.PropStaff, crm.PropCountry,
		crm.PropTimeZone, crm.PropOwner, crm.PropLeadStatus,
	} {
		value := []string{
			created.Time().Format(time.RFC3339), "true", "lead", "false", "false", "DE", "Europe/Berlin", "71",
			"IN_PROGRESS",
		}[i]
		facts = append(facts, crm.Fact{
			ID: "property/" + name, Version: int64(created), At: created, Kind: crm.KindProperty,
			Property: &crm.Property{Name: name, Value: value},
		})
	}
	for i := range mails {
		at := crm.At(noon.Add(-time.Duration(mails-i) * 20 * time.Hour))
		m := &crm.Message{Direction: crm.Direction(1 + i%2), Channel: crm.Email, Thread: "t1", Text: crm.Text{
			Units: 20 + i%50, Asks: i % 2, Intents: crm.Answers | crm.Informs, Key: uint64(i),
		}}
		facts = append(facts, crm.Fact{
			ID: "emails/" + strconv.Itoa(500_000_000+i), Version: int64(at), At: at, Kind: crm.KindMessage, Message: m,
		})
	}
	return facts
}

// noon is when these tests begin.
var noon = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// seen is what was seen of the sources, and stays so.
type seen struct{ s *watermark.Sight }

func (s *seen) Sight() *watermark.Sight { return s.s }

func seeing(v watermark.Horizon) *watermark.Sight {
	return watermark.NewSight(rules.Defaults().Settle(), map[string]watermark.Horizon{"fake": v})
}

// benchOwner is an owner without a store, for what touches none.
func benchOwner() *owner {
	now := seeing(watermark.Horizon{Now: noon, Read: noon})
	p := New(Deps{
		Sources: map[string]watermark.Source{"fake": {Mode: watermark.Advise}}, Rules: rules.Defaults(),
		Words: words.Default(),
		Clock: clock.New(clock.Options{}), Now: func() time.Time { return noon },
		Log: zap.NewNop(), Sights: &seen{now}, Metrics: NewMetrics(prometheus.NewRegistry()), Tick: time.Millisecond,
	})
	return &owner{p: p, sight: now}
}

// saidNo is a message of contact 7 that ends the talk.
func saidNo(at time.Time) crm.Fact {
	return crm.Fact{
		Contact: "7", ID: "emails/no", Version: at.UnixMilli(), Kind: crm.KindMessage, At: crm.At(at),
		Message: &crm.Message{
			Direction: crm.In, Channel: crm.Email, Text: crm.Text{Units: 6, Intents: crm.NotInterested},
		},
	}
}

// ratedContact is a contact as it stands in the store.
func ratedContact(o *owner, mails int) *stored.Contact {
	j := &job{key: queue.Key{Source: "fake", Contact: "101"}, c: &stored.Contact{}, facts: known(mails)}
	o.review(j, noon)
	return j.c
}

// BenchmarkReview is what one new fact costs an owner, without the store: fold, rate, and find out what is to be
// written.
func BenchmarkReview(b *testing.B) {
	for _, mails := range []int{4, 40, 290} {
		b.Run(fmt.Sprintf("mails=%d", mails), func(b *testing.B) {
			o := benchOwner()
			c := ratedContact(o, mails)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := crm.At(noon.Add(time.Duration(i) * time.Millisecond))
				f := crm.Fact{
					ID: "property/override", Version: int64(at), At: at, Kind: crm.KindProperty,
					Property: &crm.Property{Name: crm.PropOverride, Value: "AB"[i%2 : i%2+1]},
				}
				j := &job{key: queue.Key{Source: "fake", Contact: "101"}, c: c, facts: []crm.Fact{f}}
				o.review(j, at.Time())
				if !j.put {
					b.Fatal("the rating has changed, but is not put out")
				}
			}
		})
	}
}

// BenchmarkEncode is what a record and its rating cost on their way to the store.
func BenchmarkEncode(b *testing.B) {
	for _, mails := range []int{4, 40, 290} {
		c := ratedContact(benchOwner(), mails)
		b.Run(fmt.Sprintf("record/mails=%d", mails), func(b *testing.B) {
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n = len(stored.Encode(c))
			}
			b.ReportMetric(float64(n), "bytes")
		})
	}
	c := ratedContact(benchOwner(), 4)
	b.Run("rating", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n = len(stored.Encode(stored.Outgoing{Values: c.Values}))
		}
		b.ReportMetric(float64(n), "bytes")
	})
}

// BenchmarkDecode is the way back, and the glance at a record that a take-over needs.
func BenchmarkDecode(b *testing.B) {
	run := func(name string, fn func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := fn(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for _, mails := range []int{4, 40, 290} {
		data := stored.Encode(ratedContact(benchOwner(), mails))
		run(fmt.Sprintf("record/mails=%d", mails), func() error {
			_, err := stored.Decode[stored.Contact](data)
			return err
		})
		run(fmt.Sprintf("glance/mails=%d", mails), func() error {
			_, err := stored.Decode[stored.Glance](data)
			return err
		})
	}
	rating := stored.Encode(stored.Outgoing{Values: ratedContact(benchOwner(), 4).Values})
	run("rating", func() error { _, err := stored.Decode[stored.Outgoing](rating); return err })
	var facts []crm.Fact
	for i := range 100 {
		facts = append(facts, crm.Fact{
			Contact: strconv.Itoa(i), ID: "property/override", Version: 1, At: 1, Kind: crm.KindProperty,
			Property: &crm.Property{Name: "override", Value: "A"},
		})
	}
	data := stored.Encode(stored.Bundle{Source: "fake", Facts: facts})
	run("bundle of 100", func() error { _, err := stored.Decode[stored.Bundle](data); return err })
}

// BenchmarkStep is what a step costs an owner, the store included, that rates one contact while so many others of its
// partition are held back.
func BenchmarkStep(b *testing.B) {
	for _, held := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("held=%d", held), func(b *testing.B) {
			q, err := queue.Open(b.Context(), queue.Config{
				Dir: b.TempDir(), Partitions: 1, Sources: []string{"fake"}, MinFree: 1, MaxStore: 4 << 30,
			})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = q.Close() }()
			o := benchOwner()
			o.p.Tombs = stored.NewTombs(q)
			o.p.Queue, o.p.Sights = q, &seen{
				seeing(watermark.Horizon{Now: noon, Read: noon, Hold: watermark.HoldBackfill}),
			}
			o.valid, o.cache, o.dues, o.tally = func() bool { return true }, newCache(1<<20), newDues(),
				stored.NewTally()
			if o.facts, err = q.Facts.Open(b.Context(), 0, 0); err != nil {
				b.Fatal(err)
			}
			defer o.facts.Close()
			o.again = map[queue.Key]bool{}
			for i := range held {
				o.again[queue.Key{Source: "fake", Contact: strconv.Itoa(1000 + i)}] = false
			}
			facts := known(1)
			for i := range facts {
				facts[i].Contact = "1"
			}
			for len(facts) < timing.RateEnough { // fewer would be waited for
				facts = append(facts, facts[0])
			}
			data := stored.Encode(stored.Bundle{Source: "fake", Facts: facts})
			for b.Loop() {
				b.StopTimer()
				if err := q.Facts.Publish(b.Context(), []queue.Bundle{{Data: data}}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := o.step(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
