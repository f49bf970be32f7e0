package pipeline

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// storied is a CRM each of whose contacts has a history, one step after the other: the profile, then the mails, then
// their texts.
func storied(more func(contact string) []crm.Notice) *fake {
	return &fake{fetch: func(refs []crm.Ref) (ns []crm.Notice, _ error) {
		for _, r := range refs {
			switch r.Type {
			case "contacts":
				ns = append(ns, profiles([]crm.Ref{r})...)
				ns = append(ns, more(r.ID)...)
				ns = append(ns, crm.Notice{Ref: &crm.Ref{Type: "mails of", ID: r.ID}})
			case "mails of":
				for i := range 3 {
					ns = append(ns, crm.Notice{
						Ref: &crm.Ref{Type: "emails", ID: fmt.Sprint(r.ID, "-", i), Contacts: []string{r.ID}},
					})
				}
			case "emails":
				time.Sleep(20 * time.Millisecond) // so that they do not come together
				ns = append(ns, mail(r.Contacts[0], r.ID, start.Add(-time.Duration(r.ID[len(r.ID)-1]-'0')*time.Hour)))
			}
		}
		return ns, nil
	}}
}

// nothing is more of a contact's profile.
func nothing(string) []crm.Notice { return nil }

// TestHistoryCostsOneWrite: a new contact is written once, when all that was on its way about it has come.
func TestHistoryCostsOneWrite(t *testing.T) {
	f, writes := storied(nothing), map[string]int{}
	f.write = func(chs []crm.Change) []error {
		for _, c := range chs {
			writes[c.Contact]++
		}
		return make([]error, len(chs))
	}
	r := newRig(t, t.TempDir(), func(o *Options) { o.FirstWrite = waittest.Hang }, f)
	for _, id := range []string{"7", "8", "9"} {
		r.send("fake", mail(id, "first", start))
	}
	r.idle()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range []string{"7", "8", "9"} {
		if writes[id] != 1 {
			t.Errorf("contact %s was written %d times, want once", id, writes[id])
		}
	}
}

// TestNothingIsWrittenOfThem: of those who are not to be rated no write is ever made, however late their profile
// tells so.
func TestNothingIsWrittenOfThem(t *testing.T) {
	f := storied(func(contact string) []crm.Notice {
		name := map[string]string{"7": crm.PropDoNotProfile, "8": crm.PropStaff}[contact]
		return []crm.Notice{{Fact: &crm.Fact{
			Contact: contact, ID: "property/" + name, Version: 1, Kind: crm.KindProperty, At: crm.At(start),
			Property: &crm.Property{Name: name, Value: "true"},
		}}}
	})
	r := newRig(t, t.TempDir(), func(o *Options) { o.FirstWrite = time.Millisecond }, f)
	r.send("fake", mail("7", "first", start), mail("8", "first", start))
	r.idle()
	r.pass(timing.AskAgain)
	r.idle()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.calls != 0 {
		t.Errorf("%d calls wrote %v, want none", f.calls, f.written)
	}
}

// TestProfileDoesNotCome: without the profile nothing is written however long that lasts; with it, what else is on
// its way is waited for a while only.
func TestProfileDoesNotCome(t *testing.T) {
	var mu sync.Mutex
	away := map[string]bool{"contacts": true, "mails of": true}
	f := storied(nothing)
	history := f.fetch
	f.fetch = func(refs []crm.Ref) ([]crm.Notice, error) {
		mu.Lock()
		defer mu.Unlock()
		if away[refs[0].Type] {
			return nil, &connectors.Error{
				Vendor: "fake", Op: "fetch", Kind: connectors.RateLimited, After: time.Second,
				Err: errors.New("HTTP 429"),
			}
		}
		return history(refs)
	}
	core, logs := observer.New(zap.ErrorLevel)
	r := newRig(t, t.TempDir(), func(o *Options) { o.Log, o.FirstWrite = zap.New(core), 100*time.Millisecond }, f)
	r.send("fake", mail("7", "first", start))
	r.idleBut("fetch")
	for range 3 {
		r.pass(timing.AskAgain)
		r.idleBut("fetch")
	}
	if got := f.of("7"); got != nil {
		t.Fatalf("written without a profile: %v", got)
	}
	if n := logs.FilterField(zap.String("contact", "7")).Len(); n != 1 {
		t.Errorf("that the profile does not come is said %d times, want once: %v", n, logs.All())
	}
	mu.Lock()
	delete(away, "contacts")
	mu.Unlock()
	waittest.Until(t, "written with what is known", func() bool {
		return f.of("7")[crm.FieldRating] != ""
	})
}
