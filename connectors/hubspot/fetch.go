package hubspot

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// kind is how records of one of HubSpot's types become facts.
type kind struct {
	properties []string
	histories  []string
	// facts gives what each record says, by its id, as facts without a contact. A record may say nothing.
	facts func(ctx context.Context, c *Connector, os []*object) (map[string]crm.Fact, error)
	// sender, where a record can have one, is the address it came from.
	sender func(o *object) string
	// viaDeals: a record that is associated with no contact concerns those of its deals.
	viaDeals bool
}

// always are the properties of every record that are read besides its kind's own.
var always = []string{"hs_createdate", "hs_lastmodifieddate"}

// kinds are the records that become facts, contacts and conversations apart.
var kinds = map[string]kind{
	"emails":         emails,
	"calls":          calls,
	"meetings":       meetings,
	"communications": communications,
	"notes":          notes,
	"tasks":          tasks,
	"deals":          deals,
	"quotes":         quotes,
}

// each makes a kind's facts record by record.
func each(f func(c *Connector, o *object) *crm.Fact) func(context.Context, *Connector, []*object) (map[string]crm.Fact, error) {
	return func(_ context.Context, c *Connector, os []*object) (map[string]crm.Fact, error) {
		out := make(map[string]crm.Fact, len(os))
		for _, o := range os {
			if fact := f(c, o); fact != nil {
				out[string(o.ID)] = *fact
			}
		}
		return out, nil
	}
}

// MaxFetch is the size of one batch/read. Source: HubSpot docs, "Using object APIs", limits.
func (c *Connector) MaxFetch() int { return maxRead }

// Fetch returns what the records named by refs say. All of refs are of one type.
func (c *Connector) Fetch(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	t := refs[0].Type
	if t != timeline && !c.reads(t) && (t == conversations || slices.Contains(defaultObjects, t)) {
		return nil, nil // noticed before the settings left this kind out
	}
	switch t {
	case "contacts":
		return c.fetchContacts(ctx, refs)
	case conversations:
		return c.fetchConversations(ctx, refs)
	case timeline:
		return c.fetchTimeline(ctx, refs)
	case referrals:
		return c.fetchReferrals(ctx, refs)
	default:
		k, ok := kinds[t]
		if !ok {
			return nil, c.fail("fetch", connectors.Malformed, errors.New("a reference of a type that is not read"))
		}
		return c.fetchRecords(ctx, t, k, refs)
	}
}

