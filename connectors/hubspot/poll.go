package hubspot

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

const (
	// pageSize is how many records one search gives. Source: HubSpot docs, "CRM search", limits.
	pageSize = 200
	// searchDelay is how long HubSpot's search may take to find a new record. By so much a poll goes back behind the newest record that
	// it has seen, until that one is older.
	searchDelay = 15 * time.Minute
	// binEvery is how often the recycle bin is looked through, binOverlap how far each look goes back behind the one before, and
	// binPages how many pages of it one round reads: the rest waits for the next one.
	binEvery   = 24 * time.Hour
	binOverlap = 24 * time.Hour
	binPages   = 20
)

// place is how far the records of one kind have been read, in the order of their time.
type place struct {
	At int64 `json:"at"` // ms: the next page begins with what happened at this instant
	// ID is set within an instant that holds more records than a page: they are read in the order of their ids, and those up
	// to this one have been. Of conversations it is HubSpot's own page mark.
	ID   string `json:"id,omitempty"`
	Seen int64  `json:"seen,omitempty"` // ms: the newest record of the round
	Done bool   `json:"done,omitempty"` // the newest was old enough to be sure that search had found all before it
}

// cursor is what Poll and Backfill keep between calls, as JSON.
type cursor struct {
	Kind   string           `json:"kind,omitempty"` // being read; "": the round is over
	Places map[string]place `json:"places"`
	Bin    bin              `json:"bin,omitzero"`
	Read   int              `json:"read,omitempty"`  // backfill: records so far
	Total  int              `json:"total,omitempty"` // backfill: of all kinds, as they were counted at its start
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

func parseCursor(s string) cursor {
	var c cursor
	if json.Unmarshal([]byte(s), &c) != nil || c.Places == nil {
		// A cursor that is not readable begins again: the same record may come twice, but none is left out.
		return cursor{Places: map[string]place{}}
	}
	return c
}

func (c cursor) String() string {
	b, _ := json.Marshal(c) // nothing in it can fail
	return string(b)
}

// next is the kind after the current one, "" after the last.
func (c *Connector) next(kind string) string {
	i := slices.Index(c.cfg.Objects, kind)
	if i < 0 || i+1 >= len(c.cfg.Objects) {
		return ""
	}
	return c.cfg.Objects[i+1]
}

// Poll returns references to what changed, a page of one kind at a time. It goes by the records' own change times alone, and
// goes back a little at the beginning of each round.
func (c *Connector) Poll(ctx context.Context, at string, since time.Time) (notices []crm.Notice, next string, more bool, err error) {
	cur := parseCursor(at)
	if cur.Bin.Pages > 0 {
		return c.pollBin(ctx, at, cur)
	}
	if cur.Bin.Looked == 0 { // what was deleted before we began is nothing that we know of
		cur.Bin.Looked = since.UnixMilli()
	}
	if cur.Kind == "" || !c.reads(cur.Kind) {
		cur.Kind = c.cfg.Objects[0]
		for kind, p := range cur.Places {
			cur.Places[kind] = p.again()
		}
	}
	p, ok := cur.Places[cur.Kind]
	if !ok {
		p = place{At: since.UnixMilli(), Seen: since.UnixMilli()}
	}
	refs, p, over, err := c.page(ctx, "poll", cur.Kind, changedBy(cur.Kind), p, 0)
	if err != nil {
		return nil, at, false, err
	}
	if over {
		p.Done = c.now().Sub(time.UnixMilli(p.Seen)) > searchDelay
		cur.Places[cur.Kind] = p
		cur.Kind = c.next(cur.Kind)
	} else {
		cur.Places[cur.Kind] = p
	}
	if cur.Kind == "" {
		cur.Bin.begin(c.now(), c.binned(""))
	}
	return refs, cur.String(), cur.Kind != "" || cur.Bin.Pages > 0, nil
}

// binned is the kind after the given one, or the first after "", whose deleted records are looked for; "" after the last. Contacts are
// among them in accounts without webhooks alone: where there are some they tell of a restore too, which cannot be told from the
// contact itself. Of conversations there is no recycle bin.
func (c *Connector) binned(kind string) string {
	for _, k := range c.cfg.Objects[slices.Index(c.cfg.Objects, kind)+1:] {
		if _, ok := kinds[k]; ok || k == "contacts" && c.cfg.Webhooks == "off" {
			return k
		}
	}
	return ""
}

// pollBin reads one page of the recycle bin, for deletions that no webhook told of. HubSpot lists it in the order of ids and cannot
// search it by time, so a look goes through all of it, and keeps what was deleted since the one before. Source: HubSpot docs, "Using
// object APIs", list with archived=true.
func (c *Connector) pollBin(ctx context.Context, at string, cur cursor) (notices []crm.Notice, next string, more bool, err error) {
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
		_, err = c.rest.Do(ctx, rest.Request{Op: "poll", Class: rest.Poll, Method: http.MethodGet, Path: objects(b.Kind), Query: query, Into: &got})
		if err != nil && !withheld(err) {
			return nil, at, false, about(err, "list deleted "+b.Kind)
		}
	}
	for _, o := range got.Results {
		if o == nil || o.ID == "" {
			continue
		}
		gone := int64(millis(o.ArchivedAt))
		switch {
		case gone <= b.Looked-binOverlap.Milliseconds():
		case b.Kind == "contacts":
			c.profiles.drop(string(o.ID)) // restored, it may look as before
			notices = append(notices, existence(string(o.ID), true, gone))
		default:
			notices = append(notices, crm.Notice{Removed: &crm.Removal{ID: b.Kind + "/" + string(o.ID), Version: gone}})
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
	return notices, cur.String(), b.Pages > 0, nil
}

// again is where the next round begins.
func (p place) again() place {
	if p.Done {
		return place{At: p.Seen + 1, Seen: p.Seen}
	}
	return place{At: p.Seen - searchDelay.Milliseconds(), Seen: p.Seen}
}

// changedBy is the property that says when a record of a kind changed.
func changedBy(kind string) string {
	if kind == "contacts" {
		return "lastmodifieddate"
	}
	return "hs_lastmodifieddate"
}

// happenedBy is the property by which a backfill takes records: when messages and calls happened, and when others changed
// last, because an old deal that is still open matters.
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

// find is one search, at HubSpot's own pace for searches. Source: HubSpot docs, "CRM search".
func (c *Connector) find(ctx context.Context, op, kind, by, sort string, filters []filter, limit int, also ...string) (found, error) {
	var got found
	_, err := c.rest.Do(ctx, rest.Request{
		Op: op, Class: rest.Poll, Lane: c.search, Method: http.MethodPost, Path: objects(kind) + "/search", Into: &got,
		Body: map[string]any{
			"filterGroups": []map[string]any{{"filters": filters}}, "properties": append([]string{by}, also...), "limit": limit,
			"sorts": []map[string]string{{"propertyName": sort, "direction": "ASCENDING"}},
		},
	})
	return got, about(err, "search "+kind+"; WINNOW_"+envName(c.opt.Source.Name)+"_OBJECTS says which kinds are read")
}

// page reads the next page of a kind, from p to until (ms; 0: no end), and returns where the one after it begins and
// whether this was the last. It never uses HubSpot's page marks: while records change they move from page to page, and a
// search ends at 10,000 records. Each page begins anew at the last one's time instead.
func (c *Connector) page(ctx context.Context, op, kind, by string, p place, until int64) ([]crm.Notice, place, bool, error) {
	if kind == conversations {
		return c.threads(ctx, op, p, until)
	}
	filters := []filter{{by, "GTE", strconv.FormatInt(p.At, 10)}}
	sort := by
	if until > 0 {
		filters = append(filters, filter{by, "LTE", strconv.FormatInt(until, 10)})
	}
	if p.ID != "" {
		filters = []filter{{by, "EQ", strconv.FormatInt(p.At, 10)}, {"hs_object_id", "GT", p.ID}}
		sort = "hs_object_id"
	}
	var read, also []string // of a contact: by these it is seen whether anything changed that matters here
	if kind == "contacts" && op == "poll" {
		read = c.dated()
		also = slices.Concat(read, undated)
	}
	got, err := c.find(ctx, op, kind, by, sort, filters, pageSize, also...)
	if err != nil {
		return nil, p, false, err
	}
	refs := make([]crm.Notice, 0, len(got.Results))
	last, lastID := p.At, p.ID
	for _, o := range got.Results {
		if o == nil || o.ID == "" {
			continue
		}
		last, lastID = max(last, int64(o.at(by))), string(o.ID)
		p.Seen = max(p.Seen, int64(o.at(by)))
		if read != nil && c.profiles.known(string(o.ID), c.profiles.sum(o, read), c.now()) {
			continue
		}
		refs = append(refs, crm.Notice{Ref: &crm.Ref{Type: kind, ID: string(o.ID)}})
	}
	full := len(got.Results) >= pageSize
	switch {
	case p.ID != "" && full:
		p.ID = lastID
	case p.ID != "":
		p.At, p.ID = p.At+1, "" // the crowded instant is done
		full = true
	case full && last == p.At:
		p.ID = "0" // a whole page of one instant: an import
	case full:
		p.At = last
	}
	return refs, p, !full, nil
}

// threads reads the conversations with messages after p. Source: HubSpot docs, "Conversations inbox and messages".
func (c *Connector) threads(ctx context.Context, op string, p place, until int64) ([]crm.Notice, place, bool, error) {
	query := url.Values{
		"limit": {"200"}, "sort": {"latestMessageTimestamp"}, "latestMessageTimestampAfter": {crm.Millis(p.At).Time().Format(time.RFC3339Nano)},
	}
	if p.ID != "" {
		query.Set("after", p.ID)
	}
	var got struct {
		Results []struct {
			ID     id     `json:"id"`
			Latest string `json:"latestMessageTimestamp"`
		} `json:"results"`
		Paging paging `json:"paging"`
	}
	_, err := c.rest.Do(ctx, rest.Request{Op: op, Class: rest.Poll, Method: http.MethodGet, Path: threadsPath, Query: query, Into: &got})
	if err != nil {
		return nil, p, false, about(err, "list conversations")
	}
	var refs []crm.Notice
	for _, t := range got.Results {
		at := int64(millis(t.Latest))
		if t.ID == "" || until > 0 && at > until {
			continue
		}
		p.Seen = max(p.Seen, at)
		refs = append(refs, crm.Notice{Ref: &crm.Ref{Type: conversations, ID: string(t.ID)}})
	}
	p.ID = got.Paging.Next.After
	return refs, p, p.ID == "", nil
}

// Backfill returns references to the history between since and until, oldest first within each kind, contacts first.
func (c *Connector) Backfill(ctx context.Context, at string, since, until time.Time) (connectors.BackfillPage, error) {
	cur := parseCursor(at)
	if cur.Kind == "" || !c.reads(cur.Kind) {
		total, err := c.count(ctx, since, until)
		if err != nil {
			return connectors.BackfillPage{}, err
		}
		cur = cursor{Kind: c.cfg.Objects[0], Places: map[string]place{}, Total: total}
	}
	p, ok := cur.Places[cur.Kind]
	if !ok {
		p = place{At: since.UnixMilli()}
	}
	refs, p, over, err := c.page(ctx, "backfill", cur.Kind, happenedBy(cur.Kind), p, until.UnixMilli())
	if err != nil {
		return connectors.BackfillPage{}, err
	}
	out := connectors.BackfillPage{Notices: refs, Stage: cur.Kind}
	cur.Read += len(refs)
	cur.Places[cur.Kind] = p
	if over {
		delete(cur.Places, cur.Kind)
		cur.Kind = c.next(cur.Kind)
	}
	out.Read, out.Total = cur.Read, max(cur.Total, cur.Read)
	if cur.Kind != "" {
		out.Next = cur.String()
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
			{by, "GTE", strconv.FormatInt(since.UnixMilli(), 10)}, {by, "LTE", strconv.FormatInt(until.UnixMilli(), 10)},
		}, 1)
		if err != nil {
			return 0, err
		}
		total += got.Total
	}
	return total, nil
}
