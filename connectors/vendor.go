package connectors

import (
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Vendor is one CRM account, ready to use, by the roles that it plays. A nil role is one that it does not have.
type Vendor struct {
	People   []PersonKind // whom it rates: one kind at HubSpot, two at Salesforce
	Receive  Receiver     // nil: polled only
	Fetch    Fetcher      // never nil
	Relate   Relater      // nil: every record names its people itself
	Write    Writer       // nil: rated and shown in the console, never in the CRM
	Poll     Poller       // nil: webhooks alone
	Backfill Backfiller   // nil: nothing is known of what was before
	Account  Accounter    // nil: events of another account are not told from this one's
	Setup    Installer    // nil: what it needs is made by hand
	Reply    Replier      // nil: an empty answer with the usual status
	Budget   Budgeter     // nil: nobody knows how many calls are left
}

// PersonKind is one kind of record that stands for a prospect.
type PersonKind struct {
	// Record is the type of the reference whose Fetch gives the properties of a person of this kind, at least crm.PropCreated.
	Record string
}

// ProfileRef names the record that holds a person's properties.
func (v *Vendor) ProfileRef(person string) crm.Ref {
	return crm.Ref{Type: v.People[0].Record, ID: person}
}

// IsPerson reports whether ref names a person's own record.
func (v *Vendor) IsPerson(ref crm.Ref) bool {
	for _, k := range v.People {
		if k.Record == ref.Type {
			return true
		}
	}
	return false
}

// Lacks are the roles that v does not have, each with what follows from it, for the log of the start.
func (v *Vendor) Lacks() []string {
	var out []string
	for _, role := range []struct {
		has  bool
		what string
	}{
		{v.Receive != nil, "receive: no webhooks, changes are seen when it is polled"},
		{v.Poll != nil, "poll: what its webhooks miss stays unknown"},
		{v.Backfill != nil, "backfill: what was before the first webhook stays unknown"},
		{v.Write != nil, "write: ratings show in the console, not in the CRM"},
		{v.Account != nil, "account: events of another account are not found out"},
		{v.Setup != nil, "setup: its fields are made by hand"},
	} {
		if !role.has {
			out = append(out, role.what)
		}
	}
	return out
}
