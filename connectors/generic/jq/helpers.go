package jq

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// helper is a word that jq lacks. Words without arguments act on their input.
type helper struct {
	name string
	args int
	run  func(v any, args []any) any
	Help string
}

// fault is an error of a helper. It holds nothing of the value.
type fault struct{ msg string }

func (f *fault) Error() string { return f.msg }

func bad(format string, args ...any) error { return &fault{fmt.Sprintf(format, args...)} }

// table has the helpers with what each does.
var table = []helper{
	{
		"utc",
		0,
		utc,
		"a date without a zone is taken for UTC: \"2026-03-02 09:30:00\" is 2026-03-02T09:30:00Z; empty stays empty",
	},
	{"zone", 1, zoned, "the same in a zone: zone(\"Europe/Paris\")"},
	{"seconds", 0, epoch(1000), "Unix seconds, as a number or text, as an instant"},
	{"millis", 0, epoch(1), "Unix milliseconds, as a number or text, as an instant"},
	{"msdate", 0, msDate, "/Date(1772443800000)/ as an instant"},
	{"stamp", 0, written("2006-01-02 15:04:05"), "an instant as 2026-03-02 09:30:00, in UTC"},
	{"local", 1, local, "an instant as 2026-03-02 10:30:00 in a zone: local(\"Europe/Paris\")"},
	{"iso", 0, written("2006-01-02T15:04:05Z"), "an instant as 2026-03-02T09:30:00Z"},
	{"unix", 0, unix, "an instant as Unix seconds"},
	{
		"given",
		0,
		given,
		"null for false, for an empty text and for a list of nothing, as some CRMs write what is empty",
	},
	{
		"id",
		0,
		id,
		"an id as text, whether it comes as 7, 7.0, \"7\" or [7, \"name\"]; null for null, false, 0 and empty",
	},
	{"number", 0, number, "a number, also where it comes as text, with a decimal comma or not; null where it is none"},
	{"kv", 1, kv, "the value of an entry in a list of {key, value}: kv(\"Target\")"},
	{"emails", 0, emails, "the addresses in a text like \"Ada <ada@example.com>; ben@example.com\", as a list"},
	{"snake", 0, joined("_", same), "winnow_rating"},
	{"camel", 0, joined("", lowerFirst), "winnowRating"},
	{"pascal", 0, joined("", upper), "WinnowRating"},
	{"kebab", 0, joined("-", same), "winnow-rating"},
	{"query", 0, query, "a=1&b=2 as an object"},
}

var helpers = func() (out []gojq.CompilerOption) {
	for _, h := range table {
		out = append(out, gojq.WithFunction(h.name, h.args, h.args, h.run))
	}
	return out
}()

// Helpers are the names of the words that mappings have beside jq's own.
func Helpers() []string {
	var out []string
	for _, h := range table {
		out = append(out, h.name)
	}
	return out
}

// Help says of each helper what it does.
func Help() map[string]string {
	out := map[string]string{}
	for _, h := range table {
		out[h.name] = h.Help
	}
	return out
}

// nothing reports whether a value stands for what is empty.
func nothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return strings.TrimSpace(v) == "" || strings.HasPrefix(v, "0000-00-00")
	case []any:
		return len(v) == 0
	}
	return false
}

func given(v any, _ []any) any {
	if nothing(v) {
		return nil
	}
	return v
}

// layouts are how CRMs write an instant without a zone.
var layouts = []string{
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02",
}

// instant writes an instant as mappings hand it around.
func instant(t time.Time) any { return t.UTC().Format("2006-01-02T15:04:05.999Z07:00") }

