// Package operate is what people ask and order: explain, the state of the sources, dead letters sent again,
// backfills, the breaker, erasure; and the upkeep that trims the queues and compacts the records.
package operate
