// Package queue is Winnow's store and the only way from one role to the next: NATS JetStream, embedded or outside, and
// nothing else.
//
// Queue opens the store and has one field for each role: Deliveries, Fetches, Facts, Contacts, Ratings, DeadLetters,
// Leases, States. Each is built from what it needs (base in queue.go) and has a file of its own. lane.go is what
// deliveries and fetches have in common; commit.go and committer.go store a partition's records, ratings and checkpoint
// together, and see to it that no two owners write; compact.go moves old records together; gauge.go measures the room.
//
// Below internal, layout has every stream and consumer as data and says why each is as it is; jet speaks to the server:
// publishes, reads, walks, pulls; embedded is the server in this process and its directory. What is stored is bytes: no
// other package's types are known.
package queue
