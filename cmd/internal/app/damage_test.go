package app

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/queue"
)

// spoils flips a bit at the end of a contact's newest record in the files of a store that is closed.
func (w *world) spoils(contact string) {
	w.t.Helper()
	part := fmt.Sprint(w.app.Queue.PartitionOf("hubspot", contact))
	subject := []byte("contact." + part + ".hubspot." + contact)
	files, err := filepath.Glob(filepath.Join(w.dir, "jetstream", "$G", "streams", "CONTACTS_*", "msgs", "*.blk"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		at := bytes.LastIndex(b, subject)
		if at < 0 {
			continue
		}
		head := at - 22 // the record's length stands there, and a hash of 8 bytes at its end
		end := head + int(binary.LittleEndian.Uint32(b[head:])&^(1<<31))
		b[end-12] ^= 1
		if err := os.WriteFile(file, b, 0o600); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Fatalf("no record of %s in %v", contact, files)
}

// facts are the ids of what is known of a contact.
func (w *world) facts(contact string) (ids []string) {
	w.t.Helper()
	key, q := queue.Key{Source: "hubspot", Contact: contact}, w.app.Queue
	found, _, err := stored.Contacts(w.t.Context(), q, q.PartitionOf(key.Source, contact), []queue.Key{key})
	if err != nil {
		w.t.Fatal(err)
	}
	c := found[key]
	if c == nil {
		return nil
	}
	if err := c.Whole(); err != nil {
		w.t.Fatal(err)
	}
	for _, f := range slices.Concat(c.Record.Conduct, c.Record.Peers, c.Record.Items, c.Record.Profile) {
		ids = append(ids, f.ID)
	}
	slices.Sort(ids)
	return ids
}

// TestDamagedContactIsReadAlone: of one contact whose record was lost all is read again, what others on its deal have
// written too, and of others nothing else: no backfill of all the source begins, and holds decisions.
func TestDamagedContactIsReadAlone(t *testing.T) {
	w := newWorld(t, hubspot.Options{})
	mia := w.box.CreateContact(map[string]string{"email": "mia@weaving.example"})
	colleague := w.box.CreateContact(map[string]string{"email": "ben@weaving.example"})
	other := w.box.CreateContact(map[string]string{"email": "zoe@ropes.example"})
	deal := w.box.Create("deals", map[string]string{
		"dealname": "Vats", "pipeline": "default", "dealstage": "qualifiedtobuy",
	}, hubspot.Ref{Kind: "contacts", ID: mia}, hubspot.Ref{Kind: "contacts", ID: colleague})
	w.box.Create("quotes", map[string]string{
		"hs_title": "Vats", "hs_status": "APPROVAL_NOT_NEEDED", "hs_quote_amount": "900",
	}, hubspot.Ref{Kind: "deals", ID: deal})
	w.box.Email([]string{mia}, hubspot.Email{
		Incoming: true, Subject: "Vats", Text: "What does a dye vat for cotton cost?",
	})
	w.box.Call([]string{mia}, hubspot.Call{Incoming: true})
	w.box.Email([]string{colleague}, hubspot.Email{Incoming: true, Subject: "Vats", Text: "We take two of them."})
	w.box.Email([]string{other}, hubspot.Email{Incoming: true, Subject: "Ropes", Text: "What do ropes cost?"})
	w.settle()
	facts, rated := w.facts(mia), w.field(mia, "rating")
	if len(facts) < 5 || rated == "" {
		t.Fatalf("of the contact %v are known, and it is rated %q", facts, rated)
	}

	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w.spoils(mia)
	w.start()
	w.until("all of the contact is known again", func() bool { return slices.Equal(w.facts(mia), facts) })
	w.until("its letter has gone", func() bool { return len(w.letters()) == 0 })
	w.until("it is rated as before", func() bool { return w.explain(mia).Rating.Letter == rated })
	b, err := w.app.Pipeline.Backfill(t.Context(), "hubspot")
	if err != nil || b.Since != 0 {
		t.Errorf("a backfill of all the source was begun: %+v, %v", b, err)
	}
	if !bytes.Contains([]byte(w.warnings()), []byte("the store has lost")) {
		t.Error("nobody was told")
	}
}
