package queue

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/layout"
)

func TestReopenKeepsEverything(t *testing.T) {
	q := open(t, func(c *Config) { c.Partitions, c.Streams = 5, 3 })
	must(t, q.Deliveries.Publish(t.Context(), src, []byte("d"), map[string]string{"X-Test": "1"}))
	must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", "7", []byte("f"), nil}}, latest))
	must(t, q.Facts.Publish(t.Context(), []Bundle{{4, []byte("b"), nil}}))
	at := commit(t, q, 4, Checkpoint{Facts: 1, Data: []byte("own")}, map[string]string{"c": "record"},
		map[string]string{"c": "rating"})
	must1[uint64](t)(q.States.Put(t.Context(), "cursor", []byte("s"), 0))
	must1[uint64](t)(q.DeadLetters.Bury(t.Context(), DeadLetter{Stage: "read", Source: src, Reason: "why"}, "id"))
	salt := q.Salt()
	must(t, q.Close())

	cfg := q.cfg
	cfg.Partitions, cfg.Streams = 0, 0
	q = reopen(t, cfg)
	if !bytes.Equal(salt, q.Salt()) || len(salt) != 32 {
		t.Errorf("salt is %x, was %x", q.Salt(), salt)
	}
	if q.Partitions() != 5 || q.layout.Shards != 3 {
		t.Errorf("%d partitions and %d streams, want 5 and 3 as the store was made", q.Partitions(), q.layout.Shards)
	}
	if m := fetch(t, q.Deliveries.Consumer(src), 1)[0]; string(m.Data) != "d" || m.Header["X-Test"] != "1" {
		t.Errorf("delivery %q %v", m.Data, m.Header)
	}
	if m := fetch(t, q.Fetches.Consumer(src), 1)[0]; string(m.Data) != "f" || m.Subject != "fetch.hubspot.emails.7" {
		t.Errorf("fetch %s %q", m.Subject, m.Data)
	}
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 4, 0))
	defer l.Close()
	if msgs := rest(t, l); len(msgs) != 1 || string(msgs[0].Data) != "b" {
		t.Errorf("log: %v", msgs)
	}
	if got := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 4)); got.Facts != 1 ||
		string(got.Data) != "own" || got.Seq != at.Seq {
		t.Errorf("checkpoint %+v, want %+v", got, at)
	}
	if got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 4, []Key{{src, "c"}})); string(got[Key{
		src,
		"c",
	}].Data) != "record" {
		t.Errorf("records %v", got)
	}
	if data, _, err := q.States.Get(t.Context(), "cursor"); err != nil || string(data) != "s" {
		t.Errorf("state %q, %v", data, err)
	}
	if all := must1[[]DeadLetter](t)(q.DeadLetters.List(t.Context(), 0, 9, "", "")); len(all) != 1 ||
		all[0].Reason != "why" {
		t.Errorf("dead letters %+v", all)
	}
}

// What was in hand when the process ended must come again at once, not after its wait.
func TestReopenDeliversWhatWasInHand(t *testing.T) {
	var took time.Duration
	for range 3 { // a machine that is busy may take as long, but not each time
		q := open(t)
		for range 3 {
			must(t, q.Deliveries.Publish(t.Context(), src, []byte("d"), nil))
		}
		msgs := fetch(t, q.Deliveries.Consumer(src), 3)
		must(t, msgs[0].Ack())
		must(t, q.Close())
		q = reopen(t, q.cfg)
		start := time.Now()
		fetch(t, q.Deliveries.Consumer(src), 2)
		if took = time.Since(start); took <= layout.ReadWait/2 {
			return
		}
	}
	t.Errorf("it took %v", took)
}

