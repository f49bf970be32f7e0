package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

const (
	// maxBatch is how many records one batch/update takes. Source: HubSpot docs, "Using object APIs", limits.
	maxBatch = 100
	// maxText is how long a text property may be, in characters. Source: HubSpot docs, "Properties".
	maxText = 65536
	// nativeStatus is HubSpot's own lead status.
	nativeStatus = "hs_lead_status"
)

// WriteLimits are those of batch/update. How fast four calls go the budget decides.
func (c *Connector) WriteLimits() connectors.Limits {
	return connectors.Limits{Batch: maxBatch, Calls: 4}
}

// Split divides changes by the size of a batch/update.
func (c *Connector) Split(chs []crm.Change) [][]crm.Change {
	return connectors.InBatches(chs, maxBatch)
}

// update is one input of a batch. The trace id comes back with what is wrong with it.
type update struct {
	ID         string            `json:"id"`
	Properties map[string]string `json:"properties"`
	Trace      string            `json:"objectWriteTraceId"`
}

// batchResult is HubSpot's answer, complete (200) or in part (207).
type batchResult struct {
	Results []struct {
		ID id `json:"id"`
	} `json:"results"`
	Errors []struct {
		apiError
		ID id `json:"id"`
	} `json:"errors"`
}

// Write sends one batch/update and returns one error per change. An answer that names no record stands for the whole batch.
func (c *Connector) Write(ctx context.Context, chs []crm.Change) []error {
	out := make([]error, len(chs))
	ins := make([]update, 0, len(chs))
	for i, ch := range chs {
		props, err := c.values(ch)
		switch {
		case err != nil:
			out[i] = err
		case len(props) > 0:
			ins = append(ins, update{ID: ch.Contact, Properties: props, Trace: ch.Contact})
		}
	}
	if len(ins) == 0 {
		return out
	}
	var got batchResult
	_, err := c.rest.Do(ctx, rest.Request{
		Op: "write", Class: rest.Write, Method: http.MethodPost, Path: objects("contacts") + "/batch/update",
		Body: map[string]any{"inputs": ins}, Into: &got,
	})
	failed := map[string]error{}
	if err != nil {
		if e, ok := errors.AsType[*connectors.Error](err); ok {
			e.Whole = len(ins) > 1
		}
		for _, ch := range chs {
			failed[ch.Contact] = err
		}
	} else {
		failed = c.unwritten(ins, got)
	}
	for i, ch := range chs {
		if out[i] == nil {
			out[i] = failed[ch.Contact]
		}
	}
	return out
}

// unwritten finds the inputs that were not written. They are matched by id, never by place: HubSpot keeps no order.
func (c *Connector) unwritten(ins []update, got batchResult) map[string]error {
	missing := map[string]bool{}
	for _, in := range ins {
		missing[in.ID] = true
	}
	for _, r := range got.Results {
		delete(missing, string(r.ID))
	}
	failed := map[string]error{}
	var unnamed error
	for _, e := range got.Errors {
		err := c.recordError(&e.apiError)
		named := false
		for _, contact := range concerning(&e.apiError, e.ID) {
			if missing[contact] {
				failed[contact], named = err, true
			}
		}
		if !named && unnamed == nil {
			unnamed = err
		}
	}
	for contact := range missing {
		if failed[contact] != nil {
			continue
		}
		if failed[contact] = unnamed; unnamed == nil {
			failed[contact] = c.fail("write", connectors.NotFound, errors.New("HubSpot returned no record of this id: deleted, or merged into another"))
		}
	}
	return failed
}

// concerning are the contacts that an error names: by their ids, or by the trace ids, which are the same.
func concerning(e *apiError, own id) []string {
	out := []string{string(own)}
	lists := []contextValues{e.Context}
	for _, d := range e.Errors {
		lists = append(lists, d.Context)
	}
	for _, l := range lists {
		for _, key := range []string{"ids", "id", "objectWriteTraceId", "objectId", "objectIds"} {
			out = append(out, l[key]...)
		}
	}
	return out
}

// recordError is what HubSpot says of one record of a batch.
func (c *Connector) recordError(e *apiError) error {
	cat := word(e.Category)
	kind := connectors.Rejected
	switch cat {
	case "OBJECT_NOT_FOUND":
		return c.fail("write", connectors.NotFound, errors.New(cat+": the contact was deleted, or merged into another"))
	case "CONFLICT":
		kind = connectors.Conflict
	case "RATE_LIMITS":
		kind = connectors.RateLimited
	case "":
		cat = "refused without a category"
	}
	if kind != connectors.Rejected {
		return c.fail("write", kind, errors.New(cat))
	}
	kind, what := e.badRequest(cat, c.written)
	return c.fail("write", kind, errors.New(what))
}

// values are a change's properties as HubSpot takes them.
func (c *Connector) values(ch crm.Change) (map[string]string, error) {
	out := make(map[string]string, len(ch.Values))
	for _, f := range slices.Concat(crm.Fields, []crm.Field{crm.FieldNativeStatus}) {
		v, ok := ch.Values[f]
		if !ok {
			continue
		}
		if f == crm.FieldNativeStatus {
			if v == crm.UnqualifiedStatus {
				v = c.cfg.Unqualified
			}
			out[nativeStatus] = v
			continue
		}
		if p := c.fields[f]; p != "" {
			out[p] = shortened(v)
		}
	}
	for f := range ch.Values {
		if f != crm.FieldNativeStatus && !slices.Contains(crm.Fields, f) {
			return nil, c.fail("write", connectors.Internal, fmt.Errorf("%q is no field that is written", f))
		}
	}
	return out, nil
}

// shortened cuts a text at what a property holds, at a line's end where there is one near.
func shortened(v string) string {
	if utf8.RuneCountInString(v) <= maxText {
		return v
	}
	cut := string([]rune(v)[:maxText])
	if i := strings.LastIndexByte(cut, '\n'); i > len(cut)/2 {
		cut = cut[:i]
	}
	return cut
}
