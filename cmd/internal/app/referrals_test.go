package app

import (
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestReferrals: whom a contact sent us counts for it, and whom those sent us too; and it is no misfit while it sends
// us somebody (G7). The rules alone name the property by which it would be one.
func TestReferrals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, hubspot.Options{Subscriptions: append(hubspot.DefaultSubscriptions(), hubspot.Subscription{
		Type: "object.propertyChange", Object: "contacts", Property: "industry",
	})}, "WINNOW_HUBSPOT_REFERRAL_LABELS=Referred by", "WINNOW_RULES_MISFIT=industry=casino")
	a, b, c := w.contact("a"), w.contact("b"), w.contact("c")
	w.box.SetProperty(a, "industry", "casino")
	w.box.Email([]string{a}, hubspot.Email{Incoming: true, Subject: "Looms", Text: "What does a loom cost?"})
	w.settle()
	w.now.Add(int64(time.Hour))
	w.box.Email([]string{a}, hubspot.Email{
		Subject: "Looms", Text: "We cannot serve casinos. The makers of cards can help you better.",
	})
	w.settle()
	w.pass(day)
	w.want(a, "status", "nurture")

	refer := func(came, through string) {
		w.now.Add(int64(time.Hour))
		w.box.Label(hubspot.Ref{Kind: "contacts", ID: came}, hubspot.Ref{Kind: "contacts", ID: through}, "Referred by",
			"Referred")
		w.settle()
	}
	reasons := func(contact string, want bool, text string) {
		t.Helper()
		if got := w.field(contact, "reasons"); strings.Contains(got, text) != want {
			t.Errorf("contact %s: %q in its reasons: want %t\n%s", contact, text, want, got)
		}
	}
	refer(c, b) // before anybody knows through whom b came
	reasons(b, true, "+10 has led one other contact to us (A29)")
	reasons(a, false, "A29")
	refer(b, a)
	w.want(a, "status", "open")
	reasons(a, true, "+15 has led 2 other contacts to us (A29)")
	reasons(c, true, "came through somebody we know")

	// Read again, in another order, nothing is different.
	before := w.field(a, "rated_at")
	for _, id := range []string{c, b, a} {
		w.now.Add(int64(time.Hour))
		w.box.SetProperty(id, "email", "new-"+id+"@hard.example")
		w.settle()
	}
	reasons(a, true, "+15 has led 2 other contacts to us (A29)")
	if after := w.field(a, "rated_at"); after != before {
		t.Errorf("rated anew at %s", after)
	}

	w.now.Add(int64(time.Hour))
	w.box.Disassociate(hubspot.Ref{Kind: "contacts", ID: b}, hubspot.Ref{Kind: "contacts", ID: a})
	w.settle()
	w.pass(time.Hour)
	w.want(a, "status", "nurture")
	reasons(a, false, "A29")
	reasons(b, true, "+10 has led one other contact to us (A29)")

	// Two whom b sent become one by a merge, and count as one.
	d := w.contact("d")
	refer(d, b)
	reasons(b, true, "has led 2 other contacts to us (A29)")
	w.now.Add(int64(time.Hour))
	one := w.box.Merge(c, d)
	w.settle()
	w.pass(time.Hour)
	reasons(b, true, "+10 has led one other contact to us (A29)")
	reasons(one, true, "came through somebody we know")
	reasons(one, false, "has led")

	// A change of what the rules name is heard of.
	w.box.SetProperty(a, "industry", "weaving")
	w.settle()
	w.pass(time.Hour)
	w.want(a, "status", "open")
	if l := w.letters(); len(l) > 0 {
		t.Errorf("dead letters: %+v", l)
	}
}
