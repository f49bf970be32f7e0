package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// customSignal is a signal that settings bring along: a condition in jq on one fact, with its own numbers. It is held to the
// guard-rails of all others: it sees only what they did or what they are, never our messages and tasks (G2, G3); it sees no
// text that could not be read and no property without a value (G12); it may not ask for personal traits (G14).
type customSignal struct {
	Signal
	when string
	code *gojq.Code
}

// customKeys are the settings of a custom signal, after CUSTOM_<NAME>_.
var customKeys = [...]knob{
	{"WHEN", "", "jq", "condition on a fact, as in .message.direction==\"in\" and (.message.text.asks//0)>3", "", nil},
	{"WHY", "", "text", "completes \"This contact ...\"; fit for them to read", "", nil},
	{"SUB", "engagement", "engagement, fit or worth", "the sub-score it counts towards", "", nil},
	{"POINTS", "", "points", "for each fact that meets the condition, at age zero", "", nil},
	{"CAP", "10", "points", "most points of either sign", "", nil},
	{"HALF_LIFE", "60d", "duration", "until half of the points are left; 0s: they stay", "", nil},
	{"WINDOW", "180d", "duration", "older facts do not count; 0s: all do", "", nil},
	{"EARLY", "30", "per cent", "share of negative points that counts before the first meeting or quote", "A18", nil},
}

// parseCustom takes the settings of custom signals out of env.
func parseCustom(env map[string]string) (list []customSignal, settings []Setting, err error) {
	names := segmentNames(env["CUSTOM"])
	delete(env, "CUSTOM")
	settings = append(settings, Setting{Prefix + "CUSTOM", "", strings.Join(names, ","), "list, comma-separated", "signals of your own, each with CUSTOM_<NAME>_WHEN, _WHY, _SUB, _POINTS, _CAP, _HALF_LIFE, _WINDOW and _EARLY", ""})
	for _, name := range names {
		c, own, e := parseOneCustom(name, env)
		list, settings, err = append(list, c), append(settings, own...), errors.Join(err, e)
	}
	return list, settings, err
}

func parseOneCustom(name string, env map[string]string) (c customSignal, settings []Setting, err error) {
	prefix := "CUSTOM_" + strings.ToUpper(name) + "_"
	refuse := func(key string, e error) {
		if e != nil {
			err = errors.Join(err, fmt.Errorf("%s%s%s: %w", Prefix, prefix, key, e))
		}
	}
	values := map[string]string{}
	for _, k := range customKeys {
		v := strings.TrimSpace(env[prefix+k.name])
		delete(env, prefix+k.name)
		if v == "" {
			v = k.def
		}
		values[k.name] = v
		settings = append(settings, Setting{Prefix + prefix + k.name, k.def, v, k.unit, "custom signal " + name + ": " + k.meaning, k.source})
	}
	whole := func(key string, low, high int) int {
		n, e := strconv.Atoi(strings.TrimPrefix(values[key], "+"))
		if e != nil || n < low || n > high {
			refuse(key, fmt.Errorf("want a whole number from %d to %d", low, high))
		}
		return n
	}
	long := func(key string) time.Duration {
		d, e := parseDuration(values[key])
		if e != nil || d < 0 || d > years {
			refuse(key, fmt.Errorf("want a duration such as 36h or 30d"))
		}
		return d
	}
	if !validSegment(name) || slices.ContainsFunc(book[:], func(s Signal) bool { return s.Name == strings.ToLower(name) }) {
		refuse("WHEN", fmt.Errorf("%q is no name for a signal of your own: use letters, digits and _, and none that exists", name))
	}
	c.Signal = Signal{
		ID: "custom", Name: strings.ToLower(name), Sub: crm.Sub(values["SUB"]), Points: whole("POINTS", -20, 20), Cap: whole("CAP", 0, 50),
		HalfLife: long("HALF_LIFE"), Window: long("WINDOW"), Early: whole("EARLY", 0, 100), On: true, Why: values["WHY"], Source: "settings",
	}
	if !slices.Contains(subs[:], c.Sub) {
		refuse("SUB", fmt.Errorf("want engagement, fit or worth"))
	}
	if abs(c.Points) > c.Cap {
		refuse("CAP", fmt.Errorf("want at least the points, %d: it cuts even one", abs(c.Points)))
	}
	if len(c.Why) < 10 || c.Why[0] < 'a' || c.Why[0] > 'z' || unfit.MatchString(c.Why) {
		refuse("WHY", fmt.Errorf("want a sentence that completes \"This contact ...\" and that they may read, in small letters at its start"))
	}
	var e error
	c.when, c.code, e = compile(values["WHEN"])
	refuse("WHEN", e)
	return c, settings, err
}

