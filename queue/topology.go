package queue

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The streams, as Room, Oldest and Stats name them.
const (
	// Deliveries holds webhook requests as they came, one stream a source (DELIVERIES_hubspot): only a stream has a bound in bytes
	// that the server itself keeps, and one source that floods must not take another's room.
	Deliveries = "DELIVERIES"
	// Fetches holds the records that have to be fetched, the latest per record, one stream a source for the same reason.
	Fetches = "FETCHES"
	// Facts holds the bundles that wait to be rated, fact.<p> for each partition.
	Facts = "FACTS"
	// Contacts holds records, ratings and checkpoints, the latest per subject and for ever, in CONTACTS_0 to CONTACTS_<S-1>.
	Contacts = "CONTACTS"
	// DeadLetters holds what could not be used.
	DeadLetters = "DEADLETTERS"
	// Leases holds in memory who owns what; correctness never depends on it.
	Leases = "LEASES"
)

// How long a message may be in hand before it is delivered again. Whoever needs longer says so by InProgress.
const (
	readWait  = 10 * time.Second
	fetchWait = 60 * time.Second
	writeWait = 60 * time.Second
)

// inFlight is how many messages of one consumer may be in hand. Messages put off by Nak count, so it is far above any batch: ten of
// them must not starve the rest.
const inFlight = 20000

// dedupe is how long a dead letter's id is remembered. It costs memory for each, so it covers a redelivery and no more.
const dedupe = 10 * time.Minute

// mark says in a stream's metadata that it is ours, so that a stream of another program with the same name is left alone.
const (
	mark        = "winnow"
	markVersion = "1"
)

// layout is what the streams depend on.
type layout struct {
	partitions, streams, replicas                int
	deliveries, facts, fetches, deadLetters, one int64 // bounds in bytes; one: the largest message
	sources                                      []string
}

// lane is the name of the stream that holds one source's deliveries or fetches.
func lane(stream, source string) string { return stream + "_" + token(source) }

func contactsStream(i int) string { return Contacts + "_" + strconv.Itoa(i) }

// config returns every stream. All are kept by limits: deleting at the acknowledgement (WorkQueue) would cost a synced write for
// each message, and what is behind is trimmed in bulk. None has a MaxAge that could drop what was acknowledged to a CRM; where
// bytes are bounded, new messages are refused (DiscardNew) rather than old ones dropped.
func (l layout) config() []jetstream.StreamConfig {
	var all []jetstream.StreamConfig
	file := func(c jetstream.StreamConfig) {
		c.Storage, c.Retention, c.Replicas = jetstream.FileStorage, jetstream.LimitsPolicy, l.replicas
		c.Subjects = append(c.Subjects, probeSubject(c.Name))
		c.AllowRollup = true // the probe replaces itself
		c.MaxMsgs, c.MaxAge, c.MaxConsumers = -1, 0, -1
		if c.MaxBytes == 0 {
			c.MaxBytes = -1
		}
		c.Metadata = map[string]string{mark: markVersion}
		all = append(all, c)
	}

	// CONTACTS comes first: CONTACTS_0 says what the rest of the store looks like. A partition's subjects are all in one stream,
	// because an atomic batch is a matter of one stream.
	for i := range l.streams {
		c := jetstream.StreamConfig{Name: contactsStream(i), MaxMsgsPerSubject: 1, Discard: jetstream.DiscardOld, AllowDirect: true, AllowAtomicPublish: true}
		for p := i; p < l.partitions; p += l.streams {
			c.Subjects = append(c.Subjects, fmt.Sprintf("%s.%d.*.*", kindContact, p), fmt.Sprintf("%s.%d.*.*", kindRating, p), checkpointSubject(p))
		}
		if i == 0 {
			c.Subjects = append(c.Subjects, kindState+".*", kindMeta+".*")
		}
		c.Subjects = append(c.Subjects, fillerSubject(c.Name, "*"))
		file(c)
	}
	for _, s := range l.sources {
		n := int64(len(l.sources))
		file(jetstream.StreamConfig{
			Name: lane(Deliveries, s), Subjects: []string{deliverySubject(s)},
			Discard: jetstream.DiscardNew, MaxBytes: max(l.deliveries/n, l.one),
		})
		file(jetstream.StreamConfig{
			Name: lane(Fetches, s), Subjects: []string{kindFetch + "." + token(s) + ".*.*"},
			MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, MaxBytes: max(l.fetches/n, l.one), AllowDirect: true, AllowAtomicPublish: true,
		})
	}
	file(jetstream.StreamConfig{Name: Facts, Subjects: []string{kindFact + ".*"}, Discard: jetstream.DiscardNew, MaxBytes: max(l.facts, l.one), AllowAtomicPublish: true})
	file(jetstream.StreamConfig{
		Name: DeadLetters, Subjects: []string{kindDead + ".*.*"}, Discard: jetstream.DiscardNew, MaxBytes: max(l.deadLetters, l.one),
		AllowMsgTTL: true, Duplicates: dedupe,
	})
	return append(all, l.leases())
}

// leases is the one stream in memory: after a restart of the server it is not there any more, and is made anew.
func (l layout) leases() jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: Leases, Subjects: []string{"lease.*", "crm.*", "member.*"}, Storage: jetstream.MemoryStorage, Replicas: l.replicas,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardOld, AllowMsgTTL: true, AllowDirect: true, MaxBytes: leaseBytes,
		MaxMsgs: -1, MaxConsumers: -1, Metadata: map[string]string{mark: markVersion},
	}
}

// leaseBytes bounds that stream; a lease is about a hundred bytes.
const leaseBytes = 16 << 20

func probeSubject(stream string) string         { return kindProbe + "." + stream }
func fillerSubject(stream, token string) string { return kindFiller + "." + stream + "." + token }

// consumer is one durable pull consumer. Each has one filter subject, because several make the server compare every message with
// all of them; and one source, because what one source cannot take must not keep another's waiting.
type consumer struct {
	stream, name, filter string
	wait                 time.Duration
}

func (c consumer) config(replicas int) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: c.name, FilterSubject: c.filter, AckPolicy: jetstream.AckExplicitPolicy, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckWait: c.wait, MaxAckPending: inFlight, MaxDeliver: -1, Replicas: replicas,
	}
}

func deliveryConsumer(source string) consumer {
	return consumer{lane(Deliveries, source), "read", deliverySubject(source), readWait}
}

func fetchConsumer(source string) consumer {
	return consumer{lane(Fetches, source), "fetch", kindFetch + "." + token(source) + ".*.*", fetchWait}
}

func ratingConsumer(source string, i int) consumer {
	return consumer{contactsStream(i), "write-" + token(source), kindRating + ".*." + token(source) + ".*", writeWait}
}

// consumers returns all of a source.
func (l layout) consumers(source string) []consumer {
	all := []consumer{deliveryConsumer(source), fetchConsumer(source)}
	for i := range l.streams {
		all = append(all, ratingConsumer(source, i))
	}
	return all
}
