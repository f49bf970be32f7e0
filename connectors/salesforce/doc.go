// Package salesforce connects a Salesforce org: contacts and leads are its people.
//
// What comes in: outbound messages (SOAP), which have no signature: the key in the address and the organization's id
// prove them. They only name records, so everything is read over the REST API. What they do not tell is polled by
// SystemModstamp, deletions too.
//
//	config.go    settings                              receive.go   Verify, Keep, Decode, the acknowledgement
//	org.go       New, the roles, the running user      soap.go      outbound messages
//	query.go     SOQL and its pages                    persons.go   contacts and leads, conversion and merges
//	mails.go     EmailMessage                          activities.go  calls, tasks, meetings
//	trade.go     opportunities and quotes              relations.go what stands beside a record
//	past.go      all that there is of one person
//	poll.go      polls and backfill                    write.go     composite writes
//	setup.go     fields and the right to see them      refusals.go  what errors mean, limits
//
// Quirks: a change time has whole seconds and belongs to the record, not to the field; a lead that is converted lives
// on as a contact; a token says nothing of its end; a limit that is used up is 403. Salesforce keeps no history of a
// meeting's start, and has no outcome of meetings: an org that wants them rated has a field for it (MEETING_OUTCOME).
package salesforce
