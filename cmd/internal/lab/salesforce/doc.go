// Package salesforce is a Salesforce org for stories and tests: its REST API as far as an integration of this kind uses
// it (SOQL, composite writes, describe, custom fields), its outbound messages, its refusals and its limits.
//
//	org.go      the org and its options           schema.go   objects and their fields
//	store.go    records, ids, deletion, history   soql.go     queries: parse and check; select.go runs them
//	rest.go     routes, tokens, limits, errors    write.go    composite writes, and what set-up makes
//	deliver.go  outbound messages                 face.go     what people do, as stories tell it
//
// It shares no code with the connector that it tries, or both would share one fault.
package salesforce
