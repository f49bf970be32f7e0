// Package queue is Winnow's store and its only way from one role to the next: NATS JetStream, embedded or outside, and nothing else.
package queue
