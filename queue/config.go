package queue

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/nats-io/nats.go"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

// Config says where the store is and how large it may become. Sizes are in bytes.
type Config struct {
	URL     string // of an outside JetStream, comma-separated; empty: the embedded server
	Creds   string // credentials file for the outside server
	TLSCA   string // file with the certificates that the outside server's is checked against; empty: the system's
	TLSCert string // client certificate and key, where the outside server wants one
	TLSKey  string

	Replicas int // copies of each stream in a cluster; 0: 1

	Repair bool // take a store as it is that has lost something, and note what has to be read again

	Dir        string // the embedded server's store directory; one process at a time
	Key        string // encrypts the embedded store at rest; fixed when the store is made
	MaxStore   int64  // what the embedded JetStream may use; 0: derived from the free disk
	MaxPayload int32  // of one message, embedded; 0: 8 MiB
	MinFree    int64  // free disk below which nothing more is taken in, embedded; 0: a tenth of the disk, 1 GiB at most

	DeliveriesBytes  int64 // bounds of the streams, all sources together; 0: a share of MaxStore
	FactsBytes       int64
	FetchesBytes     int64
	DeadLettersBytes int64

	Partitions int // 0: as the store was made; 16 embedded and 64 outside when it is new. Fixed with the store.
	Streams    int // CONTACTS streams; 0: as the store was made, 2 when it is new. Fixed with the store.

	Name    string   // of this process among the members; empty: random
	Sources []string // streams and consumers are made for these

	// Log receives the log lines of the embedded server and the connection, without payloads; level is debug, info,
	// warn or error. Nil: they are dropped.
	Log func(level, message string)
}

// Bounds of what Open accepts and the defaults of what is left open.
const (
	mib = int64(1) << 20
	gib = int64(1) << 30

	defaultMaxPayload = 8 * mib
	leastMaxPayload   = 1 * mib    // NATS's own default; less cannot hold a delivery of WINNOW_MAX_BODY's default
	mostMaxPayload    = 64 * mib   // NATS's own upper bound
	mostMaxStore      = 1024 * gib // beyond it a figure from the disk says nothing
	batchLimit        = 20000      // messages of one atomic batch at the embedded server
	mostPartitions    = 1024
	mostStreams       = 64
	maxSource         = 64 // of an encoded source name, which becomes part of the names of streams and files
)

// settled returns c with what does not depend on the disk or the server filled in, or everything that is wrong with it.
func (c Config) settled() (Config, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Name == "" {
		c.Name = randomName()
	}
	if c.Log == nil {
		c.Log = func(string, string) {}
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.MaxPayload == 0 {
		c.MaxPayload = int32(defaultMaxPayload)
	}
	if c.URL == "" && c.Dir == "" {
		bad("neither WINNOW_DATA_DIR nor WINNOW_NATS_URL is set: there is nowhere to keep anything")
	}
	if c.URL != "" && c.Key != "" {
		bad("WINNOW_QUEUE_KEY encrypts the embedded store only: unset it, or WINNOW_NATS_URL, and encrypt at the " +
			"outside server")
	}
	if c.URL == "" && c.Replicas != 1 {
		bad("WINNOW_NATS_REPLICAS is %d: the embedded store has one copy", c.Replicas)
	}
	if c.Replicas < 1 || c.Replicas > 5 {
		bad("WINNOW_NATS_REPLICAS is %d: want 1, 3 or 5", c.Replicas)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		bad("WINNOW_NATS_TLS_CERT and WINNOW_NATS_TLS_KEY belong together: one of them is not set")
	}
	if n := int64(c.MaxPayload); n < leastMaxPayload || n > mostMaxPayload {
		bad("WINNOW_QUEUE_MAX_PAYLOAD is %s: want %s to %s", size(n), size(leastMaxPayload), size(mostMaxPayload))
	}
	if c.Partitions < 0 || c.Partitions > mostPartitions {
		bad("WINNOW_PARTITIONS is %d: want 1 to %d", c.Partitions, mostPartitions)
	}
	if c.Streams < 0 || c.Streams > mostStreams {
		bad("WINNOW_QUEUE_STREAMS is %d: want 1 to %d", c.Streams, mostStreams)
	}
	for name, n := range map[string]int64{
		"WINNOW_QUEUE_MAX_STORE": c.MaxStore, "WINNOW_QUEUE_MIN_FREE": c.MinFree,
		"WINNOW_QUEUE_DELIVERIES_BYTES": c.DeliveriesBytes,
		"WINNOW_QUEUE_FACTS_BYTES":      c.FactsBytes, "WINNOW_QUEUE_FETCHES_BYTES": c.FetchesBytes,
		"WINNOW_QUEUE_DEAD_LETTERS_BYTES": c.DeadLettersBytes,
	} {
		if n < 0 {
			bad("%s is %d: want a size in bytes", name, n)
		}
	}
	for _, s := range c.Sources {
		if layout.TokenLength(s) > maxSource {
			bad("the source name %.40q is too long: want at most %d characters", s, maxSource)
		}
	}
	return c, errors.Join(errs...)
}

// sized returns c with the sizes filled in for a store that has used bytes and a disk that has free bytes of total.
func (c Config) sized(used, free, total int64) (Config, error) {
	if c.MaxStore == 0 {
		c.MaxStore = min((used+free)/4*3, mostMaxStore)
	}
	if c.MinFree == 0 {
		c.MinFree = min(total/10, gib)
	}
	c = c.shared(c.MaxStore)
	if sum := c.DeliveriesBytes + c.FactsBytes + c.FetchesBytes + c.DeadLettersBytes; sum > c.MaxStore/10*9 {
		return c, fmt.Errorf("WINNOW_QUEUE_DELIVERIES_BYTES, _FACTS_BYTES, _FETCHES_BYTES and _DEAD_LETTERS_BYTES "+
			"are %s together; "+
			"they must leave a tenth of WINNOW_QUEUE_MAX_STORE, %s, to the records", size(sum), size(c.MaxStore))
	}
	return c, nil
}

// shared fills in the bounds of the streams for a store of so many bytes. What they leave belongs to the records.
func (c Config) shared(store int64) Config {
	for _, b := range []struct {
		bytes      *int64
		part, most int64
	}{
		{&c.DeliveriesBytes, 6, 4 * gib},
		{&c.FactsBytes, 6, 4 * gib},
		{&c.FetchesBytes, 12, gib},
		{&c.DeadLettersBytes, 12, gib},
	} {
		if *b.bytes == 0 {
			*b.bytes = min(store/b.part, b.most)
		}
	}
	return c
}

// access is how we authenticate to the outside server and verify it.
func (c Config) access() (opts []nats.Option) {
	if c.Creds != "" {
		opts = append(opts, nats.UserCredentials(c.Creds))
	}
	if c.TLSCA != "" {
		opts = append(opts, nats.RootCAs(c.TLSCA))
	}
	if c.TLSCert != "" {
		opts = append(opts, nats.ClientCert(c.TLSCert, c.TLSKey))
	}
	return opts
}

// size is bytes as people read them; metrics have the exact number.
func size(bytes int64) string { return humanize.IBytes(uint64(max(bytes, 0))) }

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}
