package layout

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams, or the first part of their names where there are several.
const (
	// Deliveries holds webhook requests as they came, one stream a source (DELIVERIES_hubspot): only a stream has a
	// bound in bytes that the server itself keeps, and one source that floods must not take another's room.
	Deliveries = "DELIVERIES"
	// Fetches holds the records that have to be fetched, the latest per record, one stream a source for the same
	// reason.
	Fetches = "FETCHES"
	// Facts holds the bundles that wait to be rated, fact.<p> for each partition.
	Facts = "FACTS"
	// Contacts holds records, their bases, ratings and checkpoints, the latest per subject and for ever, in CONTACTS_0
	// to CONTACTS_<S-1>.
	Contacts = "CONTACTS"
	// DeadLetters holds what could not be used.
	DeadLetters = "DEADLETTERS"
	// Leases holds in memory who owns what; correctness never depends on it.
	Leases = "LEASES"
)

// How long a message may be in hand before it is delivered again. Whoever needs longer says so by InProgress.
const (
	ReadWait  = 10 * time.Second
	FetchWait = 60 * time.Second
	WriteWait = 60 * time.Second
)

// inFlight is how many messages of one consumer may be in hand. Messages put off by Nak count, so it is far above any
// batch: ten of them must not starve the rest.
const inFlight = 20000

// dedupe is how long a dead letter's id is remembered. It costs memory for each, so it covers a redelivery and no more.
const dedupe = 10 * time.Minute

// Mark says in a stream's metadata that it is ours, so that a stream of another program with the same name is left
// alone.
const (
	Mark        = "winnow"
	MarkVersion = "1"
)

// Layout is what the streams depend on.
type Layout struct {
	Partitions int
	Shards     int // streams of records: partition p is in CONTACTS_<p mod Shards>
	Replicas   int
	Sources    []string

	DeliveriesBytes, FactsBytes, FetchesBytes, DeadLettersBytes int64 // bounds, all sources together
	OneBytes                                                    int64 // the largest message
}

// Check refuses a partition that there is not.
func (l Layout) Check(p int) error {
	if p < 0 || p >= l.Partitions {
		return fmt.Errorf("queue: partition %d of %d", p, l.Partitions)
	}
	return nil
}

// PartitionOf is the partition of a contact.
func (l Layout) PartitionOf(source, contact string) int {
	return PartitionOf(source, contact, l.Partitions)
}

// Has reports whether a source is among those that there are streams for.
func (l Layout) Has(source string) bool { return slices.Contains(l.Sources, source) }

// Records is the stream that holds a partition's records.
func (l Layout) Records(p int) string { return ContactsStream(p % l.Shards) }

// Lane is the name of the stream that holds one source's deliveries or fetches.
func Lane(stream, source string) string { return stream + "_" + Token(source) }

// ContactsStream is the name of the stream of records with number i.
func ContactsStream(i int) string { return Contacts + "_" + strconv.Itoa(i) }

