package queue

import (
	"os"
	"path/filepath"
	"testing"
)

// What is kept comes back when its stream is gone, or its record alone, and what else was lost does not.
func TestKept(t *testing.T) {
	for name, lose := range map[string]func(t testing.TB, dir string){
		"the stream": func(t testing.TB, dir string) {
			must(t, os.RemoveAll(filepath.Join(dir, "jetstream", "$G", "streams", "CONTACTS_1")))
		},
		"its files": func(t testing.TB, dir string) {
			must(t, os.RemoveAll(filepath.Join(dir, "jetstream", "$G", "streams", "CONTACTS_1", "msgs")))
		},
		"one record, nobody knows whose": func(t testing.TB, dir string) {
			lengthen(t, dir, "contact.1.hubspot.kept", "keep this")
		},
		"one record, and half a line of the copies": func(t testing.TB, dir string) {
			lengthen(t, dir, "contact.1.hubspot.kept", "keep this")
			f := must1[*os.File](t)(os.OpenFile(filepath.Join(dir, keptName), os.O_WRONLY|os.O_APPEND, 0))
			_, err := f.WriteString(`01234567 {"partit`)
			must(t, err)
			must(t, f.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := open(t)
			fill(t, q)
			keys := []Key{{src, "kept"}, {src, "also"}, {src, "2"}}
			at := must1[Checkpoint](t)(q.Contacts.Checkpoint(t.Context(), 1))
			commit(t, q, 1, at, map[string]string{"kept": "keep this"}, nil)
			must(t, q.Contacts.Keep(1, Put{Key: keys[0], Data: []byte("keep this")}))
			cfg := q.cfg
			must(t, q.Close())
			lose(t, cfg.Dir)
			cfg.Repair = true
			q = reopen(t, cfg)
			got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys))
			if string(got[keys[0]].Data) != "keep this" {
				t.Errorf("loaded %+v, want what was kept", got)
			}
			must(t, q.Contacts.Keep(1, Put{Key: keys[1], Data: []byte("keep that")}))
			if n := must1[int](t)(q.Contacts.Restore(t.Context())); n != 1 {
				t.Errorf("%d records were put back, want the one that was never stored", n)
			}
			must(t, q.Close())
			cfg.Repair = false
			q = reopen(t, cfg)
			if n := must1[int](t)(q.Contacts.Restore(t.Context())); n != 0 {
				t.Errorf("%d records were put back again", n)
			}
			if got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, keys)); len(got) < 2 {
				t.Errorf("loaded %+v, want both", got)
			}
		})
	}
}

// What is kept is written once, and a later one never takes the place of what stands there.
func TestKeptOnce(t *testing.T) {
	q := open(t)
	at := commit(t, q, 1, Checkpoint{}, map[string]string{"1": "first"}, nil)
	size := func() int64 { return must1[os.FileInfo](t)(os.Stat(filepath.Join(q.cfg.Dir, keptName))).Size() }
	must(t, q.Contacts.Keep(1, Put{Key: Key{src, "1"}, Data: []byte("first")}))
	once := size()
	must(t, q.Contacts.Keep(1, Put{Key: Key{src, "1"}, Data: []byte("first")}))
	if size() != once {
		t.Error("it was written twice")
	}
	commit(t, q, 1, at, map[string]string{"1": "changed"}, nil)
	must1[int](t)(q.Contacts.Restore(t.Context()))
	got := must1[map[Key]Record](t)(q.Contacts.Load(t.Context(), 1, []Key{{src, "1"}}))
	if s := string(got[Key{src, "1"}].Data); s != "changed" {
		t.Errorf("the record is %q", s)
	}
}
