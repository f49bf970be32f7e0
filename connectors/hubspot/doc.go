// Package hubspot connects Winnow to HubSpot: webhooks in, records read in batches, ratings written back.
//
// The way through it:
//
//	verify.go    is a delivery HubSpot's? signatures v1, v2 and v3
//	receive.go   what a delivery says: facts, or references to records     events.go   the events as they come
//	fetch.go     references to facts                                       contacts.go emails.go calls.go meetings.go deals.go quotes.go
//	conversations.go forms.go referrals.go                                 one file for each sort of record
//	relations.go staff.go  what stands beside a record, and who our own people are: connectors/relate and connectors/people decide
//	past.go      all that there is of one contact
//	poll.go      what changed, and the history before: searches, of which connectors/since keeps the place
//	write.go     ratings out, 100 a call                                   refusals.go what HubSpot's errors mean
//	setup.go     properties, scopes, and the subscriptions to paste        properties.go places.go what properties mean
//	api.go auth.go  the calls themselves
//
// # What works
//
// An account can be connected in three ways, and HubSpot decides which are open to it. A project-based app and a legacy
// private app have webhooks; a service key has none, and the account is then polled. Source: HubSpot developer
// changelog, "Service keys" and "Legacy private app creation sunset".
//
// Changes of a contact's properties are complete facts: value and time are in the event. All other events name a
// record, which is read in batches of 100, or 50 where the history of a property is read too.
//
// # Quirks
//
//   - An event's own id is not unique and its order not kept: facts carry the time at which HubSpot says that something changed.
//   - A merge can make a new record to which all merged ones, the primary among them, are lost.
//   - Generic subscriptions (object.*) are marked as beta. Without them, changes of notes_last_updated and its kin make the
//     connector look for a contact's newest activities.
//   - Search finds a change some time after it happened, ends at 10,000 records, and shifts its pages while records change. Polls
//     therefore go by time alone and go back a little each round.
//   - One bad input can fail a whole batch with 400, or be named in a 207: both are read, the second by id, never by place.
//   - A rule of the account (a property that is required under a condition) can refuse our write: it is reported, not retried.
//   - Logged messages of messengers (communications) do not say who sent them: their direction stays unknown.
//   - A meeting that one of ours moved or cancelled in the CRM was mostly moved for them: who wanted it stays unknown, unless
//     they used a booking page.
//   - Notes are our own words about a contact. Only that one was written counts, as time of ours: its text is never asked for.
//   - The event of a deleted activity names the record alone, and its associations are gone with it: the connector says what is
//     gone, and the pipeline finds who held it. Deletions that no webhook told of are found in the recycle bin, which can only be
//     listed as a whole. The same goes for a contact that is no longer associated with a record, but for what reached it through a
//     quote's deal or a colleague: that stays until it leaves the contact's window.
//   - No answer says since when two records are associated, and no event by which label: a referral is as old as the contact that came,
//     and whether two contacts are one is read from both.
//   - A mail is filed with a contact days after it was logged, which changes the contact alone: when its last activity moves, what was
//     not read of it yet is looked for.
//   - An unsubscribe line stands below every personal mail by default, so that it says nothing of how many got the mail.
//   - A merged contact's id is taken for the winner's, in reads and in writes: only the id in the answer tells.
//   - The list of users lacks colleagues without a seat: whoever writes from a user's domain is one of ours, unless a contact of the mail
//     is at home there.
//   - The account's list of lead statuses is its own: what enforce sets goes in a call of its own.
//   - A restore or a new association need not count as a change of the record: facts are then as new as the event.
//
// Sources: HubSpot's developer documentation at developers.hubspot.com/docs, by the page named beside each fact.
package hubspot