// fetchRecords reads records, turns them into facts and hands each to whom it concerns: the contacts that it is associated
// with, those for whom it is wanted, and, where it is an answer, the others of their deals.
func (c *Connector) fetchRecords(ctx context.Context, name string, k kind, refs []crm.Ref) ([]crm.Notice, error) {
	ids := make([]string, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	os, err := c.read(ctx, name, ids, slices.Concat(always, k.properties, c.named(name)), k.histories)
	if err != nil {
		return nil, err
	}
	out, err := c.gone(ctx, name, os, refs)
	if err != nil || len(os) == 0 {
		return out, err
	}
	facts, err := k.facts(ctx, c, os)
	if err != nil || len(facts) == 0 {
		return out, err
	}
	asked := byID(refs)
	contacts, named, err := c.concerned(ctx, name, k, slices.Sorted(maps.Keys(facts)), asked)
	if err != nil {
		return nil, err
	}
	senders, err := c.senders(ctx, k, os, facts, contacts)
	if err != nil {
		return nil, err
	}
	var copies map[string][]string
	if name == "emails" {
		if copies, err = c.inCopy(ctx, os, facts, contacts); err != nil {
			return nil, err
		}
	}
	var answers []answer
	for _, record := range slices.Sorted(maps.Keys(facts)) {
		fact, ref := facts[record], asked[record]
		fact.ID = name + "/" + record
		for _, contact := range ref.Left {
			if !slices.Contains(contacts[record], contact) {
				out = append(out, crm.Notice{Removed: &crm.Removal{ID: fact.ID, Version: ref.AsOf, Contact: contact}})
			}
		}
		for _, contact := range contacts[record] {
			f := fact
			f.Contact = contact
			switch {
			case ref.AsOf == 0:
			case slices.Contains(ref.Contacts, contact) && !slices.Contains(named[record], contact):
				f.Version = ref.AsOf // an event alone says so, and a later one may say the opposite
			default:
				f.Version = max(f.Version, ref.AsOf) // it may have been deleted, or taken from this contact, and be back
			}
			if slices.Contains(copies[record], contact) {
				f.Message = toAnother(*f.Message)
			}
			if sender := senders[record]; sender != "" && sender != contact {
				f.Peer = sender // they had a copy of what another one wrote
			} else if answered(&f) {
				answers = append(answers, answer{fact: f, direct: contacts[record]})
			}
			out = append(out, crm.Notice{Fact: &f})
		}
	}
	peers, err := c.peers(ctx, answers)
	if err != nil {
		return nil, err
	}
	out = append(out, peers...)
	strangers, err := c.strangers(ctx, name, facts, contacts, asked)
	if err != nil {
		return nil, err
	}
	out = append(out, strangers...)
	if name != "deals" {
		return out, nil
	}
	quotes, err := c.quotesOf(ctx, refs)
	if err != nil {
		return nil, err
	}
	return append(out, quotes...), nil
}

// gone says which of the records that were asked for are no longer there: those in the recycle bin, and those that are nowhere and of
// which an event told. A record that is merely not found says nothing.
func (c *Connector) gone(ctx context.Context, name string, os []*object, refs []crm.Ref) ([]crm.Notice, error) {
	there := make(map[string]bool, len(os))
	for _, o := range os {
		there[string(o.ID)] = true
	}
	missing := byID(refs)
	maps.DeleteFunc(missing, func(record string, _ crm.Ref) bool { return there[record] })
	if len(missing) == 0 {
		return nil, nil
	}
	since, err := c.deleted(ctx, name, sortedKeys(missing))
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, record := range sortedKeys(missing) {
		if at := max(since[record], missing[record].AsOf); at > 0 {
			out = append(out, crm.Notice{Removed: &crm.Removal{ID: name + "/" + record, Version: at}})
		}
	}
	return out, nil
}

// byID are references by the record that they name, those of one record joined.
func byID(refs []crm.Ref) map[string]crm.Ref {
	out := make(map[string]crm.Ref, len(refs))
	for _, r := range refs {
		if old, ok := out[r.ID]; ok {
			r.AsOf = max(r.AsOf, old.AsOf)
			r.Contacts, r.Left = slices.Concat(old.Contacts, r.Contacts), slices.Concat(old.Left, r.Left)
		}
		out[r.ID] = r
	}
	return out
}

// quotesOf asks for the quotes of deals on behalf of the contacts that have newly joined or left them.
func (c *Connector) quotesOf(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	joined := byID(refs)
	maps.DeleteFunc(joined, func(_ string, r crm.Ref) bool { return len(r.Contacts)+len(r.Left) == 0 })
	if len(joined) == 0 || !c.reads("quotes") {
		return nil, nil
	}
	of, err := c.associated(ctx, "deals", "quotes", sortedKeys(joined))
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, deal := range sortedKeys(of) {
		for _, quote := range of[deal] {
			r := joined[deal]
			out = append(out, crm.Notice{Ref: &crm.Ref{Type: "quotes", ID: quote, Contacts: r.Contacts, Left: r.Left, AsOf: r.AsOf, Depth: r.Depth + 1}})
		}
	}
	return out, nil
}

// named are the properties of a kind that the settings name.
func (c *Connector) named(name string) []string {
	switch {
	case name == "deals" && c.cfg.ContractProperty != "":
		return []string{c.cfg.ContractProperty}
	case name == "quotes" && c.cfg.MarginProperty != "":
		return []string{c.cfg.MarginProperty}
	}
	return nil
}

// concerned returns the contacts of each record: those associated with it, and those for whom it was asked. The former are named apart
// as well.
func (c *Connector) concerned(ctx context.Context, name string, k kind, ids []string, asked map[string]crm.Ref) (contacts, named map[string][]string, err error) {
	if named, err = c.associated(ctx, name, "contacts", ids); err != nil {
		return nil, nil, err
	}
	contacts = make(map[string][]string, len(named))
	for record, list := range named {
		contacts[record] = slices.Clone(list)
	}
	for _, r := range asked {
		for _, contact := range r.Contacts {
			if contact != "" && !slices.Contains(contacts[r.ID], contact) && !slices.Contains(r.Left, contact) {
				contacts[r.ID] = append(contacts[r.ID], contact)
			}
		}
	}
	if !k.viaDeals {
		return contacts, named, nil
	}
	lone := slices.DeleteFunc(slices.Clone(ids), func(record string) bool { return len(contacts[record]) > 0 })
	viaDeals, err := c.ofDeals(ctx, name, lone)
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(contacts, viaDeals)
	return contacts, named, nil
}

// ofDeals returns the contacts of the deals that records are associated with.
func (c *Connector) ofDeals(ctx context.Context, name string, ids []string) (map[string][]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	dealsOf, err := c.associated(ctx, name, "deals", ids)
	if err != nil || len(dealsOf) == 0 {
		return nil, err
	}
	contactsOf, err := c.associated(ctx, "deals", "contacts", values(dealsOf))
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for record, deals := range dealsOf {
		for _, d := range deals {
			for _, contact := range contactsOf[d] {
				if !slices.Contains(out[record], contact) {
					out[record] = append(out[record], contact)
				}
			}
		}
	}
	return out, nil
}

// senders finds, for records that came in and concern several contacts, the one who sent it: the others only had a copy,
// which is not their conduct.
func (c *Connector) senders(ctx context.Context, k kind, os []*object, facts map[string]crm.Fact, contacts map[string][]string) (map[string]string, error) {
	if k.sender == nil {
		return nil, nil
	}
	from := map[string]string{}
	var shared []string
	for _, o := range os {
		record := string(o.ID)
		f, ok := facts[record]
		address := bare(k.sender(o))
		if ok && f.Message != nil && f.Message.Direction == crm.In && len(contacts[record]) > 1 && address != "" {
			from[record] = address
			shared = append(shared, contacts[record]...)
		}
	}
	if len(from) == 0 {
		return nil, nil
	}
	owner, err := c.byAddress(ctx, shared)
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for record, address := range from {
		if contact := owner[address]; slices.Contains(contacts[record], contact) {
			out[record] = contact
		}
	}
	return out, nil
}

// byAddress says whose each address of the contacts is.
func (c *Connector) byAddress(ctx context.Context, contacts []string) (map[string]string, error) {
	people, err := c.read(ctx, "contacts", contacts, []string{"email", "hs_additional_emails"}, nil)
	if err != nil {
		return nil, err
	}
	owner := map[string]string{}
	for _, p := range people {
		for _, a := range strings.Split(p.get("email")+";"+p.get("hs_additional_emails"), ";") {
			if a = bare(a); a != "" {
				owner[a] = string(p.ID)
			}
		}
	}
	return owner, nil
}

// answer is a fact by which a contact moved, and the contacts who have it from the record itself.
type answer struct {
	fact   crm.Fact
	direct []string
}

// answered reports whether a fact is a move of theirs, so that nobody of the same deal is waited for any longer.
func answered(f *crm.Fact) bool {
	switch {
	case f.Message != nil:
		return f.Message.Direction == crm.In && f.Message.Text.Class == crm.Human
	case f.Call != nil:
		return f.Call.Outcome == crm.Connected || f.Call.Direction == crm.In
	case f.Meeting != nil:
		return true
	}
	return false
}

// Bounds on whom an answer reaches: a reseller's contact can be in hundreds of deals.
const (
	maxDeals = 10 // the newest of a contact
	maxPeers = 50 // per contact
)

// peers publishes answers for the other contacts of the same deals.
func (c *Connector) peers(ctx context.Context, answers []answer) ([]crm.Notice, error) {
	if len(answers) == 0 || !c.reads("deals") {
		return nil, nil
	}
	var who []string
	for _, a := range answers {
		who = append(who, a.fact.Contact)
	}
	dealsOf, err := c.associated(ctx, "contacts", "deals", who)
	if err != nil {
		return nil, err
	}
	for contact, ds := range dealsOf {
		dealsOf[contact] = newest(ds, maxDeals)
	}
	if len(dealsOf) == 0 {
		return nil, nil
	}
	contactsOf, err := c.associated(ctx, "deals", "contacts", values(dealsOf))
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, a := range answers {
		reached := slices.Clone(a.direct)
		n := 0
		for _, d := range dealsOf[a.fact.Contact] {
			for _, peer := range contactsOf[d] {
				if slices.Contains(reached, peer) || n >= maxPeers {
					continue
				}
				reached = append(reached, peer)
				n++
				f := a.fact
				f.ID, f.Contact, f.Peer = crm.PeerPrefix+f.ID, peer, a.fact.Contact
				out = append(out, crm.Notice{Fact: &f})
			}
		}
	}
	return out, nil
}

// strangers publishes what somebody answered who is no contact here, as a colleague of theirs in a mail that is filed with the deal alone.
// It is nobody's conduct, and nobody of the deal is waited for any longer.
func (c *Connector) strangers(ctx context.Context, name string, facts map[string]crm.Fact, contacts map[string][]string, asked map[string]crm.Ref) ([]crm.Notice, error) {
	if !c.reads("deals") {
		return nil, nil
	}
	var lone []string
	for record, f := range facts {
		if len(contacts[record]) == 0 && answered(&f) {
			lone = append(lone, record)
		}
	}
	slices.Sort(lone)
	reached, err := c.ofDeals(ctx, name, lone)
	if err != nil {
		return nil, err
	}
	var out []crm.Notice
	for _, record := range lone {
		for _, contact := range reached[record][:min(len(reached[record]), maxPeers)] {
			f := facts[record]
			f.ID, f.Contact, f.Peer, f.Version = crm.PeerPrefix+name+"/"+record, contact, crm.Stranger, max(f.Version, asked[record].AsOf)
			out = append(out, crm.Notice{Fact: &f})
		}
	}
	return out, nil
}

// Concerned returns the contacts that the facts of a record would reach: its own, those of its deals where it has none, and the others of
// their deals, for all of whom it may be an answer. Only associations are read.
func (c *Connector) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	var direct []string
	switch k, ok := kinds[ref.Type]; {
	case ref.Type == "contacts" || ref.Type == timeline:
		direct = []string{ref.ID}
	case ref.Type == conversations:
		thread, _, _ := strings.Cut(ref.ID, "/")
		contact, _, err := c.threadContact(ctx, threadsPath+"/"+url.PathEscape(thread))
		if err != nil {
			return nil, err
		}
		if contact != "" {
			direct = []string{contact}
		}
	case !ok:
		return nil, c.fail("fetch", connectors.Malformed, errors.New("a reference of a type that is not read"))
	default:
		of, _, err := c.concerned(ctx, ref.Type, k, []string{ref.ID}, map[string]crm.Ref{ref.ID: ref})
		if err != nil {
			return nil, err
		}
		direct = of[ref.ID]
		if len(direct) == 0 && c.reads("deals") {
			if of, err = c.ofDeals(ctx, ref.Type, []string{ref.ID}); err != nil {
				return nil, err
			}
			direct = of[ref.ID]
		}
	}
	var answers []answer
	for _, contact := range append(direct, ref.Contacts...) {
		answers = append(answers, answer{fact: crm.Fact{Contact: contact}})
	}
	peers, err := c.peers(ctx, answers)
	if err != nil {
		return nil, err
	}
	for _, n := range peers {
		direct = append(direct, n.Fact.Contact)
	}
	return unique(append(direct, ref.Contacts...)), nil
}

