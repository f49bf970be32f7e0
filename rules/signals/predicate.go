package signals

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/rules/record"
)

// Predicate is a condition on one property of the contact: industry=retail|food, employees>=50, site~.edu.
type Predicate struct {
	Property, op string
	values       []string
	number       float64
}

// Weighted is a predicate that brings points.
type Weighted struct {
	Predicate
	points int
	text   string
}

// holds reports whether a known value meets the condition. What is not known never does: nobody is to lose by it.
func (p Predicate) holds(value string) bool {
	if value == "" {
		return false
	}
	switch p.op {
	case "=":
		return record.ContainsFold(p.values, value)
	case "!=":
		return !record.ContainsFold(p.values, value)
	case "~":
		lower := strings.ToLower(value)
		for _, v := range p.values {
			if strings.Contains(lower, strings.ToLower(v)) {
				return true
			}
		}
		return false
	}
	n, ok := record.Number(value)
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

// String writes a condition as it is read.
func (p Predicate) String() string { return p.Property + p.op + strings.Join(p.values, "|") }

func parsePredicate(v string) (Predicate, error) {
	i := strings.IndexAny(v, "=!<>~")
	if i <= 0 {
		return Predicate{}, fmt.Errorf("want conditions such as industry=retail|food or employees>=50, with = != >= " +
			"<= > < or ~ (contains)")
	}
	p := Predicate{Property: strings.TrimSpace(v[:i])}
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
		return Predicate{}, fmt.Errorf("want a value after the name and = != >= <= > < or ~, as in employees>=50")
	}
	if strings.ContainsAny(p.op, "<>") {
		n, ok := record.Number(p.values[0])
		if !ok || len(p.values) > 1 {
			return Predicate{}, fmt.Errorf("want one number after %s, as in employees>=50", p.op)
		}
		p.number = n
	}
	return p, RefuseTrait(p.Property)
}

// ParsePredicates reads conditions: "country=XX;industry=retail|food".
func ParsePredicates(v string) (list []Predicate, text string, err error) {
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

// ParseWeighted reads conditions with points: "industry=retail:+10;employees<5:-5".
func ParseWeighted(v string) (list []Weighted, text string, err error) {
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
			err = errors.Join(err, fmt.Errorf("want points from -50 to 50 after each condition, as in "+
				"industry=retail:+10"))
			continue
		}
		p, e := parsePredicate(part[:i])
		err = errors.Join(err, e)
		text := fmt.Sprintf("%s:%+d", p, points)
		list, texts = append(list, Weighted{p, points, p.String()}), append(texts, text)
	}
	return list, strings.Join(texts, ";"), err
}
