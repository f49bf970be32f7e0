package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

func goneNotice(id string, at time.Time, contact string) crm.Notice {
	return crm.Notice{Removed: &crm.Removal{ID: id, Version: at.UnixMilli(), Contact: contact}}
}

// stands are the ids of a contact's messages that count.
func (r *rig) stands(contact string) []string {
	var ids []string
	c := r.contact("fake", contact)
	for _, f := range slices.Concat(c.Record.Conduct, c.Record.Peers) {
		if !f.Gone {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

// TestRetract: what is gone is taken back from all who hold it, or from the one contact that is named, in whatever
// order the deliveries come, and not from a version that came later.
func TestRetract(t *testing.T) {
	r := newRig(t, t.TempDir(), nil, &fake{})
	peer := mail("3", "1", start)
	peer.Fact.ID, peer.Fact.Peer = crm.PeerPrefix+"emails/1", "1"
	part := mail("4", "x", start)
	part.Fact.ID = "conversations/9/8"
	r.send("fake", mail("1", "1", start), mail("2", "1", start), mail("1", "2", start), mail("2", "2", start),
		mail("1", "11", start), peer, part)
	r.send("fake", goneNotice("emails/1", start.Add(20*time.Minute), ""),
		goneNotice("emails/2", start.Add(20*time.Minute), "2"), goneNotice("conversations/9", start, ""))
	r.idle()
	for contact, want := range map[string]string{"1": "emails/11 emails/2", "2": "", "3": "", "4": ""} {
		if got := strings.Join(r.stands(contact), " "); got != want {
			t.Errorf("contact %s: %q stand, want %q", contact, got, want)
		}
	}
	late := mail("1", "1", start) // the same once more
	back := mail("2", "1", start)
	back.Fact.Version = start.Add(40 * time.Minute).UnixMilli()
	r.send("fake", late, back)
	r.send("fake", goneNotice("emails/1", start.Add(20*time.Minute), "")) // said before it was put back
	r.idle()
	if got := r.stands("1"); slices.Contains(got, "emails/1") {
		t.Error("an older version brought it back")
	}
	if got := r.stands("2"); !slices.Equal(got, []string{"emails/1"}) {
		t.Errorf("put back: %v", got)
	}
	r.pass(timing.SweepAgain)
	r.idle()
	if l, _, err := stored.RemovedState("fake").Get(t.Context(), r.q); err != nil || len(l.List) != 0 {
		t.Errorf("left on the list: %v, %v", l.List, err)
	}
}

// TestRetractOnItsWay: what was fetched before it was gone, and is published only after all have been looked through,
// is taken back too.
func TestRetractOnItsWay(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
		if refs[0].Type != "emails" {
			return profiles(refs), nil
		}
		close(asked)
		<-answer
		return []crm.Notice{mail("1", "1", start)}, nil
	}}
	r := newRig(t, t.TempDir(), nil, f)
	r.send("fake", crm.Notice{Ref: &crm.Ref{Type: "emails", ID: "1"}})
	<-asked
	r.send("fake", goneNotice("emails/1", start.Add(time.Minute), ""))
	r.idleBut(watermark.StageFetch)
	close(answer)
	r.idle()
	if got := r.stands("1"); len(got) != 1 {
		t.Fatalf("%v stand before it is looked for again", got)
	}
	r.pass(timing.SweepAgain)
	r.idle()
	if got := r.stands("1"); len(got) != 0 {
		t.Errorf("%v stand, want none: it was deleted", got)
	}
	if l, _, err := stored.RemovedState("fake").Get(t.Context(), r.q); err != nil || len(l.List) != 0 {
		t.Errorf("left on the list: %v, %v", l.List, err)
	}
}

// TestForgottenIsOnNoList: a contact that is named by a removal and forgotten before that was carried out is named no
// more.
func TestForgottenIsOnNoList(t *testing.T) {
	r := newRig(t, t.TempDir(), func(o *Options) { o.Roles = []Role{RoleReceive, RoleRead, RoleRate} }, &fake{})
	r.send("fake", mail("7", "1", start), goneNotice("emails/1", start.Add(20*time.Minute), "7"),
		goneNotice("emails/1", start.Add(20*time.Minute), "8"))
	list := func() []stored.Removal {
		l, _, err := stored.RemovedState("fake").Get(t.Context(), r.q)
		if err != nil {
			t.Fatal(err)
		}
		return l.List
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		waittest.Until(t, what, done)
	}
	wait("the removals are not on the list", func() bool { return len(list()) == 2 })
	if err := r.p.Forget(t.Context(), crm.ContactRef{Source: "fake", Contact: "7"}); err != nil {
		t.Fatal(err)
	}
	wait("the forgotten contact stands on the list still", func() bool {
		l := list()
		return len(l) == 1 && l[0].Contact == "8"
	})
}

// TestFetchesLoseNothing: what is said of a record while it waits to be fetched takes nothing back that was said
// before, in whatever delivery it came.
func TestFetchesLoseNothing(t *testing.T) {
	var mu sync.Mutex
	away, left, asOf := true, []string{}, int64(0)
	f := &fake{fetch: func(refs []crm.Ref) ([]crm.Notice, error) {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.Unavailable, Err: errors.New("down"),
			}
		}
		for _, ref := range refs {
			left, asOf = append(left, ref.Left...), max(asOf, ref.AsOf)
		}
		return nil, nil
	}}
	r := newRig(t, t.TempDir(), nil, f)
	for _, ref := range []crm.Ref{{Left: []string{"7"}, AsOf: 5}, {Left: []string{"8"}, AsOf: 9}, {AsOf: 4}, {}} {
		ref.Type, ref.ID = "emails", "1"
		r.send("fake", crm.Notice{Ref: &ref})
		r.idleBut(watermark.StageFetch) // so that each is read by itself
	}
	mu.Lock()
	away = false
	mu.Unlock()
	r.idle()
	slices.Sort(left)
	if left = slices.Compact(left); !slices.Equal(left, []string{"7", "8"}) || asOf != 9 {
		t.Errorf("fetched for %v, who left, as of %d, want [7 8] and 9", left, asOf)
	}
}

