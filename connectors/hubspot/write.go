package hubspot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

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

// Write sends one batch/update, and returns one error per change. The CRM's own status, which an account may have no
// such value for, goes in a call of its own, so that no rating is refused for its sake.
func (c *Connector) Write(ctx context.Context, chs []crm.Change) []error {
	out := make([]error, len(chs))
	var ours []update
	for i, ch := range chs {
		props, err := c.fields.Values(ch, maxText)
		switch {
		case err != nil:
			out[i] = c.fail("write", connectors.Internal, err)
		case len(props) > 0:
			ours = append(ours, update{ID: ch.Contact, Properties: props, Trace: ch.Contact})
		}
	}
	failed := c.update(ctx, ours)
	native := map[string][]update{} // by value: it is right for all of them or for none
	for i, ch := range chs {
		if out[i] == nil {
			out[i] = failed[ch.Contact]
		}
		if v, ok := ch.Values[crm.FieldNativeStatus]; ok && out[i] == nil {
			if v == crm.UnqualifiedStatus {
				v = c.cfg.Unqualified
			}
			native[v] = append(native[v], update{
				ID: ch.Contact, Properties: map[string]string{nativeStatus: v}, Trace: ch.Contact,
			})
		}
	}
	for _, v := range sortedKeys(native) {
		maps.Copy(failed, c.updateNative(ctx, native[v]))
	}
	for i, ch := range chs {
		if out[i] == nil {
			out[i] = failed[ch.Contact]
		}
	}
	return out
}

// updateNative sets the CRM's own status to one value. What is refused for good is refused beside ratings that are
// written; where it is not the value, each contact is tried by itself.
func (c *Connector) updateNative(ctx context.Context, ins []update) map[string]error {
	failed := c.update(ctx, ins)
	for contact, err := range failed {
		e, ok := errors.AsType[*connectors.Error](err)
		if !ok {
			continue
		}
		refused := e.Kind == connectors.Rejected || e.Kind == connectors.Misconfigured
		if refused && len(ins) > 1 && e.Whole && !strings.Contains(e.Err.Error(), invalidOption) {
			return c.oneByOne(ctx, ins)
		}
		own := *e
		if own.Whole = false; refused {
			own.Kind, own.Beside = connectors.Rejected, true
			own.Err = fmt.Errorf("%s was not set: %w; %s names the value for a disqualified contact", nativeStatus,
				e.Err, c.opt.Source.Variable("UNQUALIFIED"))
		}
		failed[contact] = &own
	}
	return failed
}

func (c *Connector) oneByOne(ctx context.Context, ins []update) map[string]error {
	failed := map[string]error{}
	for i := range ins {
		maps.Copy(failed, c.updateNative(ctx, ins[i:i+1]))
	}
	return failed
}

// update makes one batch/update and returns what failed, by contact. An answer that names no record stands for the
// whole batch.
func (c *Connector) update(ctx context.Context, ins []update) map[string]error {
	failed := map[string]error{}
	if len(ins) == 0 {
		return failed
	}
	var got batchResult
	_, err := c.rest.Do(ctx, rest.Request{
		Op: "write", Class: rest.Write, Method: http.MethodPost, Path: objects("contacts") + "/batch/update",
		Body: map[string]any{"inputs": ins}, Into: &got,
	})
	if err == nil {
		return c.unwritten(ctx, ins, got)
	}
	if e, ok := errors.AsType[*connectors.Error](err); ok {
		e.Whole = len(ins) > 1
	}
	for _, in := range ins {
		failed[in.ID] = err
	}
	return failed
}

// unwritten finds the inputs that were not written. They are matched by id, never by place: HubSpot keeps no order.
func (c *Connector) unwritten(ctx context.Context, ins []update, got batchResult) map[string]error {
	missing := map[string]bool{}
	for _, in := range ins {
		missing[in.ID] = true
	}
	var others []string
	for _, r := range got.Results {
		if !missing[string(r.ID)] {
			others = append(others, string(r.ID))
		}
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
	for contact := range failed {
		delete(missing, contact)
	}
	for contact := range missing {
		switch {
		case unnamed != nil:
			failed[contact] = unnamed
		case len(missing) == 1 && len(others) == 1:
			failed[contact] = c.merged(others[0])
		default:
			failed[contact] = c.notThere(ctx, contact)
		}
	}
	return failed
}

// notThere says what became of a contact whom an answer does not name.
func (c *Connector) notThere(ctx context.Context, contact string) error {
	os, err := c.read(ctx, "contacts", []string{contact}, []string{"createdate"}, nil)
	switch {
	case err != nil:
		return err
	case len(os) == 1 && string(os[0].ID) != contact:
		return c.merged(string(os[0].ID))
	}
	return c.fail("write", connectors.NotFound, errors.New("HubSpot returned no record of this id: deleted, or "+
		"merged into another"))
}

// merged is the error of a contact that was merged: HubSpot takes its id for the winner's, in reads and in writes, and
// only the id in the answer tells.
func (c *Connector) merged(into string) error {
	return &connectors.Error{
		Vendor: Vendor, Op: "write", Kind: connectors.NotFound, Into: into,
		Err: errors.New("the contact was merged into another"),
	}
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
	kind, what := e.badRequest(cat, append(c.fields.Written(), nativeStatus))
	return c.fail("write", kind, errors.New(what))
}
