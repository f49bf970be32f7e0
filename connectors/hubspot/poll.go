package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/since"
)

const (
	// pageSize is how many records one search gives. Source: HubSpot docs, "CRM search", limits.
	pageSize = 200
	// searchDelay is how long HubSpot's search may take to find a new record.
	searchDelay = 15 * time.Minute
	// binEvery is how often the recycle bin is looked through, binOverlap how far each look goes back behind the one
	// before, and binPages how many pages of it one round reads: the rest waits for the next one.
	binEvery   = 24 * time.Hour
	binOverlap = 24 * time.Hour
	binPages   = 20
)

// cursor is what Poll and Backfill keep between calls, as JSON.
type cursor struct {
	since.Cursor
	Bin bin `json:"bin,omitzero"`
}

// bin is how far the recycle bin has been looked through.
type bin struct {
	Looked int64  `json:"looked"`         // ms: when the last complete look began
	Begun  int64  `json:"begun,omitzero"` // ms: when this one did; 0: none is under way
	Kind   string `json:"kind,omitempty"` // being read
	After  string `json:"after,omitempty"`
	Pages  int    `json:"pages,omitzero"` // read in this round
}

// begin starts a look when it is time for one, or goes on with the one that is under way.
func (b *bin) begin(now time.Time, first string) {
	if b.Begun == 0 && first != "" && now.UnixMilli()-b.Looked >= binEvery.Milliseconds() {
		b.Begun, b.Kind = now.UnixMilli(), first
	}
	if b.Begun != 0 {
		b.Pages = 1
	}
}

// Poll returns references to what changed, a page of one kind at a time.
func (c *Connector) Poll(ctx context.Context, at string,
	from time.Time,
) (notices []crm.Notice, next string, more bool, err error) {
	cur := since.Parse[cursor](at)
	if cur.Bin.Pages > 0 {
		return c.pollBin(ctx, at, cur)
	}
	if cur.Bin.Looked == 0 { // what was deleted before we began is nothing that we know of
		cur.Bin.Looked = from.UnixMilli()
	}
	c.memory.Begin(at)
	records, over, err := c.walk().Poll(ctx, &cur.Cursor, from)
	if err != nil {
		return nil, at, false, err
	}
	if over {
		cur.Bin.begin(c.now(), c.binned(""))
	}
	next = since.Text(cur)
	c.memory.End(next)
	return since.Notices(records), next, !over || cur.Bin.Pages > 0, nil
}

func (c *Connector) walk() *since.Walk {
	return &since.Walk{Types: c.cfg.Objects, Overlap: searchDelay, Now: c.now, List: c.page}
}

// binned is the kind after the given one, or the first after "", whose deleted records are looked for; "" after the
// last. Contacts are among them in accounts without webhooks alone: where there are some they tell of a restore too,
// which cannot be told from the contact itself. Of conversations there is no recycle bin.
func (c *Connector) binned(kind string) string {
	for _, k := range c.cfg.Objects[slices.Index(c.cfg.Objects, kind)+1:] {
		if _, ok := kinds[k]; ok || k == "contacts" && c.cfg.Webhooks == "off" {
			return k
		}
	}
	return ""
}

// pollBin reads one page of the recycle bin, for deletions that no webhook told of. HubSpot lists it in the order of
// ids and cannot search it by time, so a look goes through all of it, and keeps what was deleted since the one before.
// Source: HubSpot docs, "Using object APIs", list with archived=true.
func (c *Connector) pollBin(ctx context.Context, at string,
	cur cursor,
) (notices []crm.Notice, next string, more bool, err error) {
	b := &cur.Bin
	var got struct {
		Results []*object `json:"results"`
		Paging  paging    `json:"paging"`
	}
	if b.Kind != "" && c.reads(b.Kind) {
		query := url.Values{"archived": {"true"}, "limit": {"100"}, "properties": {"hs_object_id"}}
		if b.After != "" {
			query.Set("after", b.After)
		}
		_, err = c.rest.Do(ctx, rest.Request{
			Op: "poll", Class: rest.Poll, Method: http.MethodGet, Path: objects(b.Kind), Query: query, Into: &got,
		})
		if err != nil && !withheld(err) {
			return nil, at, false, connectors.About(err, "list deleted "+b.Kind)
		}
	}
	for _, o := range readable(got.Results) {
		gone := int64(millis(o.ArchivedAt))
		switch {
		case gone <= b.Looked-binOverlap.Milliseconds():
		case b.Kind == "contacts":
			c.memory.Forget(string(o.ID)) // restored, it may look as before
			notices = append(notices, crm.Notice{Fact: crm.Deleted(string(o.ID), gone)})
		default:
			notices = append(notices, crm.Removed(b.Kind, string(o.ID), gone))
		}
	}
	b.Pages++
	if b.After = got.Paging.Next.After; b.After == "" {
		b.Kind = c.binned(b.Kind)
	}
	switch {
	case b.Kind == "":
		*b = bin{Looked: b.Begun}
	case b.Pages > binPages:
		b.Pages = 0
	}
	return notices, since.Text(cur), b.Pages > 0, nil
}

