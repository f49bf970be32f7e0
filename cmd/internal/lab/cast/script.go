package cast

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// script is a member while it is written. Times are "01-13 10:05", in the prospect's zone and in 2026.
type script struct {
	Member
	rng     *rand.Rand
	zone    *time.Location
	style   style
	sign    string // below their mails
	subject string
	last    *mail // what the next mail quotes; set while playing
	deals   []string
}

func newScript(seed uint64, n int) *script {
	return &script{rng: rand.New(rand.NewPCG(seed, uint64(n)))} //nolint:gosec // it moves minutes in a play
}

// cast says who plays, and how their mails look.
func (sc *script) cast(style style, p world.Profile) {
	loc, err := time.LoadLocation(p.Zone)
	if err != nil {
		panic(fmt.Sprintf("cast: %s: %v", p.First, err)) // a fault of the script
	}
	sc.zone, sc.style, sc.Profile = loc, style, p
}

// at reads a time of the script. Up to nine minutes are added, so that no two plays are alike.
func (sc *script) at(when string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", "2026-"+when, sc.zone)
	if err != nil {
		panic(fmt.Sprintf("cast: %s: %v", sc.Name, err))
	}
	return t.Add(time.Duration(sc.rng.IntN(10)) * time.Minute)
}

// do adds a step.
func (sc *script) do(when string, do func(s world.CRM, contact string)) {
	sc.Steps = append(sc.Steps, Step{At: sc.at(when), Do: do})
}

// once adds a step that waits for what Winnow shows of the contact.
func (sc *script) once(when string, ready func(map[string]string) bool, do func(s world.CRM, contact string)) {
	sc.Steps = append(sc.Steps, Step{At: sc.at(when), When: ready, Do: do})
}

func status(want ...string) func(map[string]string) bool {
	return func(fields map[string]string) bool {
		for _, w := range want {
			if fields["status"] == w {
				return true
			}
		}
		return false
	}
}

// they is a mail of theirs, we one of ours; a first line "Subject: ..." begins a new conversation.
func (sc *script) they(when, text string) {
	sc.do(when, func(s world.CRM, contact string) { sc.mail(s, contact, true, text) })
}

func (sc *script) we(when, text string) {
	sc.do(when, func(s world.CRM, contact string) { sc.mail(s, contact, false, text) })
}

// bounced is a mail of ours that comes back ten minutes later.
func (sc *script) bounced(when, text string) {
	id := new(string)
	sc.do(when, func(s world.CRM, contact string) { *id = sc.mail(s, contact, false, text) })
	sent := sc.Steps[len(sc.Steps)-1].At
	sc.Steps = append(sc.Steps, Step{At: sent.Add(10 * time.Minute), Do: func(s world.CRM, _ string) { s.Bounce(*id) }})
}

// mail logs a mail as it would look in the CRM: the words, the signature, and below the mail that it answers.
func (sc *script) mail(s world.CRM, contact string, incoming bool, text string) (id string) {
	subject := "Re: " + sc.subject
	if head, rest, ok := strings.Cut(text, "\n\n"); ok && strings.HasPrefix(head, "Subject: ") {
		sc.subject, sc.last = strings.TrimPrefix(head, "Subject: "), nil
		subject, text = sc.subject, rest
	}
	m := &mail{
		at: s.Now().In(sc.zone), subject: subject, text: text, from: ours, to: sc.person(), style: gmail, sign: ourSign,
	}
	if incoming {
		m.from, m.to, m.style, m.sign = sc.person(), ours, sc.style, sc.sign
	}
	sc.last, id = m, s.Email([]string{contact}, world.Email{
		Incoming: incoming, Subject: subject, Text: m.render(sc.last), Deals: sc.deals,
	})
	return id
}

// machine is an answer that no person wrote.
func (sc *script) machine(when, subject, text string) {
	sc.do(when, func(s world.CRM, contact string) {
		s.Email([]string{contact}, world.Email{Incoming: true, Subject: subject, Text: text, Deals: sc.deals})
	})
}

// call logs a telephone call.
func (sc *script) call(when string, c world.Call) {
	sc.do(when, func(s world.CRM, contact string) {
		c.Deals = sc.deals
		s.Call([]string{contact}, c)
	})
}

func (sc *script) person() person {
	return person{sc.Profile.First + " " + sc.Profile.Last, sc.Profile.Email}
}

// later is an instant some days after now, at a local time.
func (sc *script) later(s world.CRM, days int, clock string) time.Time {
	day := s.Now().In(sc.zone).AddDate(0, 0, days)
	t, err := time.ParseInLocation("2006-01-02 15:04", day.Format("2006-01-02 ")+clock, sc.zone)
	if err != nil {
		panic(fmt.Sprintf("cast: %s: %v", sc.Name, err))
	}
	return t
}

// meet books a meeting some days ahead; what became of it is a step of its own.
func (sc *script) meet(when string, days int, clock, title string) *string {
	id := new(string)
	sc.do(when, func(s world.CRM, contact string) {
		*id = s.Meet([]string{contact}, world.Meeting{Title: title, Start: sc.later(s, days, clock), Deals: sc.deals})
	})
	return id
}

func (sc *script) ended(when string, meeting *string, end world.Ending) {
	sc.do(when, func(s world.CRM, _ string) { s.EndMeeting(*meeting, end) })
}

// deal opens a deal; what comes after it in the script belongs to it.
func (sc *script) deal(when, name string, amount float64) *string {
	id := new(string)
	sc.do(when, func(s world.CRM, contact string) {
		*id = s.Deal([]string{contact}, world.Deal{Name: name, Amount: amount})
		sc.deals = []string{*id}
	})
	return id
}

func (sc *script) stage(when string, deal *string, stage world.Stage) {
	sc.do(when, func(s world.CRM, _ string) { s.SetStage(*deal, stage) })
}

// quote drafts, publishes and sends a quote; {link} in the text stands for its address.
func (sc *script) quote(when, title, text string, lines ...world.Line) *string {
	id := new(string)
	sc.do(when, func(s world.CRM, contact string) {
		*id = s.Quote([]string{contact}, world.Quote{
			Title: title, Lines: lines, Expires: sc.later(s, 30, "12:00"), Deals: sc.deals,
		})
		link := s.Publish(*id)
		sc.mail(s, contact, false, strings.ReplaceAll(text, "{link}", link))
	})
	return id
}

// again publishes a quote once more and sends its link.
func (sc *script) again(when string, quote *string, text string) {
	sc.do(when, func(s world.CRM, contact string) {
		link := s.Publish(*quote)
		sc.mail(s, contact, false, strings.ReplaceAll(text, "{link}", link))
	})
}
