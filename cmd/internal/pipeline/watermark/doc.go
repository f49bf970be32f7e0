// Package watermark knows how far each source has been read, and what holds decisions back.
//
//	watermark.go  the look at every source, each tick: the oldest thing unread, the last poll, backfill and breaker
//	unread.go     dead letters that stand for what was not looked at
//	letters.go    what is put among the dead letters, with its reason and what a person can do
//	troubles.go   what keeps a source from its CRM, said once and then at its pace
//
// A rating goes by one Sight: what a later look finds to be read may still lie among the unrated facts.
package watermark
