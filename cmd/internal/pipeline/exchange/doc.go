// Package exchange is all traffic with the CRM of one source, in the one process that holds the source's lease, under
// one budget:
//
//	speak.go    which role runs where
//	fetch.go    complete references, a batch of one type a call
//	write.go    bring the latest rating of each contact to the CRM; announce.go admits announcements by the mass-change breaker
//	poll.go     what webhooks miss, and the backfill of what was there before
//	retract.go  take back what the CRM no longer has
//	trials.go   how often each record failed by itself, which tells the CRM's fault from the record's
//	dispose.go  the one table from an error's Kind to what is done about it
package exchange
