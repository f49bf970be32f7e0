package signals

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/history"
	"github.com/winnow-crm/winnow/rules/record"
	"github.com/winnow-crm/winnow/rules/words"
)

// CustomSignal is a signal that settings bring along: a condition in jq on one fact, with its own numbers. It is held
// to the guard-rails of all others: it sees only what they did or what they are, never our messages and tasks (G2, G3);
// it sees no text that could not be read and no property without a value (G12); it may not ask for personal traits
// (G14).
type CustomSignal struct {
	Signal
	When string
	Code *gojq.Code
}

// Unfit are words that no reason may contain, because the contact may get to read it.
var Unfit = regexp.MustCompile(`(?i)\b(waster|loser|idiot|stupid|lazy|annoying|crazy|bad customer|liar|lies|cheap|rude|nuisance|useless|worthless|hopeless|garbage|dishonest)\b`)

// allowed are the words of jq that a condition may use: what looks at a value. What could run for ever, or would tell a
// condition the time or the environment, is not among them.
var allowed = strings.Fields(`and or not if then elif else end true false null length test startswith endswith contains inside has in any all
	map select tostring tonumber ascii_downcase ascii_upcase type keys values first last min max add empty floor abs index split join fromdateiso8601`)

var (
	jqString = regexp.MustCompile(`"(\\.|[^"\\])*"`)
	jqWord   = regexp.MustCompile(`[.$@]?[A-Za-z_][A-Za-z0-9_]*`)
)

// Compile reads the condition of a signal of one's own.
func Compile(when string) (string, *gojq.Code, error) {
	if when == "" {
		return "", nil,
			fmt.Errorf("want a condition in jq on a fact, as in .kind==\"call\" and .call.direction==\"in\"")
	}
	if err := RefuseTrait(when); err != nil {
		return "", nil, err
	}
	if strings.Contains(when, `\(`) {
		return "", nil, fmt.Errorf("want no code inside a string")
	}
	for _, word := range jqWord.FindAllString(jqString.ReplaceAllString(when, `""`), -1) {
		if word[0] != '.' && !slices.Contains(allowed, word) {
			return "", nil, fmt.Errorf("%q is not among the words that a condition may use: %s", word,
				strings.Join(allowed, " "))
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

// Properties are those that the condition names.
func (c *CustomSignal) Properties() []string {
	var names []string
	for _, m := range named.FindAllStringSubmatch(c.When, -1) {
		names = append(names, m[1]+m[2])
	}
	return names
}

// met reports whether a fact meets the condition. A condition that fails on a fact, for example because it compares a
// field that the fact lacks, is not met.
func (c *CustomSignal) met(fact any) bool {
	v, ok := c.Code.Run(fact).Next()
	yes, isBool := v.(bool)
	return ok && isBool && yes
}

// customs weighs the custom signals.
func customs(h *View, sh *Sheet) {
	if len(h.S.Custom) == 0 {
		return
	}
	weights := make([]weight, len(h.S.Custom))
	for i := range weights {
		weights[i] = weight{h: h, sig: &h.S.Custom[i].Signal}
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
			if h.S.Custom[i].met(value) {
				w.hit(at, f.ID, 1)
			}
		}
	}
	for i := range h.Events {
		e := &h.Events[i]
		if e.F == nil || e.Peer || e.Kind != history.Received && e.Kind != history.Talked || e.F.Message == nil &&
			e.F.Call == nil {
			continue
		}
		if m := e.F.Message; m == nil || !m.Text.Unread {
			look(e.F, e.At)
		}
	}
	for _, list := range [...][]crm.Fact{h.R.Items, h.R.Referrals} {
		for i := range list {
			if f := &list[i]; f.Task == nil && !f.Gone && f.At <= h.Limit {
				look(f, f.At)
			}
		}
	}
	for i := range h.R.Profile {
		if f := &h.R.Profile[i]; f.Property != nil && f.Property.Value != "" && RefuseTrait(f.Property.Name) == nil {
			look(f, record.Changed(f))
		}
	}
	for i := range weights {
		if w := &weights[i]; w.sum != 0 {
			sh.add(w, customIndex, words.Say("reason.custom", words.Word("text", w.sig.Why)))
		}
	}
}

// customIndex stands for all custom signals where signals are a set.
const customIndex = 63

func decoded(f *crm.Fact) any {
	var v any
	if err := json.Unmarshal(record.Encoded(f), &v); err != nil {
		panic("rules: a fact that cannot be decoded: " + err.Error()) // it was just encoded
	}
	return v
}
