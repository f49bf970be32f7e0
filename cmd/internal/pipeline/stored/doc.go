// Package stored is every byte that the pipeline keeps at rest: deliveries, bundles of facts, contacts, ratings on
// their way to the CRM, the small states with their typed keys, the views that read only a part of a record, and the
// tombstones. Whatever a step publishes goes through an Output, which is durable when Publish returns.
//
// Nothing here decides anything. A change of a tag is a change of the store's format: the golden files in testdata
// show it.
package stored
