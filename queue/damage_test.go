package queue

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/queue/internal/embedded"
)

// within changes the file below dir that holds text, in place; from and to are where the record's length stands and
// where text stands.
func within(t testing.TB, dir, text string, change func(file []byte, text int)) {
	t.Helper()
	for _, name := range filesWith(t, dir, text) {
		path := filepath.Join(dir, name)
		if filepath.Ext(path) != ".blk" {
			continue
		}
		b := must1[[]byte](t)(os.ReadFile(path))
		change(b, bytes.Index(b, []byte(text)))
		f := must1[*os.File](t)(os.OpenFile(path, os.O_RDWR, 0))
		_, err := f.WriteAt(b, 0)
		must(t, errors.Join(err, f.Close()))
		return
	}
	t.Fatalf("no block holds %q", text)
}

func flip(t testing.TB, dir, text string) {
	t.Helper()
	within(t, dir, text, func(b []byte, at int) { b[at+3] ^= 1 })
}

// lengthen spoils the length of the record that holds text: nothing behind it can be found by it any more.
func lengthen(t testing.TB, dir, subject, text string) {
	t.Helper()
	within(t, dir, text, func(b []byte, at int) {
		head := bytes.LastIndex(b[:at], []byte(subject)) - 22
		binary.LittleEndian.PutUint32(b[head:], binary.LittleEndian.Uint32(b[head:])+1000)
	})
}

// fill puts three messages into every stream, "1 of ..." to "3 of ...".
func fill(t testing.TB, q *Queue) {
	t.Helper()
	at := Checkpoint{}
	for i := 1; i <= 3; i++ {
		text := func(what string) []byte { return fmt.Appendf(nil, "%d of %s", i, what) }
		id := fmt.Sprint(i)
		must(t, q.Deliveries.Publish(t.Context(), src, text("deliveries"), nil))
		must(t, q.Fetches.Publish(t.Context(), []FetchMsg{{src, "emails", id, text("fetches"), nil}}, latest))
		must(t, q.Facts.Publish(t.Context(), []Bundle{{1, text("facts"), nil}}))
		at = commit(t, q, 1, at, map[string]string{id: string(text("records"))}, map[string]string{
			id: string(text("ratings")),
		})
		must1[uint64](t)(q.States.Put(t.Context(), "state"+id, text("states"), 0))
		must1[uint64](t)(q.DeadLetters.Bury(t.Context(), DeadLetter{
			Stage: "read", Source: src, Payload: text("letters"),
		}, ""))
	}
}

// left returns what can still be read of all that fill put there, and acknowledges it.
func left(t testing.TB, q *Queue) (all []string) {
	t.Helper()
	for role, consumers := range map[Lane][]*Consumer{
		q.Ratings: q.Ratings.Consumers(src), q.Deliveries: {q.Deliveries.Consumer(src)},
		q.Fetches: {q.Fetches.Consumer(src)},
	} {
		eventually(t, fmt.Sprintf("nothing waits in %T", role), func() bool {
			for _, c := range consumers {
				for _, m := range must1[[]*Msg](t)(c.Fetch(t.Context(), 10, 0, 50*time.Millisecond)) {
					all = append(all, string(m.Data))
					must(t, m.Ack())
				}
			}
			return must1[uint64](t)(role.Waiting(t.Context(), src)) == 0
		})
		for _, c := range consumers {
			c.Close()
		}
	}
	l := must1[*Log](t)(q.Facts.Open(t.Context(), 1, 0))
	defer l.Close()
	for _, m := range rest(t, l) {
		all = append(all, string(m.Data))
	}
	must(t, q.Contacts.Scan(t.Context(), 1, func(r Record) error { all = append(all, string(r.Data)); return nil }))
	for i := 1; i <= 3; i++ {
		if data, _, err := q.States.Get(t.Context(), fmt.Sprintf("state%d", i)); err != nil {
			t.Errorf("state %d: %v", i, err)
		} else if len(data) > 0 {
			all = append(all, string(data))
		}
	}
	for _, d := range must1[[]DeadLetter](t)(q.DeadLetters.List(t.Context(), 0, 10, "", "")) {
		all = append(all, string(d.Payload))
	}
	slices.Sort(all)
	return all
}

// kinds are the streams, by what fill puts into them, and the subject of the second message there.
var kinds = map[string]struct{ stream, subject string }{
	"deliveries": {"DELIVERIES_hubspot", "delivery.hubspot"}, "fetches": {"FETCHES_hubspot", "fetch.hubspot.emails.2"},
	"facts":   {"FACTS", "fact.1"},
	"records": {"CONTACTS_1", "contact.1.hubspot.2"}, "ratings": {"CONTACTS_1", "rating.1.hubspot.2"},
	"states":  {"CONTACTS_0", "state.state2"},
	"letters": {"DEADLETTERS", "dead.read.hubspot"},
}

