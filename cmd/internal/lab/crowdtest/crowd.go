// Package crowdtest is a crowd of prospects whose lives are drawn by lot, the same for the same seed. Where the cast
// tells stories with a known end, the crowd does everything that can be done in a CRM in any order, for tests that
// compare two ways to the same end.
package crowdtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// Crowd is the people and what there is about them.
type Crowd struct {
	Contacts []string // by the CRM's ids

	box *hubspot.Sandbox
	set func(time.Time)
	rnd *rand.Rand
	by  map[string]*person
}

// person is what can be done further with one contact.
type person struct {
	meetings, quotes, deals, tasks []string
}

// New makes a crowd of n contacts, created at the sandbox's present instant. set moves the sandbox's clock.
func New(box *hubspot.Sandbox, set func(time.Time), seed uint64, n int) *Crowd {
	c := &Crowd{box: box, set: set, rnd: rand.New(rand.NewPCG(seed, 7)), by: map[string]*person{}}
	for i := range n {
		props := map[string]string{"email": fmt.Sprintf("person%d@crowd%d.example", i, i%17)}
		if c.rnd.IntN(2) == 0 {
			props["hs_timezone"] = pick(c, "europe_slash_berlin", "america_slash_new_york", "asia_slash_kolkata")
		}
		if c.rnd.IntN(3) == 0 {
			props["country"] = pick(c, "Germany", "France", "United States")
		}
		id := box.CreateContact(props)
		c.Contacts = append(c.Contacts, id)
		c.by[id] = &person{}
	}
	return c
}

func pick[T any](c *Crowd, of ...T) T { return of[c.rnd.IntN(len(of))] }

// Live has n things happen between from and to, in the order of time, each at an instant of its own. It leaves the
// clock at to.
func (c *Crowd) Live(from, to time.Time, n int) {
	at := make([]time.Duration, n)
	for i := range at {
		at[i] = time.Duration(c.rnd.Int64N(int64(to.Sub(from)))).Truncate(time.Millisecond)
	}
	slices.Sort(at)
	for i := range at {
		if i > 0 && at[i] <= at[i-1] {
			at[i] = at[i-1] + time.Millisecond
		}
		c.set(from.Add(at[i]))
		c.act()
	}
	c.set(to)
}

// what they write, from keen to curt, and what we do.
var (
	theirs = []string{
		"Hello, could you send me a quote for 20 seats? We decide next week.", "Yes.", "ok", "Maybe.", "Not sure.",
		"Thanks!", "We have 40 looms in two halls and want to replace half of them by May. Our budget is 90,000 euro.",
		"Could you send me the quote again please?", "Is there a discount if we take more?",
		"No thank you, we are not interested.", "Later, I will let you know.",
		"What does delivery cost? And how long does it take? Do you train people too?",
		"Tuesday at 10 works for me.", "I can't make it, sorry.", "There will be more business next quarter.",
	}
	ourOwn = []string{
		"How many looms do you have today, and when do you want to replace them?",
		"Would Tuesday at 10 or Wednesday at 14:00 suit you for a call?",
		"Please find our offer attached. What do you think of it?", "Just a line to say that the brochure is out.",
		"Have you had time to look at our offer?", "I will send you the figures tomorrow.",
	}
)

