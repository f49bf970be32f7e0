package rules

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/rules/signals"
)

// Parse reads settings. The keys of env come without WINNOW_RULES_; what is missing keeps its default. Everything wrong
// is reported at once, each error names the variable and what to do.
//
// CUSTOM=pushy declares a signal of one's own, which CUSTOM_PUSHY_WHEN and so on describe.
//
// SEGMENTS=shop,agency declares segments; SEGMENT_SHOP_QUOTA_EARLY=30d then sets any setting for contacts whose
// property "segment" says shop.
func Parse(env map[string]string) (*Settings, error) {
	base := maps.Clone(env)
	custom, customSettings, err := parseCustom(base)
	errs := []error{err}
	names := segmentNames(base["SEGMENTS"])
	delete(base, "SEGMENTS")
	overlays := map[string]map[string]string{}
	for _, name := range names {
		if !validSegment(name) {
			errs = append(errs, fmt.Errorf("%sSEGMENTS: %q is no name for a segment: use letters, digits and _",
				Prefix, name))
			continue
		}
		overlays[name] = map[string]string{}
	}
	// The longest name that fits owns the key, so that the segments shop and shop_eu can live beside each other.
	longest := slices.Clone(names)
	slices.SortFunc(longest, func(a, b string) int { return len(b) - len(a) })
	for _, key := range sortedKeys(base) {
		for _, name := range longest {
			if rest, ok := strings.CutPrefix(key, segmentPrefix(name)); ok && overlays[name] != nil {
				overlays[name][rest] = base[key]
				delete(base, key)
				break
			}
		}
	}
	s, err := parse(base, "", nil)
	s.given, s.Custom, s.customSettings = maps.Clone(env), custom, customSettings
	errs = append(errs, err)
	for _, name := range sortedKeys(overlays) {
		seg, err := parse(overlays[name], segmentPrefix(name), s)
		errs = append(errs, err)
		seg.Custom = custom
		s.segments[name] = seg
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.seal()
	for _, seg := range s.segments {
		seg.version = s.version
	}
	return s, nil
}

// parse reads one set of settings over those of base, or over the defaults.
func parse(env map[string]string, prefix string, base *Settings) (*Settings, error) {
	s := &Settings{text: make([]string, len(knobs)), segments: map[string]*Settings{}}
	s.Rows = signals.Book
	var errs []error
	used := 0
	for i, k := range knobs {
		value, given := env[k.name]
		if given {
			used++
		}
		if !given && base != nil {
			value = base.text[i]
		} else if !given || strings.TrimSpace(value) == "" && k.def != "" && !isList(k) {
			value = k.def
		}
		text, err := k.set(s, strings.TrimSpace(value))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s%s%s: %w", Prefix, prefix, k.name, err))
			text, _ = k.set(s, k.def)
		}
		s.text[i] = text
		if given && k.unit == "property" {
			s.named = append(s.named, text)
		}
	}
	if used < len(env) {
		errs = append(errs, unknown(env, prefix)...)
	}
	errs = append(errs, s.contradictions(prefix)...)
	return s, errors.Join(errs...)
}

// isList reports whether an empty value means something: no entries.
func isList(k knob) bool {
	return strings.HasPrefix(k.unit, "list") || strings.HasPrefix(k.unit, "windows") || k.unit == "property"
}

// unknown names each variable that is no setting, with the likeliest one meant.
func unknown(env map[string]string, prefix string) []error {
	var errs []error
	for _, key := range sortedKeys(env) {
		if slices.ContainsFunc(knobs, func(k knob) bool { return k.name == key }) {
			continue
		}
		if err := signals.RefuseTrait(key); err != nil {
			errs = append(errs, fmt.Errorf("%s%s%s: %w", Prefix, prefix, key, err))
			continue
		}
		best, distance := "", len(key)/3+2
		for _, k := range knobs {
			if d := edits(key, k.name); d < distance {
				best, distance = k.name, d
			}
		}
		switch {
		case strings.HasPrefix(key, "SEGMENT_"):
			errs = append(errs, fmt.Errorf("%s%s: no segment of that name: list it in %sSEGMENTS", Prefix, key, Prefix))
		case strings.HasPrefix(key, "CUSTOM_"):
			errs = append(errs, fmt.Errorf("%s%s: no custom signal of that name with such a setting: list it in "+
				"%sCUSTOM", Prefix, key, Prefix))
		case best != "":
			errs = append(errs, fmt.Errorf("%s%s%s: no such setting; did you mean %s%s%s?", Prefix, prefix, key,
				Prefix, prefix, best))
		default:
			errs = append(errs, fmt.Errorf("%s%s%s: no such setting; winnow config lists all of them", Prefix, prefix,
				key))
		}
	}
	return errs
}

