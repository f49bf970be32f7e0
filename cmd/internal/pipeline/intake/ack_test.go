package intake

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/salesforce"
)

const message = `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>` +
	`<notifications xmlns="http://soap.sforce.com/2005/09/outbound">` +
	`<OrganizationId>00D000000000062EAA</OrganizationId></notifications></Body></Envelope>`

// TestAckOnceStored: an outbound message is acknowledged once the store has it, not before, and is told to come again
// where the store did not take it: Salesforce forgets what is acknowledged.
func TestAckOnceStored(t *testing.T) {
	org, err := salesforce.New(salesforce.Config{
		API: salesforce.API{URL: "https://acme.example"}, ClientID: "app", ClientSecret: "s3cret", HookKey: "h00k",
		OrgID: "00D000000000062",
	}, connectors.Options{Source: crm.Source{Name: "fake", Vendor: salesforce.Vendor}})
	if err != nil {
		t.Fatal(err)
	}
	r := NewReceiver(Deps{
		Queue: openStore(t), Sources: map[string]watermark.Source{
			"fake": {Source: crm.Source{Name: "fake"}, MaxBody: 1 << 20, CRM: org.Vendor()},
		},
		Now: time.Now, Clock: clock.New(clock.Options{}), Troubles: watermark.NewTroubles(nil, zap.NewNop()),
		Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	reached, synced := make(chan struct{}), make(chan error)
	r.groups["fake"].publish = func(context.Context, []stored.Delivery, tracing.Trail) error {
		reached <- struct{}{}
		return <-synced
	}
	for _, c := range []struct {
		body   string
		err    error
		status int
		ack    string
	}{
		{message, nil, http.StatusOK, "<Ack>true</Ack>"},
		{message + "<!-- another -->", errors.New("no room"), http.StatusServiceUnavailable, "<Ack>false</Ack>"},
	} {
		answered := make(chan *httptest.ResponseRecorder, 1)
		go func() {
			req := httptest.NewRequest(http.MethodPost, "/hooks/fake?key=h00k", strings.NewReader(c.body))
			req.SetPathValue("source", "fake")
			rec := httptest.NewRecorder()
			r.ServeHTTP(rec, req)
			answered <- rec
		}()
		select {
		case <-reached:
		case rec := <-answered:
			t.Fatalf("answered with %d %s, and never stored", rec.Code, rec.Body)
		}
		select {
		case rec := <-answered:
			t.Fatalf("answered with %d %s before it was stored", rec.Code, rec.Body)
		case <-time.After(50 * time.Millisecond): // an answer that did not wait would be there
		}
		synced <- c.err
		if rec := <-answered; rec.Code != c.status || !strings.Contains(rec.Body.String(), c.ack) {
			t.Errorf("stored with %v, it is answered with %d %s", c.err, rec.Code, rec.Body)
		}
	}
}
