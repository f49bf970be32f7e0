package espocrm

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic"
)

// With a public address and no secret the connector makes the webhooks, keeps their secrets, and makes one that is gone
// again; another process verifies by what it recalls.
func TestWebhooksAreMade(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	espo := New(Options{Now: func() time.Time { return now }, Fields: true})
	api := httptest.NewServer(espo.Handler())
	defer api.Close()
	state := connectors.NewMemory()
	process := func() connectors.Vendor {
		v, err := generic.New(
			generic.Config{MAPPING: "espocrm", API: generic.API{URL: api.URL}, Token: "sandbox-key"},
			connectors.Options{
				Source: crm.Source{
					Name: "espo", Vendor: generic.Vendor,
				}, State: state, PublicURL: "https://winnow.example.com",
				Now: func() time.Time { return now },
			})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	maintain := func(v connectors.Vendor) []*hook {
		t.Helper()
		next, err := v.Maintain.Maintain(t.Context())
		if err != nil || !next.After(now) {
			t.Fatalf("maintain: %s, %v", next, err)
		}
		return slices.Clone(espo.hooks)
	}
	v := process()
	made := maintain(v)
	if len(made) != 21 || made[1].URL != "https://winnow.example.com/hooks/espo/Lead.update" || !made[1].SkipOwn {
		t.Fatalf("%d webhooks, the second to %s", len(made), made[1].URL)
	}
	if again := maintain(v); !slices.Equal(again, made) {
		t.Error("what is there is made again")
	}

	other := process()
	body := Message(map[string]any{"id": "65f", "status": "Dead"})
	from := func(h *hook) connectors.Delivery {
		return connectors.Delivery{
			Method: http.MethodPost, Path: h.Event, Body: body, Received: crm.At(now),
			Header: http.Header{"Signature": {Sign(h.ID, h.secret, body)}},
		}
	}
	if err := other.Receive.Verify(from(made[1]), now); err == nil {
		t.Error("verified by nothing")
	}
	if err := other.Maintain.Recall(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.Receive.Verify(from(made[1]), now); err != nil {
		t.Errorf("another process does not know the secrets: %v", err)
	}

	espo.hooks = slices.Delete(espo.hooks, 1, 2) // somebody deleted one, and another was switched off
	espo.hooks[3].Active = false
	mended := maintain(other)
	if len(mended) != 21 || slices.Contains(mended, made[1]) || slices.ContainsFunc(
		mended, func(h *hook) bool { return !h.Active },
	) {
		t.Errorf("%d webhooks after two were lost", len(mended))
	}
	for _, h := range mended {
		if err := other.Receive.Verify(from(h), now); err != nil {
			t.Errorf("%s: %v", h.Event, err)
		}
	}
	if err := other.Receive.Verify(from(made[1]), now); err == nil {
		t.Error("the secret of a webhook that is gone still lets in")
	}

	_, err := generic.New(generic.Config{MAPPING: "espocrm", API: generic.API{URL: api.URL}, Token: "x"},
		connectors.Options{Source: crm.Source{Name: "espo", Vendor: generic.Vendor}})
	if err == nil {
		t.Error("without a secret, and without an address at which webhooks could be made, it starts")
	}
}
