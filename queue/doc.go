// Package queue is Winnow's store and the only way from one role to the next: NATS JetStream, embedded or outside, and nothing else.
//
// topology.go has every stream and consumer as data and says why each is as it is. Messages go in by publish.go and commit.go, come
// out by consume.go (acknowledged, in no particular order), log.go (one partition's bundles in their order) and records.go (the
// latest of each contact), and leave by trim.go and compact.go. lease.go says who owns what; that no two owners write is the
// matter of commit.go alone. What is stored is bytes: no other package's types are known here.
package queue
