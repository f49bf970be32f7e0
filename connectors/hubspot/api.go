package hubspot

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// version is the version of HubSpot's API that everything here speaks. Each is supported for 18 months. Source: HubSpot
// developer changelog, "2026-09".
const version = "2026-09"

// accountVersion is the version of the account-info API, which moves by itself.
const accountVersion = "2026-03"

const (
	// maxRead is how many records one batch/read takes. Source: HubSpot docs, "Using object APIs", limits.
	maxRead = 100
	// maxHistories is how many it takes when histories are asked for: HubSpot answers 400 to more.
	maxHistories = 50
	// maxAssociations is how many inputs one batch read of associations takes. Source: HubSpot docs, "Associations".
	maxAssociations = 1000
	// maxPages bounds the pages of one list.
	maxPages = 20
)

func objects(kind string) string { return "/crm/objects/" + version + "/" + kind }

// object is a record of the CRM.
type object struct {
	ID         id                   `json:"id"`
	Properties map[string]*string   `json:"properties"`
	History    map[string][]history `json:"propertiesWithHistory"`
	CreatedAt  string               `json:"createdAt"`
	UpdatedAt  string               `json:"updatedAt"`
	// when it was deleted; of those alone that are in the recycle bin
	ArchivedAt string `json:"archivedAt"`
}

// history is one value that a property had.
type history struct {
	Value      *string `json:"value"`
	Timestamp  string  `json:"timestamp"`
	SourceType string  `json:"sourceType"`
}

func (h history) value() string {
	if h.Value == nil {
		return ""
	}
	return *h.Value
}

func (h history) at() crm.Millis { return millis(h.Timestamp) }

func (o *object) get(name string) string {
	if v := o.Properties[name]; v != nil {
		return *v
	}
	return ""
}

func (o *object) at(name string) crm.Millis { return millis(o.get(name)) }

