package queue

import (
	"context"
	"errors"
	"hash/fnv"
	"time"
)

var errSkeleton = errors.New("queue: not written yet")

// Queue is one process's view of the store.
type Queue struct{ cfg Config }

// Open starts the embedded server or connects.
func Open(ctx context.Context, cfg Config) (*Queue, error) { return nil, errSkeleton }

// Close drains and stops.
func (q *Queue) Close() error { return errSkeleton }

// Salt is made with the store.
func (q *Queue) Salt() []byte { return nil }

// Partitions is how many there are.
func (q *Queue) Partitions() int { return q.cfg.Partitions }

// PartitionOf is the partition of a contact.
func (q *Queue) PartitionOf(source, contact string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(source + contact))
	return int(h.Sum32() % uint32(q.Partitions()))
}

// Healthy tells the truth.
func (q *Queue) Healthy(ctx context.Context) error { return errSkeleton }

// Failed is closed or sends when the process must end.
func (q *Queue) Failed() <-chan error { return nil }

// MaxBundle is the largest message body that may be published.
func (q *Queue) MaxBundle() int { return 0 }

// Room reports whether there is room.
func (q *Queue) Room(stream string, share float64) error { return errSkeleton }

// PublishDelivery returns after the stream stored it.
func (q *Queue) PublishDelivery(ctx context.Context, source string, body []byte, header map[string]string) error {
	return errSkeleton
}

// Msg is one message.
type Msg struct {
	Subject    string
	Data       []byte
	Header     map[string]string
	Seq        uint64
	Stream     string
	Time       time.Time
	Deliveries int
}

// Ack and its siblings settle a message.
func (m *Msg) Ack() error                    { return errSkeleton }
func (m *Msg) Nak(delay time.Duration) error { return errSkeleton }
func (m *Msg) Term() error                   { return errSkeleton }
func (m *Msg) InProgress() error             { return errSkeleton }

// Consumer is a durable pull consumer.
type Consumer struct{}

// Fetch takes messages.
func (c *Consumer) Fetch(ctx context.Context, max, maxBytes int, wait time.Duration) ([]*Msg, error) {
	return nil, errSkeleton
}

func (q *Queue) DeliveryConsumer(source string) *Consumer  { return nil }
func (q *Queue) FetchConsumer(source string) *Consumer     { return nil }
func (q *Queue) RatingConsumers(source string) []*Consumer { return nil }

// FetchMsg is one record to fetch.
type FetchMsg struct {
	Source, Type, ID string
	Data             []byte
}

// FetchRef names one.
type FetchRef struct{ Type, ID string }

func (q *Queue) PublishFetches(ctx context.Context, msgs []FetchMsg) error { return errSkeleton }
func (q *Queue) Oldest(ctx context.Context, stream, source string) (time.Time, error) {
	return time.Time{}, errSkeleton
}

// Bundle is one message of facts.
type Bundle struct {
	Partition int
	Data      []byte
}

func (q *Queue) PublishBundles(ctx context.Context, bundles []Bundle) error { return errSkeleton }

// Log is an ordered reader of one partition's facts.
type Log struct{}

func (q *Queue) OpenLog(ctx context.Context, p int, from uint64) (*Log, error) {
	return nil, errSkeleton
}
func (l *Log) Next(ctx context.Context, max int, wait time.Duration) ([]*Msg, error) {
	return nil, errSkeleton
}
func (l *Log) Close() {}

// Key names a contact.
type Key struct{ Source, Contact string }

// Record is one stored message of a contact.
type Record struct {
	Key  Key
	Data []byte
	Seq  uint64
	Time time.Time
}

func (q *Queue) Load(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return nil, errSkeleton
}

func (q *Queue) LoadRatings(ctx context.Context, p int, keys []Key) (map[Key]Record, error) {
	return nil, errSkeleton
}
func (q *Queue) Scan(ctx context.Context, p int, fn func(Record) error) error { return errSkeleton }

// Checkpoint is how far a partition was rated.
type Checkpoint struct {
	Facts uint64
	Data  []byte
	Seq   uint64
}

func (q *Queue) ReadCheckpoint(ctx context.Context, p int) (Checkpoint, error) {
	return Checkpoint{}, errSkeleton
}

// Put is one message of a batch.
type Put struct {
	Key    Key
	Data   []byte
	Header map[string]string
}

// Batch is what one Commit stores.
type Batch struct {
	Contacts   []Put
	Ratings    []Put
	Checkpoint Checkpoint
}

func (q *Queue) Commit(ctx context.Context, p int, b Batch) (Checkpoint, error) {
	return Checkpoint{}, errSkeleton
}
func (q *Queue) Purge(ctx context.Context, p int, key Key) error { return errSkeleton }
func (q *Queue) PurgeFetches(ctx context.Context, source string, refs ...FetchRef) error {
	return errSkeleton
}
func (q *Queue) TrimFacts(ctx context.Context, before map[int]uint64) error   { return errSkeleton }
func (q *Queue) TrimDeliveries(ctx context.Context, keep time.Duration) error { return errSkeleton }

// CompactOptions steer a compaction.
type CompactOptions struct {
	All  bool // rewrite everything stored before now
	Rate int  // messages a second; 0: 2,000; negative: as fast as it goes
}

func (q *Queue) Compact(ctx context.Context, o CompactOptions) (rewritten int, err error) {
	return 0, errSkeleton
}

// AnyState is the expected sequence that takes whatever is there.
const AnyState = ^uint64(0)

func (q *Queue) PutState(ctx context.Context, name string, data []byte, expected uint64) (seq uint64, err error) {
	return 0, errSkeleton
}
func (q *Queue) GetState(ctx context.Context, name string) (data []byte, seq uint64, err error) {
	return nil, 0, errSkeleton
}

// Lease is ownership for a while.
type Lease struct{}

func (q *Queue) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	return nil, errSkeleton
}
func (l *Lease) Renew(ctx context.Context) error   { return errSkeleton }
func (l *Lease) Release(ctx context.Context) error { return errSkeleton }
func (l *Lease) Valid() bool                       { return false }

// Member is one process.
type Member struct {
	ID   string
	Data []byte
}

func (q *Queue) Members(ctx context.Context) ([]Member, error) { return nil, errSkeleton }
func (q *Queue) Announce(ctx context.Context, data []byte, ttl time.Duration) error {
	return errSkeleton
}

// DeadLetter is something that could not be used.
type DeadLetter struct {
	Seq                              uint64
	Time                             time.Time
	Stage, Source, Reason, Fix, Kind string
	Contacts                         []string
	Header                           map[string]string
	Payload                          []byte
}

func (q *Queue) Bury(ctx context.Context, d DeadLetter, id string) error { return errSkeleton }
func (q *Queue) DeadLetters(ctx context.Context, after uint64, max int, stage, source string) ([]DeadLetter, error) {
	return nil, errSkeleton
}
func (q *Queue) DeadLetter(ctx context.Context, seq uint64) (DeadLetter, error) {
	return DeadLetter{}, errSkeleton
}
func (q *Queue) DiscardDeadLetter(ctx context.Context, seq uint64) error { return errSkeleton }

// StreamStats is what metrics show of a stream.
type StreamStats struct {
	Name                      string
	Messages, Bytes, MaxBytes uint64
	FirstSeq, LastSeq         uint64
	First                     time.Time
}

func (q *Queue) Stats(ctx context.Context) ([]StreamStats, error) { return nil, errSkeleton }