func parse(s string, zone *time.Location) (time.Time, bool) {
	s = strings.TrimSpace(s)
	for _, layout := range withZone {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// withZone are how CRMs write an instant with its zone.
var withZone = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999-0700",
	"2006-01-02 15:04:05.999999999-07:00",
	"2006-01-02 15:04:05.999999999Z07:00",
}

func utc(v any, _ []any) any { return inZone(v, time.UTC) }

func inZone(v any, zone *time.Location) any {
	if nothing(v) {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		return bad("utc and zone want a text such as 2026-03-02 09:30:00")
	}
	t, ok := parse(s, zone)
	if !ok {
		return bad("utc and zone want a text such as 2026-03-02 09:30:00")
	}
	return instant(t)
}

func zoned(v any, args []any) any {
	zone, ok := location(args[0])
	if !ok {
		return bad("zone wants the name of a zone, such as Europe/Paris")
	}
	return inZone(v, zone)
}

// latest is the last instant that is one: the year 9999, in milliseconds.
const latest = 253402300799999

func epoch(unit float64) func(any, []any) any {
	return func(v any, _ []any) any {
		if nothing(v) {
			return nil
		}
		n, ok := Number(v)
		if ms := n * unit; ok && ms >= -latest && ms <= latest {
			if ms == 0 {
				return nil
			}
			return instant(time.UnixMilli(int64(ms)))
		}
		return bad("seconds and millis want a number")
	}
}

var msPattern = regexp.MustCompile(`^/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/$`)

func msDate(v any, _ []any) any {
	if nothing(v) {
		return nil
	}
	s, _ := v.(string)
	m := msPattern.FindStringSubmatch(s)
	if m == nil {
		return bad("msdate wants /Date(...)/")
	}
	n, _ := strconv.ParseFloat(m[1], 64) // the pattern lets digits through alone
	return epoch(1)(n, nil)
}

// Instant reads what stands where a time is wanted: RFC 3339, or milliseconds as a number. It is zero for what is
// empty; ok is false for anything else, as a date without a zone.
func Instant(v any) (t time.Time, ok bool) {
	if nothing(v) {
		return time.Time{}, true
	}
	if s, isText := v.(string); isText {
		for _, layout := range withZone {
			if t, err := time.Parse(layout, strings.TrimSpace(s)); err == nil {
				return t, t.Year() > 0 && t.Year() <= 9999
			}
		}
		return time.Time{}, false
	}
	n, isNumber := Number(v)
	if !isNumber || n < -latest || n > latest {
		return time.Time{}, false
	}
	if n == 0 {
		return time.Time{}, true
	}
	return time.UnixMilli(int64(n)), true
}

func written(layout string) func(any, []any) any {
	return func(v any, _ []any) any {
		t, ok := Instant(v)
		if !ok {
			return bad("stamp and iso want an instant: RFC 3339 or milliseconds")
		}
		if t.IsZero() {
			return nil
		}
		return t.UTC().Format(layout)
	}
}

func local(v any, args []any) any {
	zone, ok := location(args[0])
	if !ok {
		return bad("local wants the name of a zone, such as Europe/Paris")
	}
	t, ok := Instant(v)
	switch {
	case !ok:
		return bad("local wants an instant: RFC 3339 or milliseconds")
	case t.IsZero():
		return nil
	}
	return t.In(zone).Format(time.DateTime)
}

// location is a zone by its name; that of the machine is none.
func location(name any) (*time.Location, bool) {
	s, _ := name.(string)
	zone, err := time.LoadLocation(s)
	return zone, err == nil && s != "" && s != "Local"
}

func unix(v any, _ []any) any {
	t, ok := Instant(v)
	if !ok {
		return bad("unix wants an instant: RFC 3339 or milliseconds")
	}
	if t.IsZero() {
		return nil
	}
	return int(t.Unix())
}

func id(v any, _ []any) any {
	if list, ok := v.([]any); ok && len(list) > 0 { // Odoo's many2one
		v = list[0]
	}
	if s := strings.TrimSpace(Text(v)); s != "" && s != "0" && v != true {
		return s
	}
	return nil
}

func number(v any, _ []any) any {
	if s, ok := v.(string); ok {
		v = strings.ReplaceAll(strings.TrimSpace(s), ",", ".")
	}
	if n, ok := Number(v); ok {
		return n
	}
	return nil
}

func kv(v any, args []any) any {
	list, _ := v.([]any)
	for _, e := range list {
		if m, ok := e.(map[string]any); ok && m["key"] == args[0] {
			return m["value"]
		}
	}
	return nil
}

var address = regexp.MustCompile(`[^\s<>,;"()]+@[^\s<>,;"()]+`)

func emails(v any, _ []any) any {
	out := []any{}
	for _, a := range address.FindAllString(Text(v), 1000) {
		out = append(out, a)
	}
	return out
}

func same(_ int, w string) string { return w }

func lowerFirst(i int, w string) string {
	if i == 0 {
		return w
	}
	return upper(i, w)
}

func upper(_ int, w string) string {
	if w == "" {
		return w
	}
	return strings.ToUpper(w[:1]) + w[1:]
}

func joined(sep string, as func(int, string) string) func(any, []any) any {
	return func(v any, _ []any) any {
		words := strings.FieldsFunc(Text(v), func(r rune) bool { return r == '_' || r == ' ' || r == '-' })
		for i, w := range words {
			words[i] = as(i, w)
		}
		return strings.Join(words, sep)
	}
}

func query(v any, _ []any) any {
	values, err := url.ParseQuery(Text(v))
	if err != nil {
		return bad("query wants a=1&b=2")
	}
	out := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out[name] = values[name][0]
	}
	return out
}