// One damaged message costs that message, is told, and costs nothing else, whether a byte of it or its length is wrong.
func TestDamagedMessage(t *testing.T) {
	for what, k := range kinds {
		for name, damage := range map[string]func(t testing.TB, dir string){
			"body":   func(t testing.TB, dir string) { flip(t, dir, "2 of "+what) },
			"length": func(t testing.TB, dir string) { lengthen(t, dir, k.subject, "2 of "+what) },
		} {
			t.Run(what+" "+name, func(t *testing.T) {
				t.Parallel()
				q := open(t)
				fill(t, q)
				must(t, q.Close())
				damage(t, q.cfg.Dir)
				q = reopen(t, q.cfg)
				checkDamaged(t, q, what, k.stream, name == "body")
			})
		}
	}
}

func checkDamaged(t testing.TB, q *Queue, what, stream string, certain bool) {
	t.Helper()
	var want []string
	for kind := range kinds {
		for i := 1; i <= 3; i++ {
			if kind != what || i != 2 {
				want = append(want, fmt.Sprintf("%d of %s", i, kind))
			}
		}
	}
	slices.Sort(want)
	if got := left(t, q); !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
	found := q.Damaged()
	if len(found) != 1 || found[0].Stream != stream {
		t.Fatalf("damage: %+v, want one message of %s", found, stream)
	}
	d := found[0]
	if key, one := d.Key(); certain && (what == "records" || what == "ratings") {
		if !one || key != (Key{src, "2"}) || d.Rating != (what == "ratings") {
			t.Errorf("damage: %+v, want contact 2", d)
		}
	} else if one {
		t.Errorf("damage: %+v, want no contact", d)
	}
	if lane := what == "deliveries" || what == "fetches"; lane && (d.Source != src || d.Since.IsZero()) {
		t.Errorf("damage: %+v, want the source and the time", d)
	}
	healthy(t, q)
	q.Settled(d)
	if found := q.Damaged(); len(found) != 0 {
		t.Errorf("settled, and still there: %+v", found)
	}
}

// A message that has a file for itself, as a large one does, is damage too when it is damaged.
func TestDamagedAlone(t *testing.T) {
	q := open(t)
	for i := range 3 {
		body := append(fmt.Appendf(nil, "%d of deliveries", i+1), make([]byte, 5*mib)...)
		must(t, q.Deliveries.Publish(t.Context(), src, body, nil))
	}
	must(t, q.Close())
	if files := filesWith(t, q.cfg.Dir, "of deliveries"); len(files) != 3 {
		t.Fatalf("the messages are in %v, want a file each", files)
	}
	flip(t, q.cfg.Dir, "2 of deliveries")
	q = reopen(t, q.cfg)
	if found := q.Damaged(); len(found) != 1 || found[0].First != 2 || found[0].Last != 2 || found[0].Source != src {
		t.Errorf("damage: %+v, want the second delivery", found)
	}
	c := q.Deliveries.Consumer(src)
	defer c.Close()
	for i, m := range fetch(t, c, 2) {
		if want := fmt.Sprint(2*i+1, " of"); !strings.HasPrefix(string(m.Data), want) {
			t.Errorf("message %d is another than %q", m.Seq, want)
		}
	}
}

// What was lost is noted before the file is mended, which hides it: a crash in between loses no word of it.
func TestLossIsNotedFirst(t *testing.T) {
	q := open(t)
	fill(t, q)
	must(t, q.Close())
	flip(t, q.cfg.Dir, "2 of records")
	dir := must1[*embedded.Dir](t)(embedded.Take(q.cfg.Dir, ""))
	defer func() { must(t, dir.Leave()) }()
	spoilt := func() int { return len(filesWith(t, q.cfg.Dir, "2 og records")) }
	noted := 0
	blocks := dir.Blocks(judge, nil, func(holes []embedded.Hole) {
		if noted += len(holes); spoilt() != 1 {
			t.Error("the file was mended before anybody was told")
		}
	})
	must(t, blocks.Check(true, false))
	if noted != 1 || spoilt() != 0 {
		t.Errorf("%d messages noted, and %d files as they were", noted, spoilt())
	}
}

