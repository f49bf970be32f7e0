// Package generic connects any CRM that a mapping describes: a YAML file with expressions in jq. README.md is the
// reference of its keys; presets has the mappings that come with Winnow.
//
//	config.go    settings, and what is wrong with them   generic.go   New, the roles
//	calls.go     requests, answers, what refusals mean   receive.go   deliveries, events, rules, replies
//	records.go   reading records                         person.go    what a person's record says
//	facts.go     what other records say                  relations.go what stands beside a record
//	poll.go      polls and backfill                      write.go     ratings into fields
//	setup.go     fields                                  maintain.go  who we are, webhooks
//
// mapping reads the file, jq runs its expressions within bounds, proof checks deliveries, body reads what they hold.
package generic