func TestOpenRefuses(t *testing.T) {
	q := open(t, func(c *Config) { c.Partitions, c.Streams = 4, 2 })
	cfg := q.cfg
	if _, err := Open(t.Context(), cfg); !errors.Is(err, ErrInUse) ||
		!strings.Contains(err.Error(), "WINNOW_ADMIN_LISTEN") {
		t.Errorf("a second process: %v, want ErrInUse and what to do", err)
	}
	must(t, q.Close())
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"partitions": {func(c *Config) { c.Partitions = 8 }, "WINNOW_PARTITIONS is 8, and the store was made with 4"},
		"streams":    {func(c *Config) { c.Streams = 4 }, "WINNOW_QUEUE_STREAMS is 4, and the store was made with 2"},
		"key":        {func(c *Config) { c.Key = "k" }, "the store is not encrypted and WINNOW_QUEUE_KEY is set"},
		"sizes":      {func(c *Config) { c.MaxStore, c.FactsBytes = 100*mib, 95*mib }, "WINNOW_QUEUE_MAX_STORE"},
		"payload":    {func(c *Config) { c.MaxPayload = 1000 }, "WINNOW_QUEUE_MAX_PAYLOAD"},
		"negative":   {func(c *Config) { c.FetchesBytes = -1 }, "WINNOW_QUEUE_FETCHES_BYTES"},
		"nowhere":    {func(c *Config) { c.Dir = "" }, "WINNOW_DATA_DIR"},
		"replicas":   {func(c *Config) { c.Replicas = 3 }, "WINNOW_NATS_REPLICAS"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			c.change(&cfg)
			_, err := Open(t.Context(), cfg)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	must(t, reopen(t, cfg).Close()) // none of the refusals has harmed it
}

// Others may fill the disk, and an operator may lower the bounds, below what the store was made with.
func TestReopenWithLessRoom(t *testing.T) {
	q := open(t, func(c *Config) { c.MaxPayload = int32(mib) })
	data := make([]byte, 900_000)
	for range 20 {
		must(t, q.Deliveries.Publish(t.Context(), src, data, nil))
	}
	must(t, q.Close())
	cfg := q.cfg
	cfg.MaxStore, cfg.DeliveriesBytes, cfg.FactsBytes, cfg.FetchesBytes, cfg.DeadLettersBytes = 40*mib, 0, 0, 0, 0
	q = reopen(t, cfg)
	if err := q.Deliveries.Publish(t.Context(), src, data, nil); !errors.Is(err, ErrFull) {
		t.Errorf("a delivery beyond the new bound: %v, want ErrFull", err)
	}
	for _, m := range fetch(t, q.Deliveries.Consumer(src), 20) { // none was dropped
		must(t, m.Ack())
	}
	cfg = q.cfg
	must(t, q.Close())
	cfg.MaxStore = 10 * mib
	cfg.DeliveriesBytes, cfg.FactsBytes, cfg.FetchesBytes, cfg.DeadLettersBytes = 0, 0, 0, 0
	q = reopen(t, cfg)
	if err := q.Facts.Room(0.9); !errors.Is(err, ErrFull) {
		t.Errorf("Room in a store that holds more than it may: %v, want ErrFull", err)
	}
}

func TestEncryption(t *testing.T) {
	const secret, text = "the key itself", "text that must not be readable"
	q := open(t, func(c *Config) { c.Key = secret })
	must(t, q.Deliveries.Publish(t.Context(), src, []byte(text), nil))
	commit(t, q, 0, Checkpoint{}, map[string]string{"c": text}, nil)
	cfg := q.cfg
	must(t, q.Close())
	for _, word := range []string{secret, text} {
		if files := filesWith(t, cfg.Dir, word); len(files) > 0 {
			t.Errorf("%q is readable in %v", word, files)
		}
	}
	for key, want := range map[string]string{
		"": "WINNOW_QUEUE_KEY is not set", "another": "is not the key that the store was made with",
	} {
		cfg := cfg
		cfg.Key = key
		if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), secret) {
			t.Errorf("key %q: %v, want %q", key, err, want)
		}
	}
	q = reopen(t, cfg)
	if m := fetch(t, q.Deliveries.Consumer(src), 1)[0]; string(m.Data) != text {
		t.Errorf("delivery %q", m.Data)
	}
}

func TestDirectoryBelowAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	if q, err := Open(t.Context(), Config{Dir: filepath.Join(file, "store"), Sources: []string{src}}); err == nil ||
		!strings.Contains(err.Error(), "WINNOW_DATA_DIR") {
		t.Errorf("Open below a file: %v %v, want an error that names WINNOW_DATA_DIR", q, err)
	}
}

// A store whose streams cannot be read must not be taken for a new one.
func TestDamagedStoreIsRefused(t *testing.T) {
	q := open(t)
	cfg := q.cfg
	must(t, q.Close())
	meta := filepath.Join(cfg.Dir, "jetstream", "$G", "streams", "CONTACTS_1", "meta.inf")
	sound := must1[[]byte](t)(os.ReadFile(meta))
	must(t, os.WriteFile(meta, []byte("{"), 0o600))
	if _, err := Open(t.Context(), cfg); err == nil ||
		!strings.Contains(err.Error(), "CONTACTS_1 is on the disk but cannot be read") {
		t.Errorf("damaged stream: %v", err)
	}
	must(t, os.WriteFile(meta, sound, 0o600))
	must(t, os.Rename(filepath.Join(cfg.Dir, "winnow-store.json"), filepath.Join(cfg.Dir, "elsewhere")))
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "winnow-store.json is missing") {
		t.Errorf("missing canary: %v", err)
	}
	must(t, os.Rename(filepath.Join(cfg.Dir, "elsewhere"), filepath.Join(cfg.Dir, "winnow-store.json")))
	reopen(t, cfg)
}

func TestSourceThatIsNoLongerConfigured(t *testing.T) {
	q := open(t, func(c *Config) { c.Sources = []string{src, "former", "empty"} })
	must(t, q.Deliveries.Publish(t.Context(), "former", []byte("waits"), nil))
	must(t, q.Deliveries.Publish(t.Context(), "empty", []byte("read"), nil))
	must(t, fetch(t, q.Deliveries.Consumer("empty"), 1)[0].Ack())
	must(t, q.Close())
	cfg := q.cfg
	cfg.Sources = []string{src}
	q = reopen(t, cfg)
	if err := q.Deliveries.Publish(t.Context(), "former", nil, nil); err == nil {
		t.Error("a delivery of a source that is not configured was taken")
	}
	var names []string
	for name := range q.srv.JS(0).StreamNames(t.Context()).Name() {
		names = append(names, name)
	}
	if all := strings.Join(names, " "); !strings.Contains(all, "DELIVERIES_former") ||
		strings.Contains(all, "_empty") || strings.Contains(all, "FETCHES_former") {
		t.Errorf("streams are %s; want DELIVERIES_former kept, because a message waits in it, and the empty ones gone",
			all)
	}
	must(t, q.Close())
	cfg.Sources = []string{src, "former"}
	q = reopen(t, cfg)
	if m := fetch(t, q.Deliveries.Consumer("former"), 1)[0]; string(m.Data) != "waits" {
		t.Errorf("delivery %q", m.Data)
	}
	must(t, q.Deliveries.Publish(t.Context(), "former", make([]byte, 1000), nil)) // its room is back
}

func TestServerThatDiesEndsTheProcess(t *testing.T) {
	q := open(t)
	must(t, q.local.Close())
	select {
	case err := <-q.Failed():
		if err == nil {
			t.Error("no reason given")
		}
	case <-time.After(hang):
		t.Error("Failed is silent though the server is gone")
	}
	if q.Healthy(t.Context()) == nil {
		t.Error("healthy without a server")
	}
}

func TestClosedQueueReportsNoFailure(t *testing.T) {
	q := open(t)
	must(t, q.Close())
	must(t, q.Close())
	select {
	case err := <-q.Failed():
		t.Errorf("Failed: %v", err)
	default:
	}
}

// filesWith returns the files below dir that hold text.
func filesWith(t testing.TB, dir, text string) (found []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the server writes on
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if bytes.Contains(b, []byte(text)) {
			found = append(found, strings.TrimPrefix(path, dir))
		}
		return err
	}))
	return found
}