// A compaction leaves a damaged record where it is: moved it would be another loss.
func TestCompactionLeavesDamage(t *testing.T) {
	q := open(t)
	fill(t, q)
	must(t, q.Close())
	flip(t, q.cfg.Dir, "2 of records")
	q = reopen(t, q.cfg)
	for _, d := range q.Damaged() {
		q.Settled(d)
	}
	keys := []Key{{src, "1"}, {src, "2"}}
	before := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys))
	must1[int](t)(q.Contacts.Compact(t.Context(), CompactOptions{All: true, Rate: -1}))
	after := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys))
	stays := func(k Key) bool { return after[k].Seq == before[k].Seq }
	if !after[keys[1]].Damaged || !stays(keys[1]) || stays(keys[0]) {
		t.Errorf("before %+v, after %+v: want the damaged one alone to stay", before, after)
	}
	if found := q.Damaged(); len(found) != 0 {
		t.Errorf("found once more: %+v", found)
	}
}

// What was found outlives the process until it is settled.
func TestDamageIsRemembered(t *testing.T) {
	q := open(t)
	fill(t, q)
	must(t, q.Close())
	flip(t, q.cfg.Dir, "2 of records")
	q = reopen(t, q.cfg)
	must(t, q.Close())
	q = reopen(t, q.cfg)
	if found := q.Damaged(); len(found) != 1 || found[0].Contact != "2" {
		t.Errorf("damage %+v, want that of contact 2", found)
	}
}

// A damaged record can be replaced and forgotten, which leaves nothing of it in the files.
func TestDamagedRecordIsReplacedAndForgotten(t *testing.T) {
	q := open(t)
	fill(t, q)
	must(t, q.Close())
	flip(t, q.cfg.Dir, "2 of records")
	flip(t, q.cfg.Dir, "3 of records")
	q = reopen(t, q.cfg)
	if files := filesWith(t, q.cfg.Dir, "of records"); len(files) != 1 {
		t.Fatalf("records in %v", files)
	}
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, []Key{{src, "1"}, {src, "2"}}))
	if r := got[Key{src, "2"}]; !r.Damaged || r.Data != nil || string(got[Key{src, "1"}].Data) != "1 of records" {
		t.Errorf("loaded %+v", got)
	}
	at := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 1))
	commit(t, q, 1, at, map[string]string{"2": "made anew"}, nil)
	must(t, q.Contacts.Purge(t.Context(), 1, Key{src, "3"}))
	must(t, q.Contacts.Purge(t.Context(), 1, Key{src, "1"}))
	got = must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, []Key{{src, "1"}, {src, "2"}, {src, "3"}}))
	if len(got) != 1 || string(got[Key{src, "2"}].Data) != "made anew" {
		t.Errorf("loaded %+v", got)
	}
	if files := filesWith(t, q.cfg.Dir, "of records"); len(files) > 0 {
		t.Errorf("what was damaged is still in %v", files)
	}
	healthy(t, q)
}

// While the store is open the files are read again, and what is damaged is found before the server meets it.
func TestDamageWhileRunning(t *testing.T) {
	for what, k := range kinds {
		t.Run(what, func(t *testing.T) {
			q := open(t)
			fill(t, q)
			flip(t, q.cfg.Dir, "2 of "+what)
			q.check(false)
			found := q.Damaged()
			if len(found) != 1 || found[0].Stream != k.stream {
				t.Errorf("damage: %+v, want one message of %s", found, k.stream)
			}
			q.check(true)
			if again := q.Damaged(); len(again) != 1 {
				t.Errorf("found twice: %+v", again)
			}
			healthy(t, q)
		})
	}
}

// Where the server has met a record that it cannot read, the partition is held up until it reads the file again, and no
// longer.
func TestRecordThatTheServerCannotRead(t *testing.T) {
	if testing.Short() {
		t.Skip("waits until the server has forgotten what it read")
	}
	q := open(t)
	fill(t, q)
	flip(t, q.cfg.Dir, "2 of records")
	keys := []Key{{src, "1"}, {src, "2"}}
	var err error
	for end := time.Now().Add(hang); time.Now().Before(end) && err == nil; time.Sleep(11 * time.Second) {
		// it goes by what it has in memory until nobody has asked for ten seconds
		_, err = q.Contacts.Load(t.Context(), 1, keys)
	}
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("loaded with %v, want ErrDamaged", err)
	}
	var got map[Key]Record
	for end := time.Now().Add(hang); time.Now().Before(end) && len(got) == 0; time.Sleep(11 * time.Second) {
		got, _ = q.Contacts.Load(t.Context(), 1, keys)
	}
	if len(got) != 2 || !got[keys[1]].Damaged || got[keys[0]].Damaged {
		t.Errorf("loaded %+v", got)
	}
	if found := q.Damaged(); len(found) != 1 || found[0].Contact != "2" {
		t.Errorf("damage %+v", found)
	}
	healthy(t, q)
}

