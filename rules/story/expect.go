package story

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// expectation is one line of the part expect: when, and what has to be true then.
type expectation struct {
	line   int
	text   string
	when   when
	at     time.Time // of on, by and before; zero: for ever
	checks []check
}

// when says at which of the steps an expectation has to hold.
type when uint8

const (
	on     when = iota // at the end of the day, or at the instant
	by                 // at some time until then
	never              // at no time before then
	always             // at all times until then
)

// check is one field of a rating and the values that it may have, or may not.
type check struct {
	field  string
	not    bool
	values []string
}

func parseExpectations(part string, line int) (list []expectation, err error) {
	for text := range strings.Lines(part) {
		line++
		text = strings.TrimSpace(text)
		if text == "" || text[0] == '#' {
			continue
		}
		e, wrong := parseExpectation(text)
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("line %d: %w", line, wrong))
		}
		e.line, e.text = line, text
		list = append(list, e)
	}
	return list, err
}

// parseExpectation reads "2026-03-02 status=open next_move=us", "by 2026-05-01 status=pending", "never before
// 2026-05-01 status=pending" and "always rating=A|B".
func parseExpectation(text string) (e expectation, err error) {
	words, err := split(text)
	if err != nil {
		return e, err
	}
	needsTime := true
	switch words[0] {
	case "by":
		e.when, words = by, words[1:]
	case "never", "always":
		e.when, needsTime = never, false
		until := "before"
		if words[0] == "always" {
			e.when, until = always, "until"
		}
		words = words[1:]
		if len(words) > 0 && words[0] == until {
			needsTime, words = true, words[1:]
		}
	}
	if needsTime {
		if len(words) == 0 {
			return e, errors.New("want a day or an instant")
		}
		if e.at, err = parseTime(words[0]); err != nil {
			return e, err
		}
		if len(words[0]) == len(time.DateOnly) && e.when != never { // the whole day
			e.at = e.at.AddDate(0, 0, 1).Add(-time.Second)
		}
		words = words[1:]
	}
	for _, w := range words {
		c, err := parseCheck(w)
		if err != nil {
			return e, err
		}
		e.checks = append(e.checks, c)
	}
	if len(e.checks) == 0 {
		return e, fmt.Errorf("want something such as status=open; fields are %s", strings.Join(fields, ", "))
	}
	return e, nil
}

// split cuts text into words; what stands in double quotes is in one.
func split(text string) (words []string, err error) {
	quoted := false
	cut := strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted || r == '\t' && !quoted
	})
	if quoted {
		return nil, errors.New("a quotation mark is missing")
	}
	for _, w := range cut {
		words = append(words, strings.ReplaceAll(w, `"`, ""))
	}
	return words, nil
}

var fields = []string{
	"rating", "machine_rating", "status", "ground", "next_move", "owed", "owed_since", "pending_until", "recheck_on",
	"treatment", "reason", "action", "unrated",
}

// values are what a field may have, where that is a finite list.
var values = map[string][]string{
	"rating": crm.Letters, "machine_rating": crm.Letters,
	"status": listed(crm.Open, crm.Pending, crm.Disqualified, crm.Requalified, crm.Nurture, crm.Override),
	"ground": listed(crm.Unresponsive, crm.NoProgress, crm.FactFinding, crm.SaidNo, crm.SaidLater, crm.Misfit,
		crm.Unprofitable, crm.Difficult, crm.ByHuman),
	"next_move": listed(crm.Us, crm.Them, crm.None), "owed": {"yes", "no"},
	"treatment": {"intensive", "standard", "light", "nurture"},
	"unrated":   {"opted_out", "do_not_profile", "staff", "deleted", "merged"},
}

func listed[T ~string](vs ...T) []string {
	out := make([]string, len(vs))
	for i, v := range vs {
		out[i] = string(v)
	}
	return out
}

func parseCheck(word string) (check, error) {
	field, value, ok := strings.Cut(word, "=")
	field, not := strings.CutSuffix(field, "!")
	if !ok || !slices.Contains(fields, field) {
		return check{}, fmt.Errorf("%q: want a field and its value, as in status=open; fields are %s", word,
			strings.Join(fields, ", "))
	}
	c := check{field, not, strings.Split(value, "|")}
	for _, v := range c.values {
		if err := valid(field, v); err != nil {
			return check{}, fmt.Errorf("%q: %w", word, err)
		}
	}
	return c, nil
}

// valid refuses a value that the field never has: with it "never" would hold whatever comes about.
func valid(field, v string) error {
	if v == "" || v == "-" {
		return nil
	}
	switch field {
	case "owed_since", "pending_until", "recheck_on":
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			return errors.New("want a day such as 2026-03-02, or a dash for none")
		}
		return nil
	}
	if can := values[field]; can != nil && !slices.Contains(can, v) {
		return fmt.Errorf("want one of %s, or a dash for none", strings.Join(can, ", "))
	}
	return nil
}

// check says what is wrong, empty where nothing is. The steps end at to.
func (e *expectation) check(steps []Step, to time.Time) string {
	var during []Step
	before := func(t time.Time) bool { return e.at.IsZero() || t.Before(e.at) || e.when != never && t.Equal(e.at) }
	for _, st := range steps {
		if before(st.At) {
			during = append(during, st)
		}
	}
	if len(during) == 0 {
		return "nothing had been rated by then"
	}
	if !to.IsZero() && e.at.After(to.AddDate(0, 0, 1)) {
		return "the story ends before that"
	}
	last := during[len(during)-1]
	switch e.when {
	case by:
		if !slices.ContainsFunc(during, e.holds) {
			return "never until then; at last " + got(last)
		}
	case never:
		if i := slices.IndexFunc(during, e.holds); i >= 0 {
			return "got " + got(during[i])
		}
	case always:
		if i := slices.IndexFunc(during, func(st Step) bool { return !e.holds(st) }); i >= 0 {
			return "got " + got(during[i])
		}
	default:
		if !e.holds(last) {
			return "got " + got(last)
		}
	}
	return ""
}

func got(st Step) string { return st.At.UTC().Format("2006-01-02T15:04:05") + " " + Summary(st.Rating) }

func (e *expectation) holds(st Step) bool {
	return !slices.ContainsFunc(e.checks, func(c check) bool { return !c.holds(st.Rating) })
}

func (c *check) holds(r crm.Rating) bool {
	return slices.ContainsFunc(c.values, func(v string) bool { return c.is(r, v) }) != c.not
}

// is reports whether the field has the value; a dash stands for none.
func (c *check) is(r crm.Rating, v string) bool {
	switch c.field {
	case "reason":
		return slices.ContainsFunc(r.Reasons, func(x crm.Reason) bool { return x.ID == v || x.Name == v })
	case "action":
		if v != "-" {
			return strings.Contains(strings.ToLower(r.Action), strings.ToLower(v))
		}
		return r.Action == ""
	}
	if v == "-" {
		v = ""
	}
	return field(r, c.field) == v
}

func field(r crm.Rating, name string) string {
	switch name {
	case "rating":
		return r.Letter
	case "machine_rating":
		return r.Machine
	case "status":
		return string(r.Status)
	case "ground":
		return string(r.Ground)
	case "next_move":
		return string(r.Ball)
	case "owed":
		return map[bool]string{true: "yes", false: "no"}[r.OwedSince != 0]
	case "owed_since":
		return date(r.OwedSince)
	case "pending_until":
		return date(r.PendingUntil)
	case "recheck_on":
		return date(r.RecheckOn)
	case "treatment":
		return r.Treatment
	case "unrated":
		return r.Unrated
	}
	return ""
}
