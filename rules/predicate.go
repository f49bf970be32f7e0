package rules

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// predicate is a condition on one property of the contact: industry=retail|food, employees>=50, site~.edu.
type predicate struct {
	property, op string
	values       []string
	number       float64
}

// weighted is a predicate that brings points.
type weighted struct {
	predicate
	points int
	text   string
}

// holds reports whether a known value meets the condition. What is not known never does: nobody is to lose by it.
func (p predicate) holds(value string) bool {
	if value == "" {
		return false
	}
	switch p.op {
	case "=":
		return containsFold(p.values, value)
	case "!=":
		return !containsFold(p.values, value)
	case "~":
		lower := strings.ToLower(value)
		for _, v := range p.values {
			if strings.Contains(lower, strings.ToLower(v)) {
				return true
			}
		}
		return false
	}
	n, ok := number(value)
	if !ok {
		return false
	}
	switch p.op {
	case ">=":
		return n >= p.number
	case "<=":
		return n <= p.number
	case ">":
		return n > p.number
	}
	return n < p.number
}

func (p predicate) String() string { return p.property + p.op + strings.Join(p.values, "|") }

func parsePredicate(v string) (predicate, error) {
	i := strings.IndexAny(v, "=!<>~")
	if i <= 0 {
		return predicate{}, fmt.Errorf("want conditions such as industry=retail|food or employees>=50, with = != >= <= > < or ~ (contains)")
	}
	p := predicate{property: strings.TrimSpace(v[:i])}
	for _, op := range [...]string{"!=", ">=", "<=", "=", ">", "<", "~"} {
		if rest, ok := strings.CutPrefix(v[i:], op); ok {
			p.op = op
			for value := range strings.SplitSeq(rest, "|") {
				if value = strings.TrimSpace(value); value != "" {
					p.values = append(p.values, value)
				}
			}
			break
		}
	}
	if p.op == "" || len(p.values) == 0 {
		return predicate{}, fmt.Errorf("want a value after the name and = != >= <= > < or ~, as in employees>=50")
	}
	if strings.ContainsAny(p.op, "<>") {
		n, ok := number(p.values[0])
		if !ok || len(p.values) > 1 {
			return predicate{}, fmt.Errorf("want one number after %s, as in employees>=50", p.op)
		}
		p.number = n
	}
	return p, refuseTrait(p.property)
}

func parsePredicates(v string) (list []predicate, text string, err error) {
	var texts []string
	for part := range strings.SplitSeq(v, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		p, e := parsePredicate(part)
		err = errors.Join(err, e)
		list, texts = append(list, p), append(texts, p.String())
	}
	return list, strings.Join(texts, ";"), err
}

// parseWeighted reads conditions with points: "industry=retail:+10;employees<5:-5".
func parseWeighted(v string) (list []weighted, text string, err error) {
	var texts []string
	for part := range strings.SplitSeq(v, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		i := strings.LastIndexByte(part, ':')
		if i < 0 {
			err = errors.Join(err, fmt.Errorf("want points after each condition, as in industry=retail:+10"))
			continue
		}
		points, e := strconv.Atoi(strings.TrimPrefix(strings.TrimSpace(part[i+1:]), "+"))
		if e != nil || points < -50 || points > 50 {
			err = errors.Join(err, fmt.Errorf("want points from -50 to 50 after each condition, as in industry=retail:+10"))
			continue
		}
		p, e := parsePredicate(part[:i])
		err = errors.Join(err, e)
		text := fmt.Sprintf("%s:%+d", p, points)
		list, texts = append(list, weighted{p, points, p.String()}), append(texts, text)
	}
	return list, strings.Join(texts, ";"), err
}

// number reads a number as CRMs write them: 1200, 1,200.50, 45 %.
func number(v string) (float64, bool) {
	v = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "%"))
	n, err := strconv.ParseFloat(strings.ReplaceAll(v, ",", ""), 64)
	return n, err == nil && n == n && n < 1e18 && n > -1e18
}

func containsFold(list []string, v string) bool {
	v = strings.TrimSpace(v)
	for _, w := range list {
		if strings.EqualFold(w, v) {
			return true
		}
	}
	return false
}

// traits are the words by which a setting would score a person for what they are. Names of companies are no traits.
var traits = map[string]bool{
	"gender": true, "sex": true, "sexual": true, "age": true, "birth": true, "birthday": true, "birthdate": true, "dob": true, "nationality": true,
	"citizenship": true, "ethnicity": true, "ethnic": true, "race": true, "racial": true, "religion": true, "religious": true, "faith": true,
	"health": true, "disability": true, "disabled": true, "illness": true, "pregnant": true, "pregnancy": true, "marital": true, "married": true,
	"children": true, "orientation": true, "political": true, "politics": true, "union": true, "language": true, "accent": true,
	"firstname": true, "lastname": true, "surname": true, "fullname": true, "salutation": true, "photo": true, "skin": true,
	"military": true, "genetic": true, "biometric": true,
}

// refuseTrait reports an error where a property says what a person is rather than what they do.
func refuseTrait(property string) error {
	words := strings.FieldsFunc(strings.ToLower(property), func(r rune) bool { return r < 'a' || r > 'z' })
	for i, w := range words {
		name := w == "name" && (len(words) == 1 || i > 0 && (words[i-1] == "first" || words[i-1] == "last" || words[i-1] == "full" || words[i-1] == "given" || words[i-1] == "family"))
		if traits[w] || name {
			return fmt.Errorf("%q is a personal trait: people are rated by what they do, so choose a property of the company or of the deal", w)
		}
	}
	return nil
}