// TestForgetGoesOn: an erasure that failed half-way is finished later, and says so without an address that serves as
// an id.
func TestForgetGoesOn(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	r := newRig(t, t.TempDir(), func(o *Options) {
		o.Log, o.Roles = zap.New(core), []Role{RoleReceive, RoleRead, RoleRate}
	}, &fake{})
	ref := crm.ContactRef{Source: "fake", Contact: "ann@example.com"}
	r.send("fake", mail(ref.Contact, "1", start))
	if _, err := r.q.DeadLetters.Bury(t.Context(), queue.DeadLetter{
		Stage: watermark.StageWrite, Source: "fake", Contacts: []string{ref.Contact},
	}, ""); err != nil {
		t.Fatal(err)
	}
	list := func(data []byte) {
		t.Helper()
		if _, err := r.q.States.Put(t.Context(), "removed.fake", data, stored.AnyRevision); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string, done func() bool) {
		t.Helper()
		waittest.Until(t, what, done)
	}
	list([]byte{0xff}) // which nobody can read, so that the erasure fails there
	if err := r.p.Forget(t.Context(), ref); err != nil {
		t.Fatal(err)
	}
	wait("the erasure has not failed", func() bool { return logs.FilterMessage("put off for a minute").Len() > 0 })
	for _, e := range logs.All() {
		if strings.Contains(fmt.Sprint(e.Message, e.ContextMap()), ref.Contact) {
			t.Errorf("the log names the contact: %s %v", e.Message, e.ContextMap())
		}
	}
	list(stored.Encode(stored.Removals{}))
	r.pass(2 * time.Minute)
	wait("the erasure was not taken up again", func() bool {
		letters, err := r.q.DeadLetters.List(t.Context(), 0, 10, "", "fake")
		gone, err2 := r.p.Forgotten(t.Context(), ref)
		return err == nil && err2 == nil && gone && len(letters) == 0
	})
}