// act does one thing.
func (c *Crowd) act() {
	id := pick(c, c.Contacts...)
	p, one, now := c.by[id], []string{id}, c.box.Now()
	switch n := c.rnd.IntN(100); {
	case n < 24:
		m := hubspot.Email{Incoming: true, Subject: "Re: looms", Text: pick(c, theirs...), Deals: c.some(p.deals)}
		if c.rnd.IntN(12) == 0 {
			m.Subject, m.Text = "Automatic reply: looms", "I am out of the office until 20 May 2026."
		}
		if c.rnd.IntN(10) == 0 {
			one = append(one, c.other(id)...)
		}
		c.box.Email(one, m)
	case n < 52:
		mail := c.box.Email(one, hubspot.Email{Subject: "Looms", Text: pick(c, ourOwn...), Deals: c.some(p.deals)})
		if c.rnd.IntN(15) == 0 {
			c.box.Bounce(mail)
		}
	case n < 60:
		c.box.Call(one, hubspot.Call{
			Incoming: c.rnd.IntN(2) == 0, Duration: time.Duration(c.rnd.IntN(600)) * time.Second,
			Status: pick(c, "COMPLETED", "NO_ANSWER", "BUSY"), Disposition: pick(c, "", hubspot.CallConnected,
				hubspot.CallNoAnswer),
		})
	case n < 66:
		p.meetings = append(p.meetings, c.box.Meeting(one, hubspot.Meeting{
			Title: "Looms", Start: now.Add(time.Duration(1+c.rnd.IntN(200)) * time.Hour),
		}))
	case n < 70 && len(p.meetings) > 0:
		c.box.MoveMeeting(pick(c, p.meetings...), now.Add(time.Duration(1+c.rnd.IntN(200))*time.Hour))
	case n < 74 && len(p.meetings) > 0:
		c.box.EndMeeting(pick(c, p.meetings...), pick(c, "COMPLETED", "NO_SHOW", "CANCELED", "RESCHEDULED"))
	case n < 77:
		p.deals = append(p.deals, c.box.Deal(append(one, c.other(id)...), hubspot.Deal{
			Name: "Looms", Amount: float64(100 * (1 + c.rnd.IntN(900))),
		}))
	case n < 80 && len(p.deals) > 0:
		c.box.SetStage(pick(c, p.deals...), pick(c, "qualifiedtobuy", "presentationscheduled", "contractsent",
			"closedlost", "closedlost", "closedwon"))
	case n < 83:
		p.quotes = append(p.quotes, c.box.Quote(one,
			hubspot.Quote{Title: "Looms", Number: fmt.Sprint(c.rnd.IntN(1000)), Lines: []hubspot.Line{
				{
					Name: "Loom", Quantity: float64(1 + c.rnd.IntN(20)), Price: 1200,
					Discount: float64(c.rnd.IntN(3) * 50),
				},
			}}))
	case n < 88 && len(p.quotes) > 0:
		c.box.Publish(pick(c, p.quotes...))
	case n < 91:
		p.tasks = append(p.tasks, c.box.Task(one, hubspot.Task{
			Subject: "Call them", Due: now.Add(time.Duration(c.rnd.IntN(300)) * time.Hour),
		}))
	case n < 93 && len(p.tasks) > 0:
		c.box.DoTask(pick(c, p.tasks...))
	case n < 95:
		c.box.Communication(one, "WHATS_APP", pick(c, theirs...))
	default:
		c.property(id)
	}
}

// property changes one property of a contact at the screen.
func (c *Crowd) property(id string) {
	switch c.rnd.IntN(6) {
	case 0:
		c.box.SetProperty(id, "lifecyclestage", pick(c, "lead", "opportunity", "customer"))
	case 1:
		c.box.SetProperty(id, "hs_lead_status", pick(c, "NEW", "OPEN", "IN_PROGRESS"))
	case 2:
		c.box.SetProperty(id, "winnow_override", pick(c, "", "", "A", "D", "keep"))
	case 3:
		c.box.SetProperty(id, "hs_email_optout", pick(c, "true", "false", "false"))
	case 4:
		c.box.SetProperty(id, "country", pick(c, "Germany", "Austria", "Spain"))
	default:
		c.box.SetProperty(id, "hs_timezone", pick(c, "europe_slash_berlin", "america_slash_los_angeles",
			"asia_slash_tokyo"))
	}
}

// other is mostly nobody, at times one more contact.
func (c *Crowd) other(than string) []string {
	if c.rnd.IntN(3) != 0 {
		return nil
	}
	if id := pick(c, c.Contacts...); id != than {
		return []string{id}
	}
	return nil
}

// some is at times one of a list.
func (c *Crowd) some(of []string) []string {
	if len(of) == 0 || c.rnd.IntN(2) == 0 {
		return nil
	}
	return []string{pick(c, of...)}
}
