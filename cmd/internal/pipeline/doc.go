// Package pipeline is the way of a webhook to a rating, one file a step:
//
//	receive.go   verify a delivery and store it; only then answer
//	read.go      decode deliveries to facts, and to references of what must be fetched
//	fetch.go     complete references over the vendor's API, reduce text to features
//	rate.go      fold facts into the record of their contact, rate it, commit both together
//	write.go     bring the latest rating of each contact to the CRM
//	poll.go      what webhooks miss, and the backfill of what was there before
//	retract.go   take back what the CRM no longer has
//	dispose.go   what becomes of all that fails
//
// Beside them: review.go is what rate does with one contact, fields.go what is written of a rating, horizon.go how far each source
// has been read, unread.go what lies unread among the dead letters, breaker.go the mass-change breaker, partitions.go and speak.go
// who does what among several processes, tidy.go trimming, compaction and erasure, trials.go how often a record was tried, troubles.go
// and pace.go what is said of lasting troubles, and how often, inspect.go the questions people ask.
//
// Every step takes from the queue, does its work, puts the outcome into the queue durably, and acknowledges last. So a crash
// anywhere repeats work and loses none, and because facts are a set (crm.Fact) repeated work changes nothing.
package pipeline