// changedBy is the property that says when a record of a kind changed.
func changedBy(kind string) string {
	if kind == "contacts" {
		return "lastmodifieddate"
	}
	return "hs_lastmodifieddate"
}

// happenedBy is the property by which a backfill takes records: when messages and calls happened, and when others
// changed last, because an old deal that is still open matters.
func happenedBy(kind string) string {
	switch kind {
	case "emails", "calls", "communications", "notes":
		return "hs_timestamp"
	}
	return changedBy(kind)
}

type filter struct {
	PropertyName string `json:"propertyName"`
	Operator     string `json:"operator"`
	Value        string `json:"value"`
}

// found is a page of a search.
type found struct {
	Total   int       `json:"total"`
	Results []*object `json:"results"`
}

// find makes one search, within HubSpot's own rate limit for searches. Source: HubSpot docs, "CRM search".
func (c *Connector) find(ctx context.Context, op, kind, by, sort string, filters []filter, limit int,
	also ...string,
) (found, error) {
	var got found
	_, err := c.rest.Do(ctx, rest.Request{
		Op: op, Class: rest.Poll, Lane: c.search, Method: http.MethodPost, Path: objects(kind) + "/search", Into: &got,
		Body: map[string]any{
			"filterGroups": []map[string]any{{"filters": filters}}, "properties": append([]string{by}, also...),
			"limit": limit,
			"sorts": []map[string]string{{"propertyName": sort, "direction": "ASCENDING"}},
		},
	})
	return got, connectors.About(err, "search "+kind+"; "+c.opt.Source.Variable("OBJECTS")+" says which kinds are read")
}

// page is one page of a kind, by a search of its own each time: HubSpot's page marks move while records change, and a
// search ends at 10,000 records.
func (c *Connector) page(ctx context.Context, ask since.Ask) (since.Page, error) {
	op := "poll"
	by := changedBy(ask.Type)
	if ask.History {
		op, by = "backfill", happenedBy(ask.Type)
	}
	if ask.Type == conversations {
		return c.threads(ctx, op, ask)
	}
	filters, sort := []filter{{by, "GTE", digits(ask.From)}}, by
	if ask.Until > 0 {
		filters = append(filters, filter{by, "LTE", digits(ask.Until)})
	}
	if ask.Instant {
		filters, sort = []filter{{by, "EQ", digits(ask.From)}, {"hs_object_id", "GT", ask.After}}, "hs_object_id"
	}
	polled := ask.Type == "contacts" && !ask.History
	var also []string
	if polled { // by these it is seen whether anything changed that matters here
		also = slices.Concat(c.dated(), undated, lastActivity, []string{"createdate"})
	}
	got, err := c.find(ctx, op, ask.Type, by, sort, filters, pageSize, also...)
	if err != nil {
		return since.Page{}, err
	}
	page := since.Page{Full: len(got.Results) >= pageSize}
	for _, o := range readable(got.Results) {
		r := since.Record{
			ID: string(o.ID), At: o.at(by), Notices: []crm.Notice{{Ref: &crm.Ref{Type: ask.Type, ID: string(o.ID)}}},
		}
		if polled {
			r.Notices = c.contactChanged(o, ask.From)
		}
		page.Records = append(page.Records, r)
	}
	return page, nil
}

func digits(at crm.Millis) string { return strconv.FormatInt(int64(at), 10) }

// lastActivity are the properties of a contact that move when something is filed with it. Source: HubSpot knowledge
// base, "HubSpot's default contact properties", last activity date.
var lastActivity = []string{
	"notes_last_updated", "notes_last_contacted", "hs_sales_email_last_replied", "num_contacted_notes", "num_notes",
}

