// Package seen is what people ask of all contacts together: a list of them that can be filtered, sorted and counted, in
// an embedded SQLite. It is a projection of the records, made by following their streams, so that it can be thrown away
// at any time: every process that shows it makes its own, anew at each start. It holds ids, letters and dates, no names
// and no addresses. It waits for the flow, never the flow for it.
package seen