func values(m map[string][]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v...)
	}
	return unique(out)
}

// newest are the n ids of the highest number: HubSpot counts them up.
func newest(ids []string, n int) []string {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b string) int {
		x, _ := strconv.ParseInt(a, 10, 64)
		y, _ := strconv.ParseInt(b, 10, 64)
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return strings.Compare(b, a)
	})
	return out[:min(n, len(out))]
}

// timelineKinds are the activities that are looked for when a contact's properties say that something was logged. Source: HubSpot
// knowledge base, "HubSpot's default contact properties", last activity date.
var timelineKinds = []string{"emails", "calls", "meetings", "communications", "notes", "tasks"}

const maxTimeline = 10 // newest activities of a kind per contact

// fetchTimeline asks for a contact's newest activities, for accounts that subscribe to contacts alone.
func (c *Connector) fetchTimeline(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	var ids []string
	for _, r := range refs {
		ids = append(ids, r.ID)
	}
	var out []crm.Notice
	for _, k := range timelineKinds {
		if !c.reads(k) {
			continue
		}
		of, err := c.associated(ctx, "contacts", k, ids)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, r := range refs {
			for _, record := range newest(of[r.ID], maxTimeline) {
				if !seen[record] {
					seen[record] = true
					out = append(out, crm.Notice{Ref: &crm.Ref{Type: k, ID: record, Depth: r.Depth + 1}})
				}
			}
		}
	}
	return out, nil
}
