package hubspot

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// kind is how records of one of HubSpot's types become facts.
type kind struct {
	properties []string
	histories  []string
	// facts gives what each record says, by its id, as facts without a contact. A record may say nothing.
	facts func(ctx context.Context, c *Connector, os []*object, circle *relate.Circle) (map[string]crm.Fact, error)
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
func each(f func(c *Connector, o *object) *crm.Fact) func(context.Context, *Connector, []*object,
	*relate.Circle) (map[string]crm.Fact, error) {
	return func(_ context.Context, c *Connector, os []*object, _ *relate.Circle) (map[string]crm.Fact, error) {
		out := make(map[string]crm.Fact, len(os))
		for _, o := range os {
			if fact := f(c, o); fact != nil {
				out[string(o.ID)] = *fact
			}
		}
		return out, nil
	}
}

// fetcher is the connector as a connectors.Fetcher: a batch is read together and fails together.
type fetcher struct{ c *Connector }

// FetchLimits are those of batch/read. A batch is four or five requests, of which three wait for each other. Sixteen
// batches at once use the quota that a quiet time has left; how fast they go the budget decides. Threads are read one
// by one.
// Source: HubSpot docs, "Using object APIs", limits.
func (fetcher) FetchLimits(typ string) connectors.Limits {
	if typ == conversations {
		return connectors.Limits{Batch: 10, Calls: 4}
	}
	return connectors.Limits{Batch: maxRead, Calls: 16}
}

func (f fetcher) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	notices, err := f.c.Fetch(ctx, refs)
	return connectors.Together(len(refs), notices, err)
}

// Fetch returns what the records named by refs say. All of refs are of one type.
func (c *Connector) Fetch(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	t := refs[0].Type
	if !c.reads(t) && (t == conversations || slices.Contains(defaultObjects, t)) {
		return nil, nil // noticed before the settings left this kind out
	}
	switch t {
	case "contacts":
		return c.fetchContacts(ctx, refs)
	case conversations:
		return c.fetchConversations(ctx, refs)
	case timeline, filed:
		return c.fetchTimeline(ctx, refs)
	case past:
		return c.fetchPast(ctx, refs)
	case referrals:
		return relate.ReferralsChanged(ctx, referrers{c}, refs)
	default:
		k, ok := kinds[t]
		if !ok {
			return nil, c.fail("fetch", connectors.Malformed, errors.New("a reference of a type that is not read"))
		}
		return c.fetchRecords(ctx, t, k, refs)
	}
}

// fetchRecords reads records, turns them into facts and hands each to whom it concerns.
func (c *Connector) fetchRecords(ctx context.Context, name string, k kind, refs []crm.Ref) ([]crm.Notice, error) {
	ids := make([]string, len(refs))
	for i, r := range refs {
		ids[i] = r.ID
	}
	os, filed, err := c.readFiled(ctx, name, k, ids)
	if err != nil {
		return nil, err
	}
	out, err := c.gone(ctx, name, os, refs)
	if err != nil || len(os) == 0 {
		return out, err
	}
	circle, err := c.relate.LookOn(ctx, name, idsOf(os), filed, refs, k.viaDeals)
	if err != nil {
		return nil, err
	}
	facts, err := k.facts(ctx, c, os, circle)
	if err != nil || len(facts) == 0 {
		return out, err
	}
	notices, err := circle.Notices(ctx, facts)
	if err != nil {
		return nil, err
	}
	out = append(out, notices...)
	for record := range facts {
		for _, contact := range circle.People(record) {
			c.memory.Read(name, record, contact)
		}
	}
	if name != "deals" {
		return out, nil
	}
	quotes, err := c.quotesOf(ctx, refs)
	return append(out, quotes...), err
}

// readFiled reads records and with whom they are filed, both at the same time: how long a fetch takes is how many of
// its calls wait for another one.
func (c *Connector) readFiled(ctx context.Context, name string, k kind, ids []string) (
	os []*object, filed map[string][]string, err error,
) {
	var side errgroup.Group
	side.Go(func() (err error) {
		filed, err = neighbours{c}.People(ctx, name, ids)
		return err
	})
	os, err = c.read(ctx, name, ids, slices.Concat(always, k.properties, c.named(name)), k.histories)
	missed := side.Wait()
	return os, filed, cmp.Or(err, missed)
}

// gone says which of the records that were asked for are no longer there: those in the recycle bin, and those that are
// nowhere and of which an event told. A record that is merely not found says nothing.
func (c *Connector) gone(ctx context.Context, name string, os []*object, refs []crm.Ref) ([]crm.Notice, error) {
	there := make(map[string]bool, len(os))
	for _, o := range os {
		there[string(o.ID)] = true
	}
	missing := relate.ByRecord(refs)
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
			out = append(out, crm.Removed(name, record, at))
		}
	}
	return out, nil
}

// quotesOf asks for the quotes of deals on behalf of the contacts that have newly joined or left them.
func (c *Connector) quotesOf(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	joined := relate.Joined(refs)
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
			out = append(out, relate.Onward(joined[deal], "quotes", quote))
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

// Concerned returns the contacts that the facts of a record could reach. Only associations are read.
func (c *Connector) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	switch k, ok := kinds[ref.Type]; {
	case ok:
		return c.relate.Concerned(ctx, ref, k.viaDeals)
	case ref.Type == "contacts" || ref.Type == timeline || ref.Type == filed || ref.Type == past:
		return c.relate.WithPeers(ctx, append([]string{ref.ID}, ref.Contacts...))
	case ref.Type == conversations:
		thread, _, _ := strings.Cut(ref.ID, "/")
		contact, _, err := c.threadContact(ctx, threadsPath+"/"+url.PathEscape(thread))
		if err != nil {
			return nil, err
		}
		direct := slices.Clone(ref.Contacts)
		if contact != "" {
			direct = append(direct, contact)
		}
		return c.relate.WithPeers(ctx, direct)
	}
	return nil, c.fail("fetch", connectors.Malformed, errors.New("a reference of a type that is not read"))
}

// timelineKinds are the activities that are looked for when a contact's properties say that something was logged.
// Source: HubSpot knowledge base, "HubSpot's default contact properties", last activity date.
var timelineKinds = []string{"emails", "calls", "meetings", "communications", "notes", "tasks"}

const maxTimeline = 10 // newest activities of a kind per contact

// fetchTimeline asks for contacts' newest activities, or for those of them that were not read yet.
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
				if !seen[record] && !(r.Type == filed && c.memory.WasRead(k, record, r.ID)) {
					seen[record] = true
					out = append(out, crm.Notice{Ref: &crm.Ref{Type: k, ID: record, Depth: r.Depth + 1}})
				}
			}
		}
	}
	return out, nil
}
