// Package people says who wrote a mail: one of our own people, one of the prospects whom it is filed with, somebody
// else at their company, or a stranger. Conduct is a prospect's only where the sender is known to be that prospect; so
// every connector asks here, and none decides it by itself.
//
// The vendor gives addresses: those of the CRM's users (Roster), those of the people whom a record is filed with
// (Book), and that of the sender. Nothing in here keeps an address longer than it takes, but for the users'.
package people

import "slices"

// Sender is whose a message is, as far as its address tells.
type Sender uint8

// The senders.
const (
	Unnamed   Sender = iota // no address is given
	Ours                    // one of our own people
	Theirs                  // one of the people whom the record is filed with
	Colleague               // somebody else at the domain of one of them: a colleague, a front desk
	Stranger                // anybody else
)

// Book holds every address that the CRM knows of people, now and before, by person as in crm.Fact.
type Book map[string][]string

// Add adds addresses of a person, each in whatever form the CRM keeps it.
func (b Book) Add(person string, addresses ...string) {
	for _, a := range addresses {
		for _, one := range Addresses(bare(a)) {
			if !slices.Contains(b[person], one) {
				b[person] = append(b[person], one)
			}
		}
	}
}

// bare leaves of "Ada <ada@example.com>" the address; a list of addresses stays as it is.
func bare(s string) string {
	if a := Address(s); a != "" {
		return a
	}
	return s
}

// Owner returns which of some people an address belongs to.
func (b Book) Owner(address string, among []string) (person string, ok bool) {
	a := Address(address)
	if a == "" {
		return "", false
	}
	for _, p := range among {
		if slices.Contains(b[p], a) {
			return p, true
		}
	}
	return "", false
}

// near reports whether one of some people has an address at the domain of an address.
func (b Book) near(address string, among []string) bool {
	domain := Domain(address)
	return slices.ContainsFunc(among, func(p string) bool {
		return slices.ContainsFunc(b[p], func(a string) bool { return within(Domain(a), domain) })
	})
}

// Sender says whose a message from an address is that is filed with some people, and which of them wrote it. A user's
// domain is ours unless one of these people is at home there. Where the CRM does not tell who its users are, whoever is
// neither one of these people nor at their company is taken for one of ours: in a log of mail that is who remains.
func (s *Staff) Sender(address string, b Book, among []string) (Sender, string) {
	a := Address(address)
	switch {
	case a == "":
		return Unnamed, ""
	case s.Has(a):
		return Ours, ""
	}
	if person, ok := b.Owner(a, among); ok {
		return Theirs, person
	}
	near := b.near(a, among)
	switch {
	case s.follows(a) && !near:
		return Ours, ""
	case near && !FreeMail(Domain(a)):
		return Colleague, ""
	case s.unknown && len(among) > 0 && !FreeMail(Domain(a)):
		return Ours, ""
	}
	return Stranger, ""
}