// contradictions are values that are fine alone and make no sense together.
func (s *Settings) contradictions(prefix string) []error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			p := Prefix + prefix
			errs = append(errs, errors.New(strings.ReplaceAll(fmt.Sprintf(format, args...), "~", p)))
		}
	}
	for i, name := range [...]string{"ENGAGEMENT", "FIT", "WORTH"} {
		b := s.Bands[i]
		refuse(b.Low >= b.High, "~%s_LOW is %d and ~%s_HIGH is %d: low must be below high", name, b.Low, name, b.High)
		refuse(b.Low > 50 || b.High <= 50,
			"~%s_LOW is %d and ~%s_HIGH is %d: 50, of which nothing is known, must lie between them", name, b.Low,
			name, b.High)
	}
	sum := s.weights[0] + s.weights[1] + s.weights[2]
	refuse(sum != 100, "~WEIGHT_ENGAGEMENT, ~WEIGHT_FIT and ~WEIGHT_WORTH add up to %d: make it 100", sum)
	refuse(s.flagLow >= s.flagHigh,
		"~FLAG_RATE_LOW is %d and ~FLAG_RATE_HIGH is %d: low must be below high", s.flagLow, s.flagHigh)
	refuse(s.QuoteWarn > s.QuoteFlag,
		"~SAME_QUOTE_WARN is %d and ~SAME_QUOTE_FLAG is %d: a warning comes first", s.QuoteWarn, s.QuoteFlag)
	refuse(s.ShortMin > s.ShortOf,
		"~SHORT_ANSWERS_MIN is %d and ~SHORT_ANSWERS_OF is %d: no more can be short than are looked at", s.ShortMin,
		s.ShortOf)
	refuse(s.AttemptDays > s.Attempts,
		"~ATTEMPT_DAYS is %d and ~ATTEMPTS is %d: so few attempts never fall on so many days", s.AttemptDays,
		s.Attempts)
	refuse(s.LatencyFast >= s.LatencyTypical || s.LatencyTypical >= s.LatencySlow,
		"~REPLY_LATENCY_FAST, _TYPICAL and _SLOW are %s, %s and %s: each must be longer than the one before",
		formatDuration(s.LatencyFast), formatDuration(s.LatencyTypical), formatDuration(s.LatencySlow))
	refuse(s.SizeMax > 0 && s.SizeMin > s.SizeMax,
		"~COMPANY_SIZE_MIN is %d and ~COMPANY_SIZE_MAX is %d: the smallest must not exceed the largest", s.SizeMin,
		s.SizeMax)
	refuse(s.MinAge > s.QuotaEarly || s.MinAge > s.QuotaAfter,
		"~MIN_AGE is %s, longer than a quota of silence: make it shorter", formatDuration(s.MinAge))
	for i := 1; i < 3; i++ {
		for j := range 3 {
			refuse(s.Matrix[i][j] < s.Matrix[i-1][j],
				"~MATRIX rates less engagement better, %c after %c: letters must not rise downwards", s.Matrix[i][j],
				s.Matrix[i-1][j])
			refuse(s.Matrix[j][i] < s.Matrix[j][i-1],
				"~MATRIX rates less fit better, %c after %c: letters must not rise to the right", s.Matrix[j][i],
				s.Matrix[j][i-1])
		}
	}
	for i := range s.Rows {
		sig := &s.Rows[i]
		refuse(sig.Sub != "" && max(sig.Points, -sig.Points) > sig.Cap,
			"~%s_POINTS is %d and ~%[1]s_CAP is %[3]d: the cap cuts even one, so raise it or lower the points",
			strings.ToUpper(sig.Name), sig.Points, sig.Cap)
		refuse(sig.Sub != "" && sig.Points*signals.Book[i].Points < 0,
			"~%s_POINTS is %d, of the other sign than %d: it would turn what the signal means",
			strings.ToUpper(sig.Name), sig.Points, signals.Book[i].Points)
	}
	return errs
}

func segmentPrefix(name string) string { return "SEGMENT_" + strings.ToUpper(name) + "_" }

func segmentNames(v string) []string {
	var names []string
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func validSegment(name string) bool {
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// edits is the number of letters to insert, delete, replace or swap with a neighbour to get from a to b.
func edits(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j+1]+1, cur[j]+1, prev[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], prev2[j-1]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
