package intake

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/clock"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// erasing decodes everything to an erasure in account 99.
type erasing struct{ connectors.Receiver }

func (erasing) Decode(connectors.Delivery) ([]crm.Notice, error) {
	return []crm.Notice{
		{Account: "99", Fact: &crm.Fact{Contact: "7", ID: "forget", Version: 1, Kind: crm.KindForget}},
	}, nil
}

// known is the source's account, as far as it is known.
type known string

func (k *known) Account(string) string { return string(*k) }

// TestErasuresWaitForTheAccount: what another account erased is not ours to erase, and while it is not known which
// one is ours, nobody can tell.
func TestErasuresWaitForTheAccount(t *testing.T) {
	for _, c := range []struct {
		why     string
		account known
		facts   uint64
		letters int
	}{
		{"ours", "99", 1, 0}, {"another's", "7", 0, 1}, {"not known yet", "", 0, 0},
	} {
		t.Run(c.why, func(t *testing.T) {
			q, registry := openStore(t), prometheus.NewRegistry()
			s := watermark.Source{Source: crm.Source{Name: "fake"}, CRM: connectors.Vendor{
				Receive: erasing{}, Account: struct{ connectors.Accounter }{},
				People: []connectors.PersonKind{{Record: "contacts"}},
			}}
			r := NewReader(Deps{
				Queue: q, Accounts: &c.account, Publisher: stored.NewPublisher(q, time.Now), Now: time.Now,
				Clock: clock.New(clock.Options{}), Metrics: NewMetrics(registry),
				Letters: watermark.NewLetters(q, stored.NewTombs(q), watermark.NewMetrics(registry), zap.NewNop()),
			}, s)
			if err := q.Deliveries.Publish(t.Context(), "fake", stored.Encode([]stored.Delivery{
				{Received: crm.At(time.Now())},
			}), nil); err != nil {
				t.Fatal(err)
			}
			deliveries := q.Deliveries.Consumer("fake")
			defer deliveries.Close()
			msgs, err := deliveries.Fetch(t.Context(), 10, 0, waittest.Hang)
			if err != nil || len(msgs) != 1 {
				t.Fatalf("%d messages, %v", len(msgs), err)
			}
			if err := r.readAll(t.Context(), msgs); err != nil {
				t.Fatal(err)
			}
			facts, err := q.Facts.Last(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			letters, err := q.DeadLetters.List(t.Context(), 0, 10, "", "")
			if err != nil {
				t.Fatal(err)
			}
			if facts != c.facts || len(letters) != c.letters {
				t.Errorf("%d facts and %d dead letters, want %d and %d", facts, len(letters), c.facts, c.letters)
			}
		})
	}
}