// newly is how far behind the poll's position something must lie to be old news.
const newly = 24 * time.Hour

// contactChanged says what of a contact that a poll found has to be read again: its own record, unless it looks as it
// did, and its newest activities, where one was filed with it or it is new itself: HubSpot files mails with a contact
// without changing the mail.
func (c *Connector) contactChanged(o *object, from crm.Millis) []crm.Notice {
	var out []crm.Notice
	contact, news := string(o.ID), from-crm.Millis(newly.Milliseconds())
	changed := !c.memory.Knows(contact, c.profile(o), c.now())
	if changed {
		out = append(out, crm.Notice{Ref: &crm.Ref{Type: "contacts", ID: contact}})
	}
	recent := o.created()
	for _, name := range lastActivity[:3] {
		recent = max(recent, o.at(name))
	}
	// While a contact is new, what it was made from may be filed with it at any time.
	if c.memory.Moved(contact, c.activity(o), recent > news) || changed && o.created() > news {
		out = append(out, crm.Notice{Ref: &crm.Ref{Type: filed, ID: contact}})
	}
	return out
}

// profile stands for the values of all that is read of a contact, activity for what it says of the last one.
func (c *Connector) profile(o *object) uint64 {
	return c.memory.Sum(o.values(slices.Concat(c.dated(), undated))...)
}

func (c *Connector) activity(o *object) uint64 { return c.memory.Sum(o.values(lastActivity)...) }

// threads reads the conversations with messages after a time. Source: HubSpot docs, "Conversations inbox and messages".
func (c *Connector) threads(ctx context.Context, op string, ask since.Ask) (since.Page, error) {
	query := url.Values{
		"limit": {"200"}, "sort": {"latestMessageTimestamp"},
		"latestMessageTimestampAfter": {ask.From.Time().Format(time.RFC3339Nano)},
	}
	if ask.After != "" {
		query.Set("after", ask.After)
	}
	var got struct {
		Results []struct {
			ID     id     `json:"id"`
			Latest string `json:"latestMessageTimestamp"`
		} `json:"results"`
		Paging paging `json:"paging"`
	}
	_, err := c.rest.Do(ctx, rest.Request{
		Op: op, Class: rest.Poll, Method: http.MethodGet, Path: threadsPath, Query: query, Into: &got,
	})
	if err != nil {
		return since.Page{}, connectors.About(err, "list conversations")
	}
	page := since.Page{Marks: true, Mark: got.Paging.Next.After}
	for _, t := range got.Results {
		if at := millis(t.Latest); t.ID != "" && (ask.Until == 0 || at <= ask.Until) {
			page.Records = append(page.Records, since.Record{
				ID: string(t.ID), At: at, Notices: []crm.Notice{{Ref: &crm.Ref{Type: conversations, ID: string(t.ID)}}},
			})
		}
	}
	return page, nil
}

// Backfill returns references to the history between since and until, oldest first within each kind, contacts first.
func (c *Connector) Backfill(ctx context.Context, at string, from, until time.Time) (connectors.BackfillPage, error) {
	cur := since.Parse[cursor](at)
	if !slices.Contains(c.cfg.Objects, cur.Type) {
		total, err := c.count(ctx, from, until)
		if err != nil {
			return connectors.BackfillPage{}, err
		}
		cur = cursor{}
		cur.Type, cur.Total = c.cfg.Objects[0], total
	}
	stage := cur.Type
	records, over, err := c.walk().Backfill(ctx, &cur.Cursor, from, until)
	if err != nil {
		return connectors.BackfillPage{}, err
	}
	out := connectors.BackfillPage{
		Notices: since.Notices(records), Stage: stage, Read: cur.Read, Total: max(cur.Total, cur.Read),
	}
	if !over {
		out.Next = since.Text(cur)
	}
	return out, nil
}

// count is how many records there are between since and until. Conversations cannot be counted.
func (c *Connector) count(ctx context.Context, since, until time.Time) (int, error) {
	total := 0
	for _, kind := range c.cfg.Objects {
		if kind == conversations {
			continue
		}
		by := happenedBy(kind)
		got, err := c.find(ctx, "backfill", kind, by, by, []filter{
			{by, "GTE", strconv.FormatInt(since.UnixMilli(), 10)},
			{by, "LTE", strconv.FormatInt(until.UnixMilli(), 10)},
		}, 1)
		if err != nil {
			return 0, err
		}
		total += got.Total
	}
	return total, nil
}
