package relate

import (
	"context"
	"maps"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
)

// Mail is who wrote a mail, and who got it or a copy of it, by their addresses as the CRM has them.
type Mail struct {
	From     string
	To, Copy []string
}

// Mails tells who wrote the records, before Sender is asked and Notices are made. It reads the addresses of the people
// concerned where they make a difference.
func (c *Circle) Mails(ctx context.Context, staff *people.Staff, mails map[string]Mail) error {
	c.staff, c.mails = staff, mails
	var who []string
	for record, m := range mails {
		if m.From != "" && !staff.Has(m.From) || len(m.To) > 0 && len(m.Copy) > 0 {
			who = append(who, c.people[record]...)
		}
	}
	if len(who) == 0 {
		return nil
	}
	var err error
	if c.book, err = c.r.addresses(ctx, who); err != nil {
		return err
	}
	return c.lookAgain(ctx)
}

// lookAgain reads the addresses anew of people with whom something is filed that somebody else seems to have written:
// one of them may have got another address since.
func (c *Circle) lookAgain(ctx context.Context) error {
	var doubted []string
	for record := range c.mails {
		if sender, _ := c.Sender(record); sender == people.Colleague || sender == people.Stranger {
			doubted = append(doubted, c.people[record]...)
		}
	}
	fresh, err := c.r.readAgain(ctx, doubted)
	maps.Copy(c.book, fresh)
	return err
}

// Sender says whose a mail is, and which of the people concerned wrote it.
func (c *Circle) Sender(record string) (people.Sender, string) {
	m, ok := c.mails[record]
	if !ok || c.staff == nil {
		return people.Unnamed, ""
	}
	return c.staff.Sender(m.From, c.book, c.people[record])
}

// from is as whose fact what came in reaches a person: empty for the person's own, another one, or crm.Stranger. What a
// machine sent is no conduct and says what it says whoever it is from. Where the CRM names no sender, a record of one
// person is that one's.
func (c *Circle) from(record string, f *crm.Fact, person string) string {
	if f.Message == nil || f.Message.Direction != crm.In || f.Message.Text.Class != crm.Human {
		return ""
	}
	switch sender, who := c.Sender(record); {
	case sender == people.Theirs && who == person:
		return ""
	case sender == people.Theirs:
		return who
	case sender == people.Unnamed && (len(c.people[record]) == 1 || c.mails == nil):
		return ""
	}
	return crm.Stranger
}

// copied reports whether a person had no more than a copy of a mail of ours: what was asked there was asked of somebody
// else.
func (c *Circle) copied(record string, f *crm.Fact, person string) bool {
	m := c.mails[record]
	if f.Message == nil || f.Message.Direction != crm.Out || len(m.To) == 0 {
		return false
	}
	has := func(addresses []string) bool {
		return slices.ContainsFunc(addresses, func(a string) bool {
			_, ok := c.book.Owner(a, []string{person})
			return ok
		})
	}
	return has(m.Copy) && !has(m.To)
}

// toAnother is a mail of ours as it concerns one who had a copy of it: nothing is asked of them, and it is no attempt
// to reach them.
func toAnother(m crm.Message) *crm.Message {
	m.Copied, m.Text.Asks, m.Links = true, 0, nil
	m.Text.Intents &^= crm.Asks | crm.AsksYesNo | crm.ProposesTime | crm.CarriesQuote
	return &m
}
