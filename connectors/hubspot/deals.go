package hubspot

import (
	"math"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// deals are opportunities. Source: HubSpot docs, "Deals", and "Default deal properties".
var deals = kind{
	properties: []string{
		"amount", "dealstage", "hs_is_closed", "hs_is_closed_won", "hs_is_closed_lost", "hs_next_step", "closedate",
		"createdate",
	},
	histories: []string{"dealstage", "hs_deal_stage_probability"},
	facts:     each((*Connector).deal),
}

func (c *Connector) deal(o *object) *crm.Fact {
	d := crm.Deal{
		Stage: o.get("dealstage"), Amount: minor(o.get("amount")),
		NextStep: strings.TrimSpace(o.get("hs_next_step")) != "",
		Contract: c.cfg.ContractProperty != "" && o.get(c.cfg.ContractProperty) != "" &&
			o.get(c.cfg.ContractProperty) != "false",
	}
	odds := o.changes("hs_deal_stage_probability")
	for _, h := range o.changes("dealstage") {
		if h.value() == "" || h.at() == 0 {
			continue
		}
		d.Moves = append(d.Moves, crm.StageMove{At: h.at(), Stage: h.value(), Probability: chance(odds, h.at())})
	}
	// When it was won or lost is when it reached its last stage: the close date is what people expect or set.
	closed := o.at("closedate")
	if n := len(d.Moves); n > 0 {
		closed = d.Moves[n-1].At
	}
	if closed == 0 {
		closed = crm.Millis(o.changed())
	}
	switch {
	case o.get("hs_is_closed_won") == "true":
		d.Won = closed
	case o.get("hs_is_closed_lost") == "true" || o.get("hs_is_closed") == "true":
		d.Lost = closed
	}
	return &crm.Fact{Version: o.changed(), Kind: crm.KindDeal, At: o.created(), Deal: &d}
}

// settle is how long after a stage its probability may follow in the history, ms: HubSpot computes it from the stage.
const settle = 10_000

// chance is the probability in per cent that a deal had right after at.
func chance(odds []history, at crm.Millis) int {
	p := 0.0
	for _, h := range odds {
		if h.at() > at+settle {
			break
		}
		if v, err := strconv.ParseFloat(h.value(), 64); err == nil && v >= 0 && v <= 1 {
			p = v
		}
	}
	return int(math.Round(p * 100))
}

// minor reads an amount in hundredths of its currency's unit; 0 where there is none.
func minor(s string) int64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return 0
	}
	return crm.Minor(v)
}

// number reads a whole or decimal number; 0 where there is none.
func number(s string) int64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.Abs(v) > 1e15 {
		return 0
	}
	return int64(v)
}

// notes are what our own people wrote about a contact. Only that they did and when is taken: their words are never
// asked for, because they neither come from the contact nor reach it. Source: HubSpot docs, "Notes".
var notes = kind{
	properties: []string{"hs_timestamp"},
	facts: each(func(_ *Connector, o *object) *crm.Fact {
		at := o.at("hs_timestamp")
		if at == 0 {
			at = o.created()
		}
		return &crm.Fact{Version: o.changed(), Kind: crm.KindNote, At: at}
	}),
}

// tasks are what one of us has to do. Source: HubSpot docs, "Tasks".
var tasks = kind{
	properties: []string{"hs_timestamp", "hs_task_status", "hs_task_completion_date"},
	facts: each(func(_ *Connector, o *object) *crm.Fact {
		t := crm.Task{Due: o.at("hs_timestamp")}
		if o.get("hs_task_status") == "COMPLETED" {
			if t.Done = o.at("hs_task_completion_date"); t.Done == 0 {
				t.Done = crm.Millis(o.changed())
			}
		}
		return &crm.Fact{Version: o.changed(), Kind: crm.KindTask, At: o.created(), Task: &t}
	}),
}
