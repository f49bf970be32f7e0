// Package tuning answers what-if questions about the rules: what they make of a crowd whose truth is known (Simulate),
// and which numbers the records speak for (Learn). It reads no clock and no disk, and writes nothing.
package tuning
