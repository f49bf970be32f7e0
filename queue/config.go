package queue

import "time"

// Config says where the store is and how large it may become.
type Config struct {
	URL     string // of an outside JetStream, comma-separated; empty: the embedded server
	Creds   string // credentials file for the outside server
	TLSCA   string // file with the certificates that the outside server's is checked against; empty: the system's
	TLSCert string // client certificate and key, where the outside server wants one
	TLSKey  string

	Replicas int // copies of each stream; 0: 1

	Dir        string // the embedded server's store directory; one process at a time
	Key        string // encrypts the embedded store at rest; fixed when the store is made
	MaxStore   int64  // bytes that the embedded JetStream may use; 0: derived from the free disk
	MaxPayload int32  // bytes of one message, embedded; 0: 8 MiB
	MinFree    int64  // bytes of free disk below which nothing more is taken in

	DeliveriesBytes  int64 // bounds of the streams in bytes; 0: a share of MaxStore
	FactsBytes       int64
	FetchesBytes     int64
	DeadLettersBytes int64

	Partitions int // 0: as the store was made, 16 embedded and 64 outside when it is new; fixed with the store
	Streams    int // CONTACTS streams; 0: as the store was made, 2 when it is new; fixed with the store

	Name    string   // of this process among its members; empty: random
	Sources []string // the consumers are made for these

	Now func() time.Time            // the clock; nil: time.Now
	Log func(level, message string) // what the embedded server and the connection say: debug, info, warn, error; nil: nowhere
}
