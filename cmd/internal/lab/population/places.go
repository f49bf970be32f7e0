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
	foreign float64 // share of what they write of which nobody reads the intents: its language has no lexicon
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

// country is a line of the tables of places.
type country struct {
	code, zone string
	weekend    [2]time.Weekday
	holidays   []*cal.Holiday
	share      float64
	foreign    float64
}

var (
	satSun = [2]time.Weekday{time.Saturday, time.Sunday}
	friSat = [2]time.Weekday{time.Friday, time.Saturday}
)

func newWorld() *world {
	return worldOf([]country{
		{"DE", "Europe/Berlin", satSun, de.Holidays, 0.25, 0},
		{"GB", "Europe/London", satSun, gb.Holidays, 0.15, 0},
		{"US", "America/New_York", satSun, us.Holidays, 0.15, 0},
		{"US", "America/Los_Angeles", satSun, us.Holidays, 0.1, 0},
		{"FR", "Europe/Paris", satSun, fr.Holidays, 0.1, 0},
		{"ES", "Europe/Madrid", satSun, es.Holidays, 0.07, 0},
		{"IN", "Asia/Kolkata", satSun, nil, 0.08, 0},
		{"JP", "Asia/Tokyo", satSun, jp.Holidays, 0.05, 0},
		{"SA", "Asia/Riyadh", friSat, nil, 0.05, 0},
	})
}

func worldOf(countries []country) *world {
	w := &world{}
	for _, c := range countries {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			panic("population: " + err.Error()) // these zones are part of every zone database
		}
		at := &place{
			country: c.code, zone: zone, weekend: c.weekend, share: c.share, foreign: c.foreign, off: map[civil]bool{},
		}
		for _, h := range c.holidays {
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
