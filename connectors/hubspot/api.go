package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

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
	// maxPages bounds the pages of one input's associations.
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

func inputs(ids []string) []input {
	in := make([]input, len(ids))
	for i, s := range ids {
		in[i].ID = s
	}
	return in
}

// read reads records by their ids. Those that are gone are missing from what it returns.
func (c *Connector) read(ctx context.Context, kind string, ids, properties, histories []string) ([]*object, error) {
	size := maxRead
	if len(histories) > 0 {
		size = maxHistories
	}
	var all []*object
	for chunk := range slices.Chunk(unique(ids), size) {
		var got struct {
			Results []*object `json:"results"`
		}
		_, err := c.rest.Do(ctx, rest.Request{
			Op: "fetch", Class: rest.Fetch, Method: http.MethodPost, Path: objects(kind) + "/batch/read", Into: &got,
			Body: map[string]any{"inputs": inputs(chunk), "properties": properties, "propertiesWithHistory": orEmpty(histories)},
		})
		if err != nil {
			return nil, about(err, "read "+kind)
		}
		all = append(all, slices.DeleteFunc(got.Results, func(o *object) bool { return o == nil || o.ID == "" })...)
	}
	return all, nil
}

// associated returns for each of ids the records of kind to that it is associated with, in HubSpot's order.
func (c *Connector) associated(ctx context.Context, from, to string, ids []string) (map[string][]string, error) {
	out := map[string][]string{}
	todo := inputs(unique(ids))
	for page := 0; len(todo) > 0 && page < maxPages; page++ {
		var next []input
		for chunk := range slices.Chunk(todo, maxAssociations) {
			var got struct {
				Results []struct {
					From struct {
						ID id `json:"id"`
					} `json:"from"`
					To []struct {
						ID id `json:"toObjectId"`
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
				Path: "/crm/associations/" + version + "/" + from + "/" + to + "/batch/read", Body: map[string]any{"inputs": chunk},
			})
			if err != nil {
				return nil, about(err, "read the associations of "+from+" with "+to)
			}
			for _, r := range got.Results {
				for _, t := range r.To {
					if s := string(t.ID); s != "" && !slices.Contains(out[string(r.From.ID)], s) {
						out[string(r.From.ID)] = append(out[string(r.From.ID)], s)
					}
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

func unique(ids []string) []string {
	out := slices.Clone(ids)
	slices.Sort(out)
	return slices.Compact(out)
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// about says what was being done when err came.
func about(err error, what string) error {
	if e, ok := errors.AsType[*connectors.Error](err); ok {
		e.Err = fmt.Errorf("%s: %w", what, e.Err)
		return e
	}
	return err
}

// limits reads HubSpot's rate limit headers. Search sends none, OAuth apps get none for the day. Source: HubSpot docs,
// "API usage guidelines".
func limits(h http.Header) rest.Limits {
	n := func(name string) int {
		v, err := strconv.Atoi(h.Get("X-HubSpot-RateLimit-" + name))
		if err != nil || v < 0 {
			return 0
		}
		return v
	}
	l := rest.Limits{Max: n("Max"), Remaining: n("Remaining"), Interval: time.Duration(n("Interval-Milliseconds")) * time.Millisecond}
	if h.Get("X-HubSpot-RateLimit-Remaining") == "" {
		l.Max = 0
	}
	if l.Interval < time.Second || l.Interval > time.Hour {
		l.Interval = 10 * time.Second
	}
	if h.Get("X-HubSpot-RateLimit-Daily-Remaining") != "" {
		l.DayMax, l.DayRemaining = n("Daily"), n("Daily-Remaining")
	}
	return l
}

// apiError is the body of a refusal. Every field is optional. Source: HubSpot docs, "Error handling".
type apiError struct {
	Category    string        `json:"category"`
	SubCategory any           `json:"subCategory"`
	Message     string        `json:"message"`
	PolicyName  string        `json:"policyName"`
	Errors      []detail      `json:"errors"`
	Context     contextValues `json:"context"`
}

type detail struct {
	Message string        `json:"message"`
	Code    string        `json:"code"`
	Context contextValues `json:"context"`
}

// contextValues reads lists of words. HubSpot also sends other shapes there, which are passed over.
type contextValues map[string][]string

func (v *contextValues) UnmarshalJSON(b []byte) error {
	var raw map[string]json.RawMessage
	if json.Unmarshal(b, &raw) != nil {
		return nil
	}
	*v = contextValues{}
	for k, r := range raw {
		var list []id
		var single id
		switch {
		case json.Unmarshal(r, &list) == nil:
			for _, s := range list {
				(*v)[k] = append((*v)[k], string(s))
			}
		case json.Unmarshal(r, &single) == nil && single != "":
			(*v)[k] = []string{string(single)}
		default:
			var words []string
			if json.Unmarshal(r, &words) == nil {
				(*v)[k] = words
			}
		}
	}
	return nil
}

// explain says what a refusal means. Only words that HubSpot itself chose from a finite list, names of properties and names
// of scopes go into the error: its messages quote values.
func (c *Connector) explain(r *rest.Response) *connectors.Error {
	var body apiError
	_ = json.Unmarshal(r.Body, &body) // what is not JSON explains nothing: the status does
	e := &connectors.Error{Kind: connectors.KindOfStatus(r.Status), After: rest.RetryAfter(r.Header, c.now())}
	what := fmt.Sprintf("HTTP %d", r.Status)
	if cat := word(body.Category); cat != "" {
		what += " " + cat
	}
	switch r.Status {
	case http.StatusUnauthorized:
		what += ": the token is wrong, expired or revoked"
	case http.StatusForbidden:
		if scopes := body.scopes(); len(scopes) > 0 {
			what += ": the token lacks the scope " + strings.Join(scopes, " or ")
		} else {
			what += ": the token may not do this; winnow setup shows which scopes are missing"
		}
	case http.StatusLocked: // Source: HubSpot docs, "Error handling": wait at least 2 seconds
		e.After = max(e.After, 2*time.Second)
	case 477: // the account is being moved to another data centre; Source: HubSpot docs, "Error handling"
		e.Kind = connectors.RateLimited
		what += ": HubSpot is moving the account"
	case http.StatusTooManyRequests:
		if policy := word(body.PolicyName); policy != "" {
			what += " " + policy
		}
		switch body.PolicyName {
		case "DAILY": // resets at midnight of the account's time zone: asking now and then finds out
			e.After = max(e.After, 10*time.Minute)
		case "SECONDLY":
			e.After = max(e.After, time.Second)
		}
	case http.StatusBadRequest:
		e.Kind, what = body.badRequest(what, c.written)
	}
	e.Err = errors.New(what)
	return e
}

// word is s if it is one of a vendor's constants, which are spelled in capitals.
func word(s string) string {
	if s == "" || len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if !(r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_') {
			return ""
		}
	}
	return s
}

func (b *apiError) scopes() []string {
	var out []string
	for _, d := range b.Errors {
		for _, key := range []string{"requiredGranularScopes", "requiredScopes"} {
			for _, s := range d.Context[key] {
				if isScope(s) && !slices.Contains(out, s) {
					out = append(out, s)
				}
			}
		}
	}
	return out
}

func isScope(s string) bool {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 80
}

// badRequest tells a missing property, which set-up creates, from a value that HubSpot will not have.
func (b *apiError) badRequest(what string, ours []string) (connectors.Kind, string) {
	kind := connectors.Rejected
	var codes, names []string
	collect := func(list []string, s string) []string {
		if s == "" || slices.Contains(list, s) {
			return list
		}
		return append(list, s)
	}
	for _, d := range b.Errors {
		codes = collect(codes, word(d.Code))
		for _, key := range []string{"propertyName", "propertyNames", "properties"} {
			for _, p := range d.Context[key] {
				if propertyName.MatchString(p) {
					names = collect(names, p)
				}
			}
		}
	}
	// Some answers carry code and property in the message only.
	text := b.Message
	for _, d := range b.Errors {
		text += " " + d.Message
	}
	for _, code := range []string{"PROPERTY_DOESNT_EXIST", "MISSING_CONDITIONAL_REQUIRED_PROPERTY", "MISSING_REQUIRED_PROPERTY", "INVALID_OPTION", "READ_ONLY_VALUE"} {
		if strings.Contains(text, code) {
			codes = collect(codes, code)
		}
	}
	for _, p := range ours {
		if strings.Contains(text, `"`+p+`"`) {
			names = collect(names, p)
		}
	}
	if len(codes) > 0 {
		what += " " + strings.Join(codes, " ")
	}
	if len(names) > 0 {
		what += ": " + strings.Join(names, ", ")
	}
	if slices.Contains(codes, "PROPERTY_DOESNT_EXIST") {
		return connectors.Misconfigured, what + ": create the properties with winnow setup, or map the fields with FIELDS"
	}
	return kind, what
}
