package rules

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/signals"
)

// customKeys are the settings of a custom signal, after CUSTOM_<NAME>_.
var customKeys = [...]knob{
	{"WHEN", "", "jq", "condition on a fact, as in .message.direction==\"in\" and (.message.text.asks//0)>3", "", nil},
	{"WHY", "", "text", "completes \"This contact ...\"; fit for them to read", "", nil},
	{"SUB", "engagement", "engagement, fit or worth", "the sub-score it counts towards", "", nil},
	{"POINTS", "", "points", "for each fact that meets the condition, at age zero", "", nil},
	{"CAP", "10", "points", "most points of either sign", "", nil},
	{"HALF_LIFE", "60d", "duration", "until half of the points are left; 0s: they stay", "", nil},
	{"WINDOW", "180d", "duration", "older facts do not count; 0s: all do", "", nil},
	{
		"EARLY", "100", "per cent",
		"share of negative points that counts before the first booking, quote or stage", "A18", nil,
	},
}

// parseCustom takes the settings of custom signals out of env.
func parseCustom(env map[string]string) (list []signals.CustomSignal, settings []Setting, err error) {
	names := segmentNames(env["CUSTOM"])
	delete(env, "CUSTOM")
	settings = append(settings, Setting{
		Prefix + "CUSTOM", "", strings.Join(names, ","), "list, comma-separated",
		"signals of your own, each with CUSTOM_<NAME>_WHEN, _WHY, _SUB, _POINTS, _CAP, _HALF_LIFE, _WINDOW and _EARLY",
		"",
	})
	for _, name := range names {
		c, own, e := parseOneCustom(name, env)
		list, settings, err = append(list, c), append(settings, own...), errors.Join(err, e)
	}
	return list, settings, err
}

func parseOneCustom(name string, env map[string]string) (c signals.CustomSignal, settings []Setting, err error) {
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
		settings = append(settings, Setting{
			Prefix + prefix + k.name, k.def, v, k.unit, "custom signal " + name + ": " + k.meaning, k.source,
		})
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
	if !validSegment(name) || slices.ContainsFunc(signals.Book[:], func(s Signal) bool {
		return s.Name == strings.ToLower(name)
	}) {
		refuse("WHEN", fmt.Errorf("%q is no name for a signal of your own: use letters, digits and _, and none that "+
			"exists", name))
	}
	c.Signal = Signal{
		ID: "custom", Name: strings.ToLower(name), Sub: crm.Sub(values["SUB"]), Points: whole("POINTS", -20, 20),
		Cap:      whole("CAP", 0, 50),
		HalfLife: long("HALF_LIFE"), Window: long("WINDOW"), Early: whole("EARLY", 0, 100), On: true,
		Why: values["WHY"], Source: "settings",
	}
	if !slices.Contains(signals.Subs[:], c.Sub) {
		refuse("SUB", fmt.Errorf("want engagement, fit or worth"))
	}
	if magnitude := max(c.Points, -c.Points); magnitude > c.Cap {
		refuse("CAP", fmt.Errorf("want at least the points, %d: it cuts even one", magnitude))
	}
	if len(c.Why) < 10 || c.Why[0] < 'a' || c.Why[0] > 'z' || signals.Unfit.MatchString(c.Why) {
		refuse("WHY", fmt.Errorf("want a sentence that completes \"This contact ...\" and that they may read, in "+
			"small letters at its start"))
	}
	var e error
	c.When, c.Code, e = signals.Compile(values["WHEN"])
	refuse("WHEN", e)
	return c, settings, err
}