// changes are the values that a property had, oldest first.
func (o *object) changes(name string) []history {
	h := slices.Clone(o.History[name])
	slices.Reverse(h) // HubSpot has the newest first, which alone orders two of one millisecond
	slices.SortStableFunc(h, func(a, b history) int {
		switch x, y := a.at(), b.at(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return h
}

// created is when the record came about. It never changes, unlike the times that people can set.
func (o *object) created() crm.Millis {
	for _, v := range []string{o.get("hs_createdate"), o.get("createdate"), o.CreatedAt} {
		if at := millis(v); at != 0 {
			return at
		}
	}
	return 0
}

// changed is the vendor's change time of the record, ms.
func (o *object) changed() int64 {
	for _, v := range []string{o.get("hs_lastmodifieddate"), o.get("lastmodifieddate"), o.UpdatedAt} {
		if at := millis(v); at != 0 {
			return int64(at)
		}
	}
	return int64(o.created())
}

type input struct {
	ID    string `json:"id"`
	After string `json:"after,omitempty"`
}

// readable are the records of an answer that have an id. The others can be nothing of ours.
func readable(os []*object) []*object {
	return slices.DeleteFunc(os, func(o *object) bool { return o == nil || o.ID == "" })
}

func idsOf(os []*object) []string {
	ids := make([]string, len(os))
	for i, o := range os {
		ids[i] = string(o.ID)
	}
	return ids
}

func inputs(ids []string) []input {
	in := make([]input, len(ids))
	for i, s := range ids {
		in[i].ID = s
	}
	return in
}

// readAtOnce is how many requests of one reading are under way together; the budget decides how fast they go.
const readAtOnce = 4

// read reads records by their ids. Those that are gone are missing from what it returns.
func (c *Connector) read(ctx context.Context, kind string, ids, properties, histories []string) ([]*object, error) {
	size := maxRead
	if len(histories) > 0 {
		size = maxHistories
	}
	chunks := slices.Collect(slices.Chunk(crm.Unique(ids), size))
	parts := make([][]*object, len(chunks))
	var calls errgroup.Group
	calls.SetLimit(readAtOnce)
	for i, chunk := range chunks {
		calls.Go(func() error {
			var got struct {
				Results []*object `json:"results"`
			}
			_, err := c.rest.Do(ctx, rest.Request{
				Op: "fetch", Class: rest.Fetch, Method: http.MethodPost, Path: objects(kind) + "/batch/read",
				Body: map[string]any{
					"inputs": inputs(chunk), "properties": properties, "propertiesWithHistory": orEmpty(histories),
				},
				Into: &got,
			})
			if err != nil {
				return connectors.About(err, "read "+kind)
			}
			parts[i] = readable(got.Results)
			return nil
		})
	}
	err := calls.Wait()
	return slices.Concat(parts...), err
}

// deleted returns when those of ids were deleted that are in the recycle bin, where HubSpot keeps records for 90 days.
// Source: HubSpot docs, "Using object APIs", and knowledge base, "Restore deleted records".
func (c *Connector) deleted(ctx context.Context, kind string, ids []string) (map[string]int64, error) {
	out := map[string]int64{}
	for chunk := range slices.Chunk(crm.Unique(ids), maxRead) {
		var got struct {
			Results []*object `json:"results"`
		}
		_, err := c.rest.Do(ctx, rest.Request{
			Op: "fetch", Class: rest.Fetch, Method: http.MethodPost, Path: objects(kind) + "/batch/read",
			Query: url.Values{"archived": {"true"}}, Into: &got,
			Body: map[string]any{
				"inputs": inputs(chunk), "properties": []string{}, "propertiesWithHistory": []string{},
			},
		})
		if withheld(err) {
			return out, nil
		}
		if err != nil {
			return nil, connectors.About(err, "look for "+kind+" in the recycle bin")
		}
		for _, o := range readable(got.Results) {
			if millis(o.ArchivedAt) != 0 {
				out[string(o.ID)] = int64(millis(o.ArchivedAt))
			}
		}
	}
	return out, nil
}

// associated returns for each of ids the records of kind to that it is associated with, in HubSpot's order.
func (c *Connector) associated(ctx context.Context, from, to string, ids []string) (map[string][]string, error) {
	links, err := c.labelled(ctx, from, to, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]string, len(links))
	for record, ls := range links {
		for _, l := range ls {
			if !slices.Contains(out[record], l.to) {
				out[record] = append(out[record], l.to)
			}
		}
	}
	return out, nil
}

// link is one association: the other record, and what the account calls the relation to it, where it has words for
// that.
type link struct {
	to     string
	labels []string
}

// labelled are the associations of each of ids with records of kind to, in HubSpot's order.
func (c *Connector) labelled(ctx context.Context, from, to string, ids []string) (map[string][]link, error) {
	out := map[string][]link{}
	todo := inputs(crm.Unique(ids))
	for page := 0; len(todo) > 0 && page < maxPages; page++ {
		var next []input
		for chunk := range slices.Chunk(todo, maxAssociations) {
			var got struct {
				Results []struct {
					From struct {
						ID id `json:"id"`
					} `json:"from"`
					To []struct {
						ID    id `json:"toObjectId"`
						Types []struct {
							Label string `json:"label"`
						} `json:"associationTypes"`
					} `json:"to"`
					Paging struct {
						Next struct {
							After string `json:"after"`
						} `json:"next"`
					} `json:"paging"`
				} `json:"results"`
			}
			_, err := c.rest.Do(ctx, rest.Request{
				Op: "fetch", Class: rest.Fetch, Method: http.MethodPost, Into: &got,
				Path: "/crm/associations/" + version + "/" + from + "/" + to + "/batch/read",
				Body: map[string]any{"inputs": chunk},
			})
			if err != nil {
				return nil, connectors.About(err, "read the associations of "+from+" with "+to)
			}
			for _, r := range got.Results {
				for _, t := range r.To {
					if t.ID == "" {
						continue
					}
					l := link{to: string(t.ID)}
					for _, typ := range t.Types {
						if typ.Label != "" {
							l.labels = append(l.labels, typ.Label)
						}
					}
					out[string(r.From.ID)] = append(out[string(r.From.ID)], l)
				}
				if after := r.Paging.Next.After; after != "" {
					next = append(next, input{ID: string(r.From.ID), After: after})
				}
			}
		}
		todo = next
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