// A store that lost files, or the end of one, is not opened as if it were whole.
func TestStoreThatLostFiles(t *testing.T) {
	msgs := func(q *Queue, stream string) string {
		return filepath.Join(q.cfg.Dir, "jetstream", "$G", "streams", stream, "msgs")
	}
	for _, stream := range []string{
		"DELIVERIES_hubspot", "FETCHES_hubspot", "FACTS", "CONTACTS_0", "CONTACTS_1", "DEADLETTERS",
	} {
		for name, lose := range map[string]func(t testing.TB, q *Queue){
			"stream": func(t testing.TB, q *Queue) { must(t, os.RemoveAll(filepath.Dir(msgs(q, stream)))) },
			"blocks": func(t testing.TB, q *Queue) { must(t, os.RemoveAll(msgs(q, stream))) },
			"block":  func(t testing.TB, q *Queue) { must(t, os.Remove(filepath.Join(msgs(q, stream), "1.blk"))) },
			"tail": func(t testing.TB, q *Queue) {
				must(t, os.Remove(filepath.Join(msgs(q, stream), "index.db")))
				must(t, os.Truncate(filepath.Join(msgs(q, stream), "1.blk"), 150))
			},
			"description": func(t testing.TB, q *Queue) {
				must(t, os.WriteFile(filepath.Join(filepath.Dir(msgs(q, stream)), "meta.inf"), []byte("{"), 0o600))
			},
		} {
			if testing.Short() && stream != "CONTACTS_1" && stream != "DELIVERIES_hubspot" {
				continue
			}
			t.Run(stream+" "+name, func(t *testing.T) {
				t.Parallel()
				q := open(t)
				fill(t, q)
				salt := q.Salt()
				eventually(t, "it is written down what there is", func() bool {
					m, err := readManifest(q.cfg.Dir)
					return err == nil && m != nil && m.Streams["DEADLETTERS"].Last == 3
				})
				cfg := q.cfg
				must(t, q.Close())
				lose(t, q)
				if q, err := Open(t.Context(), cfg); err == nil {
					t.Errorf("opened: %v", q.Close())
				} else if !strings.Contains(err.Error(), stream) || !strings.Contains(err.Error(), "winnow repair") {
					t.Errorf("refused by %v; want the stream and what to do", err)
				}
				cfg.Repair = true
				q = reopen(t, cfg)
				if found := q.Damaged(); !slices.ContainsFunc(found, func(d Damage) bool {
					return d.Stream == stream
				}) {
					t.Errorf("damage %+v, want that of %s", found, stream)
				}
				if !bytes.Equal(salt, q.Salt()) || q.Partitions() != 4 {
					t.Error("the store is another one")
				}
				must(t, q.Deliveries.Publish(t.Context(), src, []byte("later"), nil))
				if got := left(t, q); !slices.Contains(got, "later") {
					t.Errorf("left are %q", got)
				}
				must(t, q.Close())
				cfg.Repair = false
				q = reopen(t, cfg)
				healthy(t, q)
			})
		}
	}
}

func TestManifestThatIsGone(t *testing.T) {
	q := open(t)
	fill(t, q)
	cfg := q.cfg
	must(t, q.Close())
	must(t, os.Remove(filepath.Join(cfg.Dir, manifestName)))
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "winnow repair") {
		t.Errorf("%v, want what to do", err)
	}
	cfg.Repair = true
	q = reopen(t, cfg)
	if found := q.Damaged(); len(found) != 1 {
		t.Errorf("damage %+v", found)
	}
}

// The last message of a file was being written when the power went, if it is torn and behind what was written down of
// the stream: that is no damage. If it was written down, it is.
func TestTornLastMessage(t *testing.T) {
	for what, held := range map[string]uint64{"acknowledged": 3, "not acknowledged": 2} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			q := open(t)
			fill(t, q)
			must(t, q.Close())
			m := must1[*manifest](t)(readManifest(q.cfg.Dir))
			of := m.Streams["DELIVERIES_hubspot"]
			if of.Last != 3 {
				t.Fatalf("closed, and written down is %+v, want all 3 messages", of)
			}
			of.Last, of.Messages = held, held
			m.Streams["DELIVERIES_hubspot"] = of
			must(t, m.write(q.cfg.Dir))
			flip(t, q.cfg.Dir, "3 of deliveries")
			q = reopen(t, q.cfg)
			if found := q.Damaged(); len(found) != int(held)-2 {
				t.Errorf("damage: %+v", found)
			}
			if all := left(t, q); len(all) != 3*len(kinds)-1 || slices.Contains(all, "3 of deliveries") {
				t.Errorf("left are %q, want all but the last delivery", all)
			}
			must(t, q.Deliveries.Publish(t.Context(), src, []byte("later"), nil))
		})
	}
}