// Streams returns every stream. All are kept by limits: deleting at the acknowledgement (WorkQueue) would cost a synced
// write for each message, and what is behind is trimmed in bulk. None has a MaxAge that could drop what was
// acknowledged to a CRM; where bytes are bounded, new messages are refused (DiscardNew) rather than old ones dropped.
func (l Layout) Streams() []jetstream.StreamConfig {
	var all []jetstream.StreamConfig
	file := func(c jetstream.StreamConfig) {
		c.Storage, c.Retention, c.Replicas = jetstream.FileStorage, jetstream.LimitsPolicy, l.Replicas
		c.Subjects = append(c.Subjects, ProbeSubject(c.Name))
		c.AllowRollup = true // the probe replaces itself
		c.MaxMsgs, c.MaxAge, c.MaxConsumers = -1, 0, -1
		if c.MaxBytes == 0 {
			c.MaxBytes = -1
		}
		c.Metadata = map[string]string{Mark: MarkVersion}
		all = append(all, c)
	}

	// CONTACTS comes first: CONTACTS_0 says what the rest of the store looks like. A partition's subjects are all in
	// one stream, because an atomic batch is a matter of one stream.
	for i := range l.Shards {
		c := jetstream.StreamConfig{
			Name: ContactsStream(i), MaxMsgsPerSubject: 1, Discard: jetstream.DiscardOld, AllowDirect: true,
			AllowAtomicPublish: true,
		}
		for p := i; p < l.Partitions; p += l.Shards {
			for _, kind := range []string{KindContact, KindBase, KindRating} {
				c.Subjects = append(c.Subjects, fmt.Sprintf("%s.%d.*.*", kind, p))
			}
			c.Subjects = append(c.Subjects, CheckpointSubject(p))
		}
		if i == 0 {
			c.Subjects = append(c.Subjects, KindState+".*", KindMeta+".*")
		}
		c.Subjects = append(c.Subjects, FillerSubject(c.Name, "*"))
		file(c)
	}
	for _, s := range l.Sources {
		n := int64(len(l.Sources))
		file(jetstream.StreamConfig{
			Name: Lane(Deliveries, s), Subjects: []string{DeliverySubject(s)},
			Discard: jetstream.DiscardNew, MaxBytes: max(l.DeliveriesBytes/n, l.OneBytes),
		})
		file(jetstream.StreamConfig{
			Name: Lane(Fetches, s), Subjects: []string{KindFetch + "." + Token(s) + ".*.*"},
			MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, MaxBytes: max(l.FetchesBytes/n, l.OneBytes),
			AllowDirect: true, AllowAtomicPublish: true,
		})
	}
	file(jetstream.StreamConfig{
		Name: Facts, Subjects: []string{KindFact + ".*"}, Discard: jetstream.DiscardNew,
		MaxBytes: max(l.FactsBytes, l.OneBytes), AllowDirect: true, AllowAtomicPublish: true,
	})
	file(jetstream.StreamConfig{
		Name: DeadLetters, Subjects: []string{KindDead + ".*.*"}, Discard: jetstream.DiscardNew,
		MaxBytes:    l.LetterBytes(),
		AllowMsgTTL: true, Duplicates: dedupe,
	})
	return append(all, l.Memory())
}

// LetterBytes is the bound of the dead letters, all sources together.
func (l Layout) LetterBytes() int64 { return max(l.DeadLettersBytes, l.OneBytes) }

// Names are those of every stream.
func (l Layout) Names() []string {
	var names []string
	for _, c := range l.Streams() {
		names = append(names, c.Name)
	}
	return names
}

// Memory is the one stream in memory: after a restart of the server it is not there any more, and is made anew.
func (l Layout) Memory() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: Leases, Subjects: []string{"lease.*", "crm.*", "member.*"}, Storage: jetstream.MemoryStorage,
		Replicas:          l.Replicas,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardOld, AllowMsgTTL: true, AllowDirect: true, MaxBytes: LeaseBytes,
		MaxMsgs: -1, MaxConsumers: -1, Metadata: map[string]string{Mark: MarkVersion},
	}
}

// LeaseBytes bounds that stream; a lease is about a hundred bytes.
const LeaseBytes = 16 << 20

// ProbeSubject is where a stream is probed.
func ProbeSubject(stream string) string { return KindProbe + "." + stream }

// FillerSubject is where compaction fills a file of the stream up.
func FillerSubject(stream, token string) string { return KindFiller + "." + stream + "." + token }

// Consumer is one durable pull consumer. Each has one filter subject, because several make the server compare every
// message with all of them; and one source, because what one source cannot take must not keep another's waiting.
type Consumer struct {
	Stream, Name, Filter string
	Wait                 time.Duration // until a message in hand is delivered again
}

// Config is the consumer as the server wants it.
func (c Consumer) Config(replicas int) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: c.Name, FilterSubject: c.Filter, AckPolicy: jetstream.AckExplicitPolicy,
		DeliverPolicy: jetstream.DeliverAllPolicy,
		AckWait:       c.Wait, MaxAckPending: inFlight, MaxDeliver: -1, Replicas: replicas,
	}
}

// DeliveryConsumer reads a source's deliveries.
func DeliveryConsumer(source string) Consumer {
	return Consumer{Lane(Deliveries, source), "read", DeliverySubject(source), ReadWait}
}

// FetchConsumer reads a source's records to fetch.
func FetchConsumer(source string) Consumer {
	return Consumer{Lane(Fetches, source), "fetch", KindFetch + "." + Token(source) + ".*.*", FetchWait}
}

// RatingConsumer reads a source's ratings in the stream of records i.
func RatingConsumer(source string, i int) Consumer {
	return Consumer{ContactsStream(i), "write-" + Token(source), KindRating + ".*." + Token(source) + ".*", WriteWait}
}

// Consumers returns all of a source.
func (l Layout) Consumers(source string) []Consumer {
	all := []Consumer{DeliveryConsumer(source), FetchConsumer(source)}
	for i := range l.Shards {
		all = append(all, RatingConsumer(source, i))
	}
	return all
}