// unfit are words that no reason may hold, because the contact may read it.
var unfit = regexp.MustCompile(`(?i)\b(waster|loser|idiot|stupid|lazy|annoying|crazy|bad customer|liar|lies|cheap|rude|nuisance|useless|worthless|hopeless|garbage|dishonest)\b`)

// allowed are the words of jq that a condition may use: what looks at a value. What could run for ever, or would tell a condition
// the time or the environment, is not among them.
var allowed = strings.Fields(`and or not if then elif else end true false null length test startswith endswith contains inside has in any all
	map select tostring tonumber ascii_downcase ascii_upcase type keys values first last min max add empty floor abs index split join fromdateiso8601`)

var (
	jqString = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	jqWord   = regexp.MustCompile(`[.$@]?[A-Za-z_][A-Za-z0-9_]*`)
)

func compile(when string) (string, *gojq.Code, error) {
	if when == "" {
		return "", nil, fmt.Errorf("want a condition in jq on a fact, as in .kind==\"call\" and .call.direction==\"in\"")
	}
	if err := refuseTrait(when); err != nil {
		return "", nil, err
	}
	if strings.Contains(when, `\(`) {
		return "", nil, fmt.Errorf("want no code inside a string")
	}
	for _, word := range jqWord.FindAllString(jqString.ReplaceAllString(when, `""`), -1) {
		if word[0] != '.' && !slices.Contains(allowed, word) {
			return "", nil, fmt.Errorf("%q is not among the words that a condition may use: %s", word, strings.Join(allowed, " "))
		}
	}
	q, err := gojq.Parse(when)
	if err != nil {
		return "", nil, fmt.Errorf("this is no jq: %w", err)
	}
	code, err := gojq.Compile(q)
	if err != nil {
		return "", nil, fmt.Errorf("this is no jq: %w", err)
	}
	return when, code, nil
}

// named finds the names with which a condition compares that of a property.
var named = regexp.MustCompile(`\.name\s*==\s*"(\w+)"|"(\w+)"\s*==\s*\.(?:property\.)?name\b`)

// properties are those that the condition names.
func (c *customSignal) properties() []string {
	var names []string
	for _, m := range named.FindAllStringSubmatch(c.when, -1) {
		names = append(names, m[1]+m[2])
	}
	return names
}

// met reports whether a fact meets the condition. What fails on a fact, as a comparison with a field that it lacks may, does not.
func (c *customSignal) met(fact any) bool {
	v, ok := c.code.Run(fact).Next()
	yes, isBool := v.(bool)
	return ok && isBool && yes
}

// customs weighs the custom signals.
func (h *view) customs(sh *sheet) {
	if len(h.base.custom) == 0 {
		return
	}
	weights := make([]weight, len(h.base.custom))
	for i := range weights {
		weights[i] = weight{h: h, sig: &h.base.custom[i].Signal}
	}
	look := func(f *crm.Fact, at crm.Millis) {
		var value any
		for i := range weights {
			w := &weights[i]
			if !w.counts(at) {
				continue
			}
			if value == nil {
				value = decoded(f)
			}
			if h.base.custom[i].met(value) {
				w.hit(at, f.ID, 1)
			}
		}
	}
	for i := range h.events {
		e := &h.events[i]
		if e.f == nil || e.peer || e.kind != eIn && e.kind != eTalk || e.f.Message == nil && e.f.Call == nil {
			continue
		}
		if m := e.f.Message; m == nil || !m.Text.Unread {
			look(e.f, e.at)
		}
	}
	for _, list := range [...][]crm.Fact{h.r.Items, h.r.Referrals} {
		for i := range list {
			if f := &list[i]; f.Task == nil && !f.Gone && f.At <= h.limit {
				look(f, f.At)
			}
		}
	}
	for i := range h.r.Profile {
		if f := &h.r.Profile[i]; f.Property != nil && f.Property.Value != "" && refuseTrait(f.Property.Name) == nil {
			look(f, changed(f))
		}
	}
	for i := range weights {
		if w := &weights[i]; w.sum != 0 {
			sh.add(w, customIndex, w.sig.Why)
		}
	}
}

// customIndex stands for all custom signals where signals are a set.
const customIndex = 63

func decoded(f *crm.Fact) any {
	var v any
	if err := json.Unmarshal(encoded(f), &v); err != nil {
		panic("rules: a fact that cannot be decoded: " + err.Error()) // it was just encoded
	}
	return v
}
