// Package pipeline is the way of a webhook to a rating. Start here: run.go shows the whole assembly on one screen,
// and each part is a room of its own below this directory, made of what it needs and nothing else.
//
//	timing/     every wait, interval and bound in one table, with its reason and its clock
//	tracing/    sampled deliveries followed from the webhook to the CRM's answer
//	stored/     every byte at rest
//	clock/      what time it is, and how far this machine's clock can be believed
//	watermark/  how far each source has been read, and what holds decisions back
//	intake/     verify a delivery, store it, only then answer; decode it later
//	exchange/   all traffic with a CRM: fetch, write, poll, retract
//	rating/     fold facts into the record of their contact, rate it, commit both together
//	operate/    what people ask and order
//
// A room imports those above it in this order only, and of intake, exchange and rating none knows another: what one
// needs of another at run time is an interface of the method that it calls.
//
// Every step takes from the queue, does its work, puts the outcome into the queue durably, and acknowledges last. So
// a crash anywhere repeats work and loses none, and because facts are a set (crm.Fact) repeated work changes nothing.
package pipeline
