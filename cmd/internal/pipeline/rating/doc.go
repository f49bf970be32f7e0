// Package rating folds facts into the records of their contacts and rates them: partitions.go shares the partitions
// out among the processes, rate.go is the step of an owner (gather, load, review, commit one atomic batch), review.go
// what becomes of one contact, heap.go the timers, cache.go the records at hand, fields.go what is written of a
// rating.
//
// An owner believes in its lease, and the checkpoint's expected sequence refuses its commit where it is wrong.
package rating
