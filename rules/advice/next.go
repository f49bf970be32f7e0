package advice

import (
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules/words"
)

// Hold is the advice for a contact who has had more help than is due before they take a step themselves.
const Hold = "advice.hold"

// steps are the next step by what is known best of the contact: by the first thing that a reason says. Its evidence is
// the advice's.
var steps = map[string]string{
	"reason.same_quote":             "advice.next.same_quote",
	"reason.short_answers":          "advice.next.short_answers",
	"reason.no_call_time.declined":  "advice.next.no_call_time",
	"reason.no_call_time.missed":    "advice.next.no_call_time",
	"reason.no_call_time.cancelled": "advice.next.no_call_time",
	"reason.no_call_time.moved":     "advice.next.no_call_time",
	"reason.margin_pressure.asked":  "advice.next.margin_pressure",
	"reason.free_information":       "advice.next.facts",
	"reason.fact_finding":           "advice.next.facts",
	"reason.broken_promises":        "advice.next.promises",
	"reason.answers.open":           "advice.next.answers",
	"reason.answers.none":           "advice.next.answers",
	"reason.needy.bursts":           "advice.next.needy",
	"reason.needy.week":             "advice.next.needy",
	"reason.scope_creep":            "advice.next.scope",
	"reason.commitments.met":        "advice.next.met",
	"reason.commitments.accepted":   "advice.next.accepted",
}

// next is the step that the strongest reason asks for.
func next(rating *crm.Rating) []crm.Phrase {
	for i := range rating.Reasons { // strongest first
		if says := newest(rating.Reasons[i].Says); steps[says.Key] != "" {
			return []crm.Phrase{{Key: steps[says.Key], Args: latest(says)}}
		}
	}
	return words.Say("advice.next")
}

const commitment = "reason.commitments."

// newest is the first thing that a reason says, and of commitments the newest from which there is a step: from a talk
// in April one does not go on when the quote was accepted in August.
func newest(says []crm.Phrase) crm.Phrase {
	first, last := says[0], 0
	if !strings.HasPrefix(first.Key, commitment) {
		return first
	}
	for _, p := range says {
		days := p.Args[0].Days
		if day := days[len(days)-1]; steps[p.Key] != "" && day >= last {
			first, last = p, day
		}
	}
	return first
}

// latest is the evidence of a commitment without what came before the last of its kind: from there one goes on.
func latest(says crm.Phrase) []crm.Arg {
	if !strings.HasPrefix(says.Key, commitment) {
		return says.Args
	}
	args := slices.Clone(says.Args)
	for i := range args {
		args[i].Days = args[i].Days[len(args[i].Days)-1:]
	}
	return args
}
