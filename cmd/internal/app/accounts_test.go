package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// TestAccounts plays accounts as people keep them, each with something that a program would rather not find there, and
// looks at what the CRM shows in the end.
func TestAccounts(t *testing.T) {
	t.Parallel()
	const ask = "Good morning, what does a dye vat for cotton cost, and how long does delivery take?"
	for _, account := range []struct {
		name string
		play func(w *world, id string)
		want map[string]string // fields; a value that begins with ! must not stand there
	}{
		{
			name: "our answer carries the unsubscribe line that the CRM puts below every mail",
			play: func(w *world, id string) {
				w.hears(id, hubspot.Email{Subject: "Dye vats", Text: ask})
				w.writes(id, hubspot.Email{
					Subject: "Your vat", Text: "Good morning, one vat is 6,400 and takes four weeks. Which size do " +
						"you need?\n\nKind regards\nPaul\n\nUnsubscribe",
				})
			},
			want: map[string]string{"ball": "them", "owed_reply_since": ""},
		},
		{
			name: "the gate keeper refuses, and nobody knows that address",
			play: func(w *world, id string) {
				w.writes(id, hubspot.Email{Subject: "Vats", Text: "Shall I reserve one for June?"})
				w.hears(id, hubspot.Email{
					Subject: "Re: Vats", From: "gate@weaving.example",
					Text: "We are not interested, do not write again.",
				})
				w.pass(3 * 24 * time.Hour)
			},
			want: map[string]string{"status": "open", "ball": "none"},
		},
		{
			name: "a haulier asks in the contact's conversation",
			play: func(w *world, id string) {
				w.writes(id, hubspot.Email{Subject: "Vats", Text: "The vat left today. Did you get the papers?"})
				w.hears(id, hubspot.Email{
					Subject: "Re: Vats", From: "dispatch@haulier.example",
					Text: "Which gate should our driver take on Friday?",
				})
			},
			want: map[string]string{"ball": "us", "owed_reply_since": "!", "engagement": "50"},
		},
		{
			name: "the contact writes from home",
			play: func(w *world, id string) {
				w.box.SetProperty(id, "hs_additional_emails", "mia.at.home@posteo.de")
				w.writes(id, hubspot.Email{Subject: "Vats", Text: "Which size do you need?"})
				w.hears(id, hubspot.Email{
					Subject: "Re: Vats", From: "Mia <MIA.at.home@posteo.de>",
					Text: "We need the one for 300 litres, on two floors. What would it weigh?",
				})
			},
			want: map[string]string{"ball": "us", "owed_reply_since": "!", "reasons": "~answers our questions"},
		},
		{
			name: "a colleague of ours without a seat answers, and it is logged as if it had come in",
			play: func(w *world, id string) {
				w.hears(id, hubspot.Email{Subject: "Vats", Text: ask})
				w.hears(id, hubspot.Email{
					Subject: "Re: Vats", From: "workshop@sandbox.example",
					Text: "One is 6,400 and takes four weeks. Which size do you need?",
				})
			},
			want: map[string]string{"ball": "them", "owed_reply_since": ""},
		},
		{
			name: "their mail was logged in another zone, nine hours ahead",
			play: func(w *world, id string) {
				w.hears(id, hubspot.Email{Subject: "Vats", Text: ask, At: w.clock().Add(9 * time.Hour)})
				w.writes(id, hubspot.Email{Subject: "Re: Vats", Text: "One is 6,400. Which size do you need?"})
			},
			want: map[string]string{"ball": "them", "owed_reply_since": ""},
		},
		{
			name: "a call that was only ticked off as done",
			play: func(w *world, id string) {
				w.hears(id, hubspot.Email{Subject: "Vats", Text: ask})
				w.box.Call([]string{id}, hubspot.Call{Status: "COMPLETED"})
				w.settle()
			},
			want: map[string]string{"ball": "us", "owed_reply_since": "!"},
		},
		{
			name: "another program of the same app sets an opt-out",
			play: func(w *world, id string) {
				w.hears(id, hubspot.Email{Subject: "Vats", Text: ask})
				w.now.Add(int64(time.Minute))
				w.send(fmt.Sprintf(`[{"eventId":1,"portalId":62515,"appId":54321,"occurredAt":%d,"subscriptionType":"contact.propertyChange","objectId":%s,
					"propertyName":"hs_email_optout","propertyValue":"true","changeSource":"INTEGRATION","sourceId":"54321"}]`, w.clock().UnixMilli(), id))
			},
			want: map[string]string{"rating": "", "status": ""},
		},
	} {
		t.Run(account.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, hubspot.Options{
				Owners: []hubspot.Owner{{ID: 51, UserID: 51, Email: "paul@sandbox.example"}},
			})
			id := w.box.CreateContact(map[string]string{"email": "mia@weaving.example"})
			w.settle()
			account.play(w, id)
			w.pass(10 * time.Minute)
			for name, want := range account.want {
				got := w.field(id, name)
				switch part, some := strings.CutPrefix(want, "~"); {
				case want == "!" && got != "", some && strings.Contains(got, part), want == got:
				default:
					t.Errorf("winnow_%s = %q, want %q; reasons:\n%s", name, got, want, w.field(id, "reasons"))
				}
			}
			if letters := w.letters(); len(letters) > 0 {
				t.Errorf("dead letter: %s", letters[0].Reason)
			}
		})
	}
}

// hears logs a mail that came in, and writes one that went out, half an hour after what was before.
func (w *world) hears(id string, m hubspot.Email) {
	w.t.Helper()
	w.now.Add(int64(30 * time.Minute))
	m.Incoming = true
	w.box.Email([]string{id}, m)
	w.settle()
}

func (w *world) writes(id string, m hubspot.Email) {
	w.t.Helper()
	w.now.Add(int64(30 * time.Minute))
	w.box.Email([]string{id}, m)
	w.settle()
}

// send delivers a body as HubSpot would.
func (w *world) send(body string) {
	w.t.Helper()
	if _, err := w.box.Send(w.t.Context(), w.box.Sign([]byte(body))); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
}
