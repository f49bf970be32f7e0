package connectors

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Vendor is one CRM account, ready to use, by the roles that it plays. A nil role is one that it does not have.
type Vendor struct {
	People   []PersonKind // whom it rates: one kind at HubSpot, two at Salesforce; never empty
	Receive  Receiver     // nil: polled only
	Screen   Screener     // nil: before the body is read nothing can be told of a delivery
	Prove    Prover       // nil: a proof is right or wrong, and of two deliveries of the same bytes each may be news
	Dates    Dater        // nil: its deliveries do not say when they were signed
	Reply    Replier      // nil: DefaultReply, and no handshakes
	Fetch    Fetcher      // never nil
	Relate   Relater      // nil: every record names its people itself
	Write    Writer       // nil: ratings show in the console, never in the CRM
	Poll     Poller       // nil: webhooks alone
	Backfill Backfiller   // nil: nothing is known of what was before
	Past     Historian    // nil: what was before is read of all people, or of nobody
	Account  Accounter    // nil: events of another account are not told from this one's
	Setup    Installer    // nil: what it needs is made by hand
	Maintain Maintainer   // nil: nothing has to be kept alive
	Budget   Budgeter     // nil: nobody knows how many calls are left
	Show     Shower       // nil: pages name its people by their ids

	// CheckNative reports, as a Misconfigured error, that the CRM's own status has no such value as a disqualified
	// person gets under enforce; nil: that cannot be.
	CheckNative func(ctx context.Context) error

	// Greet makes a call that the CRM answers whoever asks, so that it tells the time. Nil: Account does.
	Greet func(ctx context.Context) error

	// Tick is how fine the vendor's change times are; 0: a millisecond. Of two changes within one tick what is read
	// later counts.
	Tick time.Duration
	// Identify reads an id that people give without its kind, or in another spelling. Nil: there is nothing to tell.
	Identify func(id string) (crm.Person, bool)
}

// PersonKind is one kind of record that stands for a prospect.
type PersonKind struct {
	Kind string // as in crm.Person; empty where the vendor has one kind, or the id tells
	// Record is the type of the reference whose Fetch gives the properties of a person of this kind, crm.Profiled among
	// them. The reference's ID is the person's own.
	Record string
	Text   int    // how many characters a Prose field of this kind holds; 0: DefaultText
	Native Native // the CRM's own status of such a person
}

// DefaultText is how many characters a text holds where the vendor says nothing else.
const DefaultText = 4000

// Native is how a CRM itself says what has become of a person, which WINNOW_MODE=enforce sets.
type Native struct {
	Disqualify Disqualify
	Values     []string // the statuses there are; nil: the account's own, which are not known here
	Open       []string // those of them that mean that somebody works on the person; nil: not known
	Closed     string   // the status of a disqualified person
}

// Closes reports whether a person of that status is given the one of a disqualified person. A human who closed it
// in another way, as won or as a duplicate, has said more than we know.
func (n Native) Closes(status string) bool {
	return n.Disqualify != "" && (status == "" || n.Open == nil || slices.Contains(n.Open, status))
}

// Reopens is the status of a person who is no longer disqualified: the one that was replaced. Where the CRM does not
// have that one, as where it had none and takes no empty one, it is the first that is open.
func (n Native) Reopens(replaced string) string {
	if n.Values == nil || len(n.Open) == 0 || slices.Contains(n.Values, replaced) {
		return replaced
	}
	return n.Open[0]
}

// Disqualify is the way in which a CRM disqualifies a person.
type Disqualify string

// The ways. The zero one is that there is none: under enforce nothing but our own fields is written.
const (
	ByStatus  Disqualify = "status"
	ByArchive Disqualify = "archive"
)

// kindOf is the kind of a person, the only one where it does not say.
func (v *Vendor) kindOf(p crm.Person) (PersonKind, bool) {
	for _, k := range v.People {
		if k.Kind == p.Kind {
			return k, true
		}
	}
	return PersonKind{}, false
}

// ProfileRef names the record that holds a person's properties; false where nobody of the person's kind is rated.
func (v *Vendor) ProfileRef(person string) (crm.Ref, bool) {
	p := crm.ParsePerson(person)
	k, ok := v.kindOf(p)
	return crm.Ref{Type: k.Record, ID: p.ID}, ok
}

// PersonOf is the person whose own record ref names; false where it names another record.
func (v *Vendor) PersonOf(ref crm.Ref) (person string, ok bool) {
	for _, k := range v.People {
		if k.Record == ref.Type {
			return crm.Person{Kind: k.Kind, ID: ref.ID}.String(), true
		}
	}
	return "", false
}

// Named is the person whom somebody names: kind/id, or an id alone where that is enough.
func (v *Vendor) Named(person string) (string, error) {
	p := crm.ParsePerson(person)
	if v.Identify != nil {
		if full, ok := v.Identify(p.ID); ok && (p.Kind == "" || p.Kind == full.Kind) {
			p = full
		}
	}
	if _, ok := v.kindOf(p); !ok {
		if len(v.People) == 1 {
			return "", errors.New("want the id of its record alone, which stands at the end of its address in the CRM")
		}
		kinds := make([]string, len(v.People))
		for i, k := range v.People {
			kinds[i] = crm.Person{Kind: k.Kind, ID: "<id>"}.String()
		}
		return "", fmt.Errorf("say which of them is meant: %s", strings.Join(kinds, " or "))
	}
	return p.String(), nil
}

// NativeOf is the CRM's own status of a person; the zero one where it has none.
func (v *Vendor) NativeOf(person string) Native {
	k, _ := v.kindOf(crm.ParsePerson(person))
	return k.Native
}

// TextOf is how many characters a text may have that is written to a person.
func (v *Vendor) TextOf(person string) int {
	k, _ := v.kindOf(crm.ParsePerson(person))
	if k.Text == 0 {
		return DefaultText
	}
	return k.Text
}

// Lacks are the roles that v does not have, each with what follows from it, for the log of the start.
func (v *Vendor) Lacks() []string {
	roles := []struct {
		has  bool
		what string
	}{
		{v.Receive != nil, "receive: no webhooks, changes are seen when it is polled"},
		{v.Poll != nil, "poll: what its webhooks miss stays unknown"},
		{v.Backfill != nil, "backfill: what was before the first webhook stays unknown"},
		{v.Write != nil, "write: ratings show in the console, not in the CRM"},
		{v.Account != nil, "account: events of another account are not found out"},
		{v.Setup != nil, "setup: its fields are made by hand"},
		{
			slices.ContainsFunc(v.People, func(k PersonKind) bool { return k.Native.Disqualify != "" }),
			"native: enforce sets no status of its own",
		},
	}
	var out []string
	for _, r := range roles {
		if !r.has {
			out = append(out, r.what)
		}
	}
	return out
}
