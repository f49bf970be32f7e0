package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Settings are the rules as data. They are made by Parse or Defaults and never change afterwards.
type Settings struct {
	version  string
	text     []string // the value of each knob, in order
	named    []string // the properties that settings of the unit property name, where they were given
	segments map[string]*Settings
	signals  [signalCount]Signal

	custom         []customSignal
	customSettings []Setting

	settle time.Duration

	zone, ownerZone       *time.Location
	hours, ownerHours     clockHours
	week                  week
	ownerCountry          string
	sla                   int
	followUps             []string
	late                  int
	quotaEarly            time.Duration
	quotaAfter            time.Duration
	quotaLate             time.Duration
	attempts, attemptDays int
	attemptGap            int
	attemptRest           int
	attemptLasts          time.Duration
	minAge                time.Duration
	grace                 int
	recheck               time.Duration
	recheckSilent         time.Duration
	floor                 time.Duration
	away                  time.Duration
	awayMargin            int
	promiseDue            int
	notReady              time.Duration
	talk                  time.Duration
	replyTime             time.Duration

	bands    [3]band // engagement, fit, worth
	weights  [3]int
	matrix   [3][3]byte // engagement high, middle, low; fit high, middle, low
	flagLow  int
	flagHigh int

	noProgress         time.Duration
	noProgressFollowUp int
	noProgressAsks     int
	factFinding        time.Duration
	factAttempts       int
	difficult          int
	difficultPoints    int
	unprofitableHours  int
	misfitEnds         bool
	misfits            []predicate

	shortUnits, shortOf, shortMin            int
	latencyFast, latencyTypical, latencySlow time.Duration
	latencyTurns                             int
	quoteWarn, quoteFlag                     int
	callTimes                                int
	bookWithin                               int
	suspect                                  []weekWindow
	infoAsks                                 int
	burst                                    int
	burstWithin                              time.Duration
	needyWeek                                int
	returnCall                               int
	discounts                                int
	scopeFree                                int
	minMargin                                int
	effortMail, effortCall, effortQuote      time.Duration
	effortMeeting, effortNote                time.Duration
	effortCap                                time.Duration
	tenure                                   time.Duration
	industryProperty                         string
	industryGood, industryBad                []string
	sizeProperty                             string
	sizeMin, sizeMax                         int
	roleProperty                             string
	roles                                    []string
	spendGood                                int
	recurringProperty                        string
	recurringGood                            int
	referralsProperty                        string
	referredByProperty                       string
	reputationProperty                       string
	reputationGood, reputationBad            []string
	supportProperty                          string
	escalationsProperty                      string
	refundsProperty                          string
	supportHeavy                             int
	supportMany                              int
	voteProperty                             string
	gapsProperty                             string
	fitPredicates, worthPredicates           []weighted
}

// clockHours are the hours of a working day, since local midnight.
type clockHours struct{ open, shut crm.Millis }

// band splits a sub-score: below low, from low, from high.
type band struct{ low, high int }

func (b band) of(score int) int {
	switch {
	case score >= b.high:
		return 0
	case score >= b.low:
		return 1
	}
	return 2
}

// Setting is one effective value of the settings, for people.
type Setting struct {
	Name, Default, Value, Unit, Meaning, Source string
}

// Prefix stands before every setting's name in the environment.
const Prefix = "WINNOW_RULES_"

// Version is a short hash over every effective value. Ratings carry it, so that an old one can be explained.
func (s *Settings) Version() string { return s.version }

// Settle is how long nothing new may have arrived about a contact before anything is announced against it.
func (s *Settings) Settle() time.Duration { return s.settle }

// FlagBand is the share of contacts, in per cent, that a review is expected to flag.
func (s *Settings) FlagBand() (low, high int) { return s.flagLow, s.flagHigh }

// Signals lists the rule book, custom signals last.
func (s *Settings) Signals() []Signal {
	list := append([]Signal(nil), s.signals[:]...)
	for i := range s.custom {
		list = append(list, s.custom[i].Signal)
	}
	return list
}

// Segments lists the segments that have settings of their own.
func (s *Settings) Segments() []string { return sortedKeys(s.segments) }

// Properties are the CRM's own properties of a contact that these settings look at, sorted: what is to be read for them. A property
// that a setting names by default is among them only where another setting gives it something to do.
func (s *Settings) Properties() []string {
	names := slices.Concat(s.named, s.followUps)
	look := func(use bool, property string) {
		if use {
			names = append(names, property)
		}
	}
	look(len(s.industryGood)+len(s.industryBad) > 0, s.industryProperty)
	look(s.sizeMin > 0 || s.sizeMax > 0, s.sizeProperty)
	look(len(s.roles) > 0, s.roleProperty)
	look(s.signals[sSupportLoad].On, s.supportProperty)
	look(s.signals[sRepVote].On, s.voteProperty)
	for _, p := range s.misfits {
		names = append(names, p.property)
	}
	for _, p := range slices.Concat(s.fitPredicates, s.worthPredicates) {
		names = append(names, p.property)
	}
	for i := range s.custom {
		names = append(names, s.custom[i].properties()...)
	}
	for _, segment := range s.segments {
		names = append(names, segment.Properties()...)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" || ownName(name) })
}

// Describe lists every setting in order, then those of custom signals and of segments.
func (s *Settings) Describe() []Setting {
	list := make([]Setting, 0, len(knobs))
	for i, k := range knobs {
		list = append(list, Setting{Prefix + k.name, k.def, s.text[i], k.unit, k.meaning, k.source})
	}
	list = append(list, Setting{Prefix + "SEGMENTS", "", strings.Join(s.Segments(), ","), "list, comma-separated", "segments with settings of their own, chosen by the property segment: SEGMENT_<NAME>_ before any setting", s2 + "; A31"})
	list = append(list, s.customSettings...)
	for _, name := range s.Segments() {
		for i, k := range knobs {
			if v := s.segments[name].text[i]; v != s.text[i] {
				list = append(list, Setting{Prefix + segmentPrefix(name) + k.name, s.text[i], v, k.unit, "for the segment " + name + ": " + k.meaning, k.source})
			}
		}
	}
	return list
}

// seal computes the version once every value is in place.
func (s *Settings) seal() {
	h := sha256.New()
	for _, v := range s.Describe() {
		h.Write([]byte(v.Name + "=" + v.Value + "\n"))
	}
	s.version = hex.EncodeToString(h.Sum(nil))[:12]
}

// of is the settings that apply to a segment.
func (s *Settings) of(segment string) *Settings {
	if own, ok := s.segments[segment]; ok {
		return own
	}
	return s
}

var defaults = sync.OnceValue(func() *Settings {
	s, err := Parse(nil)
	if err != nil {
		panic("rules: the default settings are refused: " + err.Error())
	}
	return s
})

// Defaults are the settings that apply where nothing is set.
func Defaults() *Settings { return defaults() }
