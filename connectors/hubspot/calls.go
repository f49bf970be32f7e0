package hubspot

import (
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// calls are telephone calls. Source: HubSpot docs, "Calls".
var calls = kind{
	properties: []string{
		"hs_timestamp", "hs_call_direction", "hs_call_status", "hs_call_disposition", "hs_call_duration",
	},
	facts: each((*Connector).call),
}

// call is what one call says; nil while it is not over.
func (c *Connector) call(o *object) *crm.Fact {
	var call crm.Call
	switch o.get("hs_call_direction") {
	case "INBOUND":
		call.Direction = crm.In
	case "OUTBOUND":
		call.Direction = crm.Out
	}
	if ms := number(o.get("hs_call_duration")); ms > 0 {
		call.Seconds = int((time.Duration(ms) * time.Millisecond).Seconds())
	}
	disposition := strings.ToLower(o.get("hs_call_disposition"))
	switch {
	case c.outcomes[disposition] != 0:
		call.Outcome = c.outcomes[disposition]
	case dispositions[disposition] != 0:
		call.Outcome = dispositions[disposition]
	default:
		switch o.get("hs_call_status") {
		// which says that it is over, or that somebody logged it: without a length nobody is known to have talked
		case "COMPLETED":
			if call.Seconds > 0 {
				call.Outcome = crm.Connected
			}
		case "NO_ANSWER", "BUSY", "MISSED":
			call.Outcome = crm.NoAnswer
		case "CANCELED", "FAILED":
			call.Outcome = crm.CallOff
		case "QUEUED", "RINGING", "CONNECTING", "CALLING_CRM_USER", "IN_PROGRESS":
			return nil
		}
	}
	at := relate.Happened(call.Direction, o.at("hs_timestamp"), o.created())
	return &crm.Fact{Version: o.changed(), Kind: crm.KindCall, At: at, Call: &call}
}

// dispositions are HubSpot's own call outcomes, the same in every account. Source: HubSpot docs, "Calls", call
// dispositions.
var dispositions = map[string]crm.Outcome{
	"f240bbac-87c9-4f6e-bf70-924b57d47db7": crm.Connected,
	"a4c4c377-d246-4b32-a13b-75a56a4cd0ff": crm.Voicemail, // left a live message with somebody else
	"b2cf5968-551e-4856-9783-52b3da59a7d0": crm.Voicemail,
	"73a0d17f-1163-4015-bdd5-ec830791da20": crm.NoAnswer,
	"9d9162e7-6cf3-4944-bf63-4dff82258764": crm.NoAnswer, // busy
	"17b47fee-58de-441e-a44c-c6300d46f273": crm.CallOff,  // wrong number
}
