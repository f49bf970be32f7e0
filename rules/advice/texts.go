package advice

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// What is recommended to whoever works with the contact. Each is short, and polite enough to be read by the contact.
const (
	actAnswer    = "Please answer them: they have been waiting since %s."
	actOverdue   = "Please answer them today: they have been waiting since %s."
	actDebt      = "Please do what we owe them first: %s."
	actToday     = "Today is the agreed date: please come back to them."
	actLookAgain = "The time to look again has come: ask whether it suits them better now."
	actBack      = "They are back: take up where you left off, with something helpful."
	actRemind    = "A short reminder is due, with something helpful in it."
	actSlow      = "Please give them a few days before you write again."
	actStop      = "Please do not write again for now: enough has been tried."
	ActHold      = "Please hold: we have helped a good deal. Offer a guide or a webinar, and wait for their next step."
	actPointer   = "We cannot serve them well: point them kindly to somebody who can."
	actNurture   = "Keep in touch lightly until %s."
	actNext      = "Agree on the next step and a date for it."
	actReturned  = "Our mail of %s did not reach them: please find another address."
	actSaidNo    = "They have said no: thank them, and leave the next word to them."
	actTheirWord = "They have said no, and the next word is theirs: please do not write."
	// What they wrote is no ground for anything, and may be meant as one.
	actReadsLikeNo = "Please answer them, they have been waiting since %s. It may be meant as a no: please ask."
	actGone        = "They have left their company: ask there who has taken over."
	actRest        = "No more effort now; look again on %s."
	actContract    = "Put the contract or the agreed scope on file."
)

// BreakUps are the texts of the last message, by ground. Winnow never sends one.
var BreakUps = map[crm.Ground]string{
	crm.Unresponsive: "Send a break-up message: \"I have not been able to reach you, so I take it that the time is " +
		"not right, and close your file for now. " +
		"Should this become interesting again, a short answer is enough and I am glad to help.\"",
	crm.SaidNo: "Send a break-up message: \"Thank you for telling me openly. I close your file and will not write " +
		"again. " +
		"Should things change one day, you are always welcome.\"",
	crm.FactFinding: "Send a break-up message: \"I hope what I sent was useful. I close the file for now; " +
		"once you have a date or a next step in mind, write to me and we go on from there.\"",
	crm.NoProgress: "Send a break-up message: \"We have talked a few times without finding the next step, so I close " +
		"the file for now. " +
		"When you would like to go on, a short answer is enough.\"",
	crm.Unprofitable: "Send a break-up message: \"I do not think that we are the right partner for this, and would " +
		"rather say so early. " +
		"If it helps, I gladly name you others.\"",
	crm.Difficult: "Send a break-up message: \"I have the impression that we are not helping you as you need it. " +
		"I close the file for now; should you want to begin afresh, a short answer is enough.\"",
	crm.Misfit: "Send a break-up message: \"We are not the right ones for what you need. Here is who may serve you " +
		"better; I wish you every success.\"",
}
