package text

import "strconv"

// when is what a single word says of time: the class of lexicon/dates.txt that it is in. Zero says nothing.
type when uint8

const (
	january     when = 1  // to 12
	weakJanuary when = 13 // to 24: may, mar, march: months only beside a number or after "in" and "until"
	monday      when = 25 // to 31
	today       when = iota + 29
	tomorrow
	overmorrow
	unitDay
	unitWeek
	unitMonth
	unitQuarter
	unitYear
	nextOne
	thisOne
	endOf
	midOf
	inside // "in", "within": a number of units after it counts from today
	summer
	autumn
	spring
	newYear
	quarter1 // to quarter4
	_
	_
	_
	one // to twelve
)

// whenOf is what the class of that name says; 0 for the classes that say nothing of time.
func whenOf(class string) when {
	switch class {
	case "today":
		return today
	case "tomorrow":
		return tomorrow
	case "overmorrow":
		return overmorrow
	case "day":
		return unitDay
	case "week":
		return unitWeek
	case "month":
		return unitMonth
	case "quarter":
		return unitQuarter
	case "year":
		return unitYear
	case "next":
		return nextOne
	case "this":
		return thisOne
	case "end":
		return endOf
	case "mid":
		return midOf
	case "inside":
		return inside
	case "summer":
		return summer
	case "autumn":
		return autumn
	case "spring":
		return spring
	case "newyear":
		return newYear
	}
	for prefix, first := range map[string]when{"m": january, "w": weakJanuary, "d": monday, "q": quarter1, "n": one} {
		if len(class) < 2 || class[:1] != prefix {
			continue
		}
		if n, err := strconv.Atoi(class[1:]); err == nil && n >= 1 && n <= 12 {
			return first + when(n-1)
		}
	}
	return 0
}

// special is the mark under which phrases know the word.
func (t when) special(v *vocabulary) (sym, bool) {
	switch {
	case t >= january && t < january+12:
		return v.special("#month")
	case t >= monday && t < monday+7 || t == today || t == tomorrow || t == overmorrow:
		return v.special("#day")
	case t >= unitDay && t <= unitYear:
		return v.special("#unit")
	case t >= one && t < one+12:
		return v.special("#number")
	}
	return 0, false
}

// month is 1 to 12, 0 if the word names none. sure is false where the word means something else as well.
func (t when) month() (m int, sure bool) {
	switch {
	case t >= january && t < january+12:
		return int(t-january) + 1, true
	case t >= weakJanuary && t < weakJanuary+12:
		return int(t-weakJanuary) + 1, false
	}
	return 0, false
}
