package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/signals"
	"github.com/winnow-crm/winnow/rules/status"
)

// Settings are the rules as data. They are made by Parse or Defaults and never change afterwards.
type Settings struct {
	status.Settings

	version        string
	given          map[string]string // what was parsed
	text           []string          // the value of each knob, in order
	named          []string          // the properties that settings of the unit property name, where they were given
	segments       map[string]*Settings
	customSettings []Setting
	idle           []string // see Reads

	weights           [3]int // of engagement, fit and worth in the score, per cent
	flagLow, flagHigh int
}

// Setting is one effective value of the settings, for people.
type Setting struct {
	Name, Default, Value, Unit, Meaning, Source string
}

// Prefix stands before every setting's name in the environment.
const Prefix = "WINNOW_RULES_"

// Version is a short hash over every effective value. Ratings carry it, so that an old one can be explained.
func (s *Settings) Version() string { return s.version }

// With are these settings with other values on top, named as for Parse.
func (s *Settings) With(more map[string]string) (*Settings, error) {
	all := maps.Clone(s.given)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return Parse(all)
}

// Settle is how long nothing new may have arrived about a contact before anything is announced against it.
func (s *Settings) Settle() time.Duration { return s.Settling }

// FlagBand is the share of contacts, in per cent, that a review is expected to flag.
func (s *Settings) FlagBand() (low, high int) { return s.flagLow, s.flagHigh }

// Signals lists the rule book, custom signals last.
func (s *Settings) Signals() []Signal {
	list := append([]Signal(nil), s.Rows[:]...)
	for i := range s.Custom {
		list = append(list, s.Custom[i].Signal)
	}
	return list
}

// Segments lists the segments that have settings of their own.
func (s *Settings) Segments() []string { return sortedKeys(s.segments) }

// Properties are the CRM's own properties of a contact that these settings look at, sorted: what is to be read for
// them. A property that a setting names by default is among them only where another setting gives it something to do.
func (s *Settings) Properties() []string {
	names := s.looked()
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" || crm.Reserved(name) })
}

// idle are the properties that tell people something, and the rules only where settings name them.
var idle = []string{crm.PropOwner, crm.PropLifecycle, crm.PropLeadStatus}

// Reads reports whether a rating may depend on a fact. One that no rule reads changes the record and nothing else.
func (s *Settings) Reads(f *crm.Fact) bool {
	return f.Property == nil || !slices.Contains(s.idle, f.Property.Name)
}

// looked are the properties that settings name, and those of Reserved among them. A condition of one's own may look
// at any.
func (s *Settings) looked() []string {
	names := slices.Concat(s.named, s.FollowUps)
	look := func(use bool, property string) {
		if use {
			names = append(names, property)
		}
	}
	look(len(s.IndustryGood)+len(s.IndustryBad) > 0, s.IndustryProperty)
	look(s.SizeMin > 0 || s.SizeMax > 0, s.SizeProperty)
	look(len(s.Roles) > 0, s.RoleProperty)
	look(s.Rows[signals.RowSupportLoad].On, s.SupportProperty)
	look(s.Rows[signals.RowRepVote].On, s.VoteProperty)
	for _, p := range s.Misfits {
		names = append(names, p.Property)
	}
	for _, p := range slices.Concat(s.FitPredicates, s.WorthPredicates) {
		names = append(names, p.Property)
	}
	for i := range s.Custom {
		names = append(names, s.Custom[i].Properties()...)
	}
	for _, segment := range s.segments {
		names = append(names, segment.looked()...)
	}
	return names
}

// Describe lists every setting in order, then those of custom signals and of segments.
func (s *Settings) Describe() []Setting {
	list := make([]Setting, 0, len(knobs))
	for i, k := range knobs {
		list = append(list, Setting{Prefix + k.name, k.def, s.text[i], k.unit, k.meaning, k.source})
	}
	list = append(list, Setting{
		Prefix + "SEGMENTS", "", strings.Join(s.Segments(), ","), "list, comma-separated",
		"segments with settings of their own, chosen by the property segment: SEGMENT_<NAME>_ before any setting",
		signals.S2 + "; A31",
	})
	list = append(list, s.customSettings...)
	for _, name := range s.Segments() {
		for i, k := range knobs {
			if v := s.segments[name].text[i]; v != s.text[i] {
				list = append(list, Setting{
					Prefix + segmentPrefix(name) + k.name, s.text[i], v, k.unit, "for the segment " + name + ": " +
						k.meaning, k.source,
				})
			}
		}
	}
	return list
}

// seal computes what follows from the values, once each is in place.
func (s *Settings) seal() {
	if len(s.Custom) == 0 {
		names := s.looked()
		s.idle = slices.DeleteFunc(slices.Clone(idle), func(name string) bool {
			return record.ContainsFold(names, name)
		})
	}
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
