package hubspot

import (
	"context"
	"net/http"
	"net/url"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

// past is the type of the reference to all that there is of a contact, whose id it has.
const past = "past"

// Past names all records of a contact.
func (c *Connector) Past(contact string) crm.Ref { return crm.Ref{Type: past, ID: contact} }

// fetchPast asks for contacts and all that is filed with them, and with those who share a deal with them: what these
// write may be an answer.
func (c *Connector) fetchPast(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	var out []crm.Notice
	var ids []string
	depth := 0
	for _, r := range refs {
		ids, depth = append(ids, r.ID), max(depth, r.Depth+1)
		out = append(out, crm.Notice{Ref: &crm.Ref{Type: "contacts", ID: r.ID, Depth: depth}})
	}
	who, err := c.relate.WithPeers(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, k := range c.cfg.Objects {
		var of map[string][]string
		switch k {
		case "contacts":
			continue
		case conversations:
			of, err = c.threadsOf(ctx, who)
		default:
			of, err = c.associated(ctx, "contacts", k, who)
		}
		if err != nil {
			return nil, err
		}
		for _, contact := range who {
			for _, record := range of[contact] {
				ref := crm.Ref{Type: k, ID: record, Depth: depth}
				if k == "deals" { // on whose behalf its quotes are read
					ref.Contacts = []string{contact}
				}
				out = append(out, crm.Notice{Ref: &ref})
			}
		}
	}
	return out, nil
}

// threadsOf are the conversations with contacts. Source: HubSpot docs, "Conversations inbox and messages".
func (c *Connector) threadsOf(ctx context.Context, contacts []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, contact := range contacts {
		with := url.Values{"limit": {"500"}, "associatedContactId": {contact}}
		err := paged(with, func(query url.Values) (paging, error) {
			var got struct {
				Results []struct {
					ID id `json:"id"`
				} `json:"results"`
				Paging paging `json:"paging"`
			}
			_, err := c.rest.Do(ctx, rest.Request{
				Op: "fetch", Class: rest.Fetch, Method: http.MethodGet, Path: threadsPath, Query: query, Into: &got,
			})
			for _, t := range got.Results {
				out[contact] = append(out[contact], string(t.ID))
			}
			return got.Paging, err
		})
		if err != nil {
			return nil, connectors.About(err, "list conversations")
		}
	}
	return out, nil
}
