package population

import (
	"math/rand/v2"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/us"
)

// world is where people live and work.
type world struct{ places []*place }

// place is a zone with its working week and public holidays.
type place struct {
	country string
	zone    *time.Location
	weekend [2]time.Weekday
	off     map[civil]bool
	share   float64
}

type civil struct {
	year  int
	month time.Month
	day   int
}

func civilOf(t time.Time) civil {
	y, m, d := t.Date()
	return civil{y, m, d}
}

// Business hours, everywhere.
const (
	opens = 9
	shuts = 17
)

func newWorld() *world {
	w := &world{}
	usual := [2]time.Weekday{time.Saturday, time.Sunday}
	for _, p := range []struct {
		country, zone string
		weekend       [2]time.Weekday
		holidays      []*cal.Holiday
		share         float64
	}{
		{"DE", "Europe/Berlin", usual, de.Holidays, 0.25},
		{"GB", "Europe/London", usual, gb.Holidays, 0.15},
		{"US", "America/New_York", usual, us.Holidays, 0.15},
		{"US", "America/Los_Angeles", usual, us.Holidays, 0.1},
		{"FR", "Europe/Paris", usual, fr.Holidays, 0.1},
		{"ES", "Europe/Madrid", usual, es.Holidays, 0.07},
		{"IN", "Asia/Kolkata", usual, nil, 0.08},
		{"JP", "Asia/Tokyo", usual, jp.Holidays, 0.05},
		{"SA", "Asia/Riyadh", [2]time.Weekday{time.Friday, time.Saturday}, nil, 0.05},
	} {
		zone, err := time.LoadLocation(p.zone)
		if err != nil {
			panic("population: " + err.Error()) // the zones above are part of every zone database
		}
		at := &place{country: p.country, zone: zone, weekend: p.weekend, share: p.share, off: map[civil]bool{}}
		for _, h := range p.holidays {
			for year := 2024; year <= 2027; year++ {
				actual, observed := h.Calc(year)
				for _, t := range [...]time.Time{actual, observed} {
					if !t.IsZero() {
						at.off[civilOf(t)] = true
					}
				}
			}
		}
		w.places = append(w.places, at)
	}
	return w
}

func (w *world) draw(rnd *rand.Rand) *place {
	at := rnd.Float64()
	for _, p := range w.places {
		if at -= p.share; at < 0 {
			return p
		}
	}
	return w.places[0]
}

// works reports whether people work there on the local day of t.
func (p *place) works(t time.Time) bool {
	return t.Weekday() != p.weekend[0] && t.Weekday() != p.weekend[1] && !p.off[civilOf(t)]
}

func (p *place) at(day time.Time, hour int) time.Time {
	y, m, d := day.Date()
	return time.Date(y, m, d, hour, 0, 0, 0, p.zone)
}

// after is d of business time later.
func (p *place) after(t time.Time, d time.Duration) time.Time {
	t = t.In(p.zone)
	for {
		shut := p.at(t, shuts)
		if !p.works(t) || !t.Before(shut) {
			y, m, day := t.Date()
			t = time.Date(y, m, day+1, opens, 0, 0, 0, p.zone)
			continue
		}
		if open := p.at(t, opens); t.Before(open) {
			t = open
		}
		left := shut.Sub(t)
		if d < left {
			return t.Add(d).UTC()
		}
		d -= left
		t = shut
	}
}

// businessDays is n business days later, at about the same time of the day.
func (p *place) businessDays(t time.Time, n int) time.Time {
	return p.after(t, time.Duration(n)*(shuts-opens)*time.Hour)
}
