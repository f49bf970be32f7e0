// Package population is a crowd of prospects of whom it is known what they are: buyers of many manners, and people who
// take our time for nothing. Each leads a two-sided conversation with a seller of ours, over months, in its own zone,
// with holidays, absences and our own slips, and both sides react: to each other, and the seller to what the CRM shows
// of the contact. What comes about is facts, as connectors would report them.
//
// Everything is drawn by lot from a seed, and the same for the same seed. What the people are was settled before any
// number of the rules was tuned on them: changing an archetype to please the rules would make the comparison worthless.
package population

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Truth is what somebody really is.
type Truth string

// The truths. One who declines says so openly, and is neither a buyer nor a waste of time.
const (
	Genuine  Truth = "genuine"
	Waster   Truth = "waster"
	Declines Truth = "declines"
)

// Population is a drawn crowd. It is never changed: each Life is lived anew.
type Population struct {
	Name       string
	Begin, End time.Time
	seed       uint64
	world      *world
	people     []Person
	hardship   hardship
}

// Person is who somebody is before the first word is said.
type Person struct {
	ID        string
	Archetype *Archetype
	Appears   time.Time
	Inbound   bool // they come to us

	home   *place
	zoned  bool // the CRM knows the zone
	landed bool // the CRM knows the country
	seller *seller
}

// span is how long the crowd is watched: people appear during the first part, so that all are seen for at least
// watched.
const (
	appearing = 90 * 24 * time.Hour
	watched   = 240 * 24 * time.Hour
)

// First is the crowd on which the defaults are looked at.
func First(seed uint64, people int) *Population {
	return draw(seed, people, crowd{
		name: "first", begin: time.Date(2025, time.January, 6, 0, 0, 0, 0, time.UTC), shares: firstShares, careless: 1,
		world: newWorld(),
		known: usuallyKnown, hardship: usual,
	})
}

// Second is another crowd, with other shares and another time of the year and more careless sellers. Faults of the
// rules were found on it, so that it says no more than the first.
func Second(seed uint64, people int) *Population {
	return draw(seed, people, crowd{
		name: "second", begin: time.Date(2024, time.June, 3, 0, 0, 0, 0, time.UTC), shares: secondShares,
		careless: 1.5, world: newWorld(),
		known: usuallyKnown, hardship: usual,
	})
}

// crowd is what sets one population apart from another.
type crowd struct {
	name     string
	begin    time.Time
	shares   map[string]float64
	careless float64 // factor on our slips
	world    *world
	known    [3]float64 // share of people of whom the CRM knows zone and country, or only the zone, or only the country
	hardship hardship
	watched  time.Duration // as in the first crowd where it is zero
}

var usuallyKnown = [3]float64{0.5, 0.1, 0.25}

func draw(seed uint64, people int, c crowd) *Population {
	p := &Population{
		Name: c.name, Begin: c.begin, End: c.begin.Add(appearing + cmp.Or(c.watched, watched)), seed: seed,
		world: c.world, hardship: c.hardship,
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	staff := newSellers(rnd, p.world, c.careless)
	for i, a := range allot(c.shares, people) {
		who := Person{
			ID: fmt.Sprint(1001 + i), Archetype: a, home: p.world.draw(rnd), seller: staff[rnd.IntN(len(staff))],
		}
		who.Inbound = rnd.Float64() < 0.7
		switch known := rnd.Float64(); {
		case known < c.known[0]:
			who.zoned, who.landed = true, true
		case known < c.known[0]+c.known[1]:
			who.zoned = true
		case known < c.known[0]+c.known[1]+c.known[2]:
			who.landed = true
		}
		who.Appears = c.begin.Add(time.Duration(rnd.Int64N(int64(appearing)))).Truncate(time.Second)
		p.people = append(p.people, who)
	}
	return p
}

// allot gives each archetype its share of the people, in whole numbers that add up.
func allot(shares map[string]float64, people int) []*Archetype {
	var list []*Archetype
	owed := 0.0
	for i := range archetypes {
		a := &archetypes[i]
		owed += shares[a.Name] * float64(people) / 100
		for len(list) < int(owed+0.5) {
			list = append(list, a)
		}
	}
	return list
}

// Watched is the same crowd, watched for so many months after the last of them appeared.
func (p *Population) Watched(months int) *Population {
	longer := *p
	longer.End = p.Begin.Add(appearing).AddDate(0, months, 0)
	return &longer
}

// Len is how many people there are.
func (p *Population) Len() int { return len(p.people) }

// Live begins the i-th person's life. Lives share nothing, so they can be led at the same time.
func (p *Population) Live(i int) *Life { return newLife(p, i) }

// Archetypes lists what kinds of people there are, those of genuine interest first.
func Archetypes() []Archetype { return slices.Clone(archetypes) }

func between(rnd *rand.Rand, low, high int) int { return low + rnd.IntN(high-low+1) }
