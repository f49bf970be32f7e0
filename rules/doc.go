// Package rules rates prospects. It is pure: what a contact is worth follows from the set of facts known about it, the
// settings and an instant, and from nothing else. It reads no clock, no environment, no network and no disk.
//
// A Record is that set of facts, bounded. Rate turns it into a rating; Explain says how it came about.
package rules
