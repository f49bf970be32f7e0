// Package espocrm is an EspoCRM for stories and tests: its REST API as far as an integration of this kind uses it
// (records, lists, streams, fields, webhooks), its signed webhooks, and what it refuses. Source:
// github.com/espocrm/espocrm, and docs.espocrm.com.
//
//	espo.go    the server and its options      records.go  records, their streams, and what changes them
//	rest.go    routes and errors               list.go     lists with where and order
//	hooks.go   webhooks, signatures, delivery  schema.go   entities and their fields
//	face.go    what people do, as stories tell it
//
// It shares no code with the connector that it tries, or both would share one fault.
package espocrm
