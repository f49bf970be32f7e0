package history

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Turn is a run of consecutive messages in one direction; a talk is a turn of its own, without direction.
type Turn struct {
	Dir         crm.Direction
	First, Last Mark
	Messages    int
	Intents     crm.Intents
	units       int
	Asks        int
	Amends      int  // of these, those that only want a fault of ours made good
	Unread      bool // of one of its messages the text is not known
	Spoken      bool // it holds a missed or voicemail call
	Awaits      Mark // the first message of theirs that awaits an answer
	Ask         Mark // the first message of ours that asks something
	Proposed    Mark // the first that proposes a time
	Cleared     bool // a colleague answered it, or it came to something without a message
	Unsure      bool // what may be an answer of theirs came after it
	Vague       bool // it puts us off to some time without a day
}

// wants is what demands an answer whatever stands beside it: a question, a request, or a yes, after which the next step
// is ours.
const wants = asking | quoting | crm.ChangeRequest | crm.Discount | crm.Requests | crm.ProposesTime | crm.AcceptsTime |
	crm.Accepts

const (
	asking  = crm.Asks | crm.AsksYesNo
	quoting = crm.QuoteRequest | crm.QuoteAgain
)

// quiet is what needs no answer where nothing else stands beside it: courtesy, a clear refusal, and what they will do
// themselves.
const quiet = crm.Thanks | crm.NotInterested | crm.NotReady | crm.OptOut | crm.Promises

// wait notes the first message of a turn that awaits an answer.
func (t *Turn) wait(awaits bool, e *Event) {
	if awaits && t.Awaits.ID == "" {
		t.Awaits = Mark{e.At, e.ID}
	}
}

// Strong reports whether a text does one of these things without a doubt.
func Strong(t *crm.Text, intents crm.Intents) bool { return (t.Intents &^ t.Weak).Any(intents) }

// demands reports whether a message of theirs asks, requests or accepts something.
func demands(t *crm.Text) bool { return !t.Unread && (t.Asks > 0 || t.Intents.Any(wants)) }

// NeedsAnswer reports whether a message of theirs awaits one. What is not known does.
func NeedsAnswer(f *crm.Fact) bool {
	if f.Message == nil {
		return true
	}
	t := &f.Message.Text
	return t.Unread || demands(t) || !Strong(t, quiet) && !putsOff(f)
}

// Amends reports whether all that a message of theirs wants is that we make a fault of ours good: send once more what did
// not open, was missing, or never came.
func Amends(f *crm.Fact) bool {
	if f.Message == nil {
		return false
	}
	t := &f.Message.Text
	return t.Intents.Any(crm.OurFault) && t.Asks <= 1 && !t.Intents.Any(wants&^(asking|crm.Requests|quoting))
}

// AsksQuote reports whether a turn of theirs asks for a quote, and not because what we sent was of no use.
func AsksQuote(t *Turn) bool {
	return t.Dir == crm.In && t.Intents.Any(quoting) && !t.Intents.Any(crm.OurFault)
}

// putsOff reports whether a message of theirs does no more than name a later time: until then there is nothing to
// answer.
func putsOff(f *crm.Fact) bool { return Strong(&f.Message.Text, crm.DefersTime) && named(f) != 0 }

// progress is what takes a matter a step further: a date, a number, a name, a yes or a no, never warm words alone.
const progress = crm.Informs | crm.ClearYes | crm.ClearNo | crm.AcceptsTime | crm.ProposesTime | crm.Accepts | crm.Refers

// Steps reports whether a turn of theirs took the matter a step further. What is not known did.
func Steps(t *Turn) bool {
	return t.Unread || t.Spoken || t.Intents.Any(progress) && !t.Vague
}

// Answered reports whether turn i is a question of ours that has come to an end: answered by them, or by what followed.
func (h *History) Answered(i int) bool {
	return h.Turns[i].Dir == crm.Out && h.Turns[i].Ask.ID != "" && i+1 < len(h.Turns) && !h.Turns[i].Cleared
}

// AsksBack reports whether a reply asks and says nothing. What is not known says something.
func AsksBack(t *Turn) bool {
	return t.Dir == crm.In && t.Asks > 0 && !Tells(t)
}

// Tells reports whether a turn of theirs gives us something.
func Tells(t *Turn) bool {
	return t.Unread || t.Spoken ||
		t.Intents.Any(crm.Answers|crm.ClearYes|crm.ClearNo|crm.Informs|crm.AcceptsTime|crm.ProposesTime|crm.Accepts)
}

// IsShort reports whether an answer is short and says nothing. A clear yes or no to a question that asks for one says
// enough, and so does a date, a time or a number. What is not known is not short.
func (h *History) IsShort(t, question *Turn) bool {
	if t.Dir != crm.In || t.Unread || t.Spoken || t.units == 0 || t.units > h.S.ShortUnits {
		return false
	}
	if t.Intents.Any(crm.Informs | crm.AcceptsTime | crm.ProposesTime | crm.Accepts | crm.QuoteRequest | crm.OptOut | crm.NotInterested |
		crm.OurFault) {
		return false
	}
	if t.Intents.Any(crm.ClearYes|crm.ClearNo) && question.Intents.Any(crm.AsksYesNo|crm.ProposesTime) &&
		!t.Intents.Any(crm.Vague) {
		return false
	}
	return true
}
