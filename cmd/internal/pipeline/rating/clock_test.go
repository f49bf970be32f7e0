package rating

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

// TestVoidNative: what a clock that was ahead has set in the CRM's own status is set back to what stood there before.
func TestVoidNative(t *testing.T) {
	s := watermark.Source{Mode: watermark.Enforce, CRM: connectors.Vendor{
		People: []connectors.PersonKind{{Native: connectors.Native{Disqualify: connectors.ByStatus}}},
	}}
	gone := &crm.Decision{Status: crm.Disqualified, Ground: crm.SaidNo, Enforced: true, Replaced: "IN_PROGRESS"}
	for _, c := range []struct {
		now  crm.Rating // what the rules say without it
		want string
		set  bool
	}{
		{crm.Rating{Status: crm.Open}, "IN_PROGRESS", true},
		{crm.Rating{Status: crm.Pending, Decide: &crm.Decision{Status: crm.Pending, Ground: crm.SaidNo}}, "", false},
		{crm.Rating{Status: crm.Disqualified}, "", false}, // decided before, and it stands
	} {
		j := &job{key: queue.Key{Source: "fake", Contact: "7"}, c: &stored.Contact{Rating: c.now}, void: gone}
		j.takeBack()
		v := map[crm.Field]string{}
		addNative(v, s, j, j.c.Rating.Decide)
		if got, set := v[crm.FieldNativeStatus]; got != c.want || set != c.set {
			t.Errorf("%s: the CRM's own status is set to %q, %t; want %q, %t", c.now.Status, got, set, c.want, c.set)
		}
	}
}

// TestCorrect: of what is dated in the future nothing stays once the clock is known to be right, and what was before
// does.
func TestCorrect(t *testing.T) {
	decision := func(status crm.Status, at time.Time) crm.Fact {
		d := &crm.Decision{Status: status}
		return crm.Fact{ID: string(status), Kind: crm.KindDecision, At: crm.At(at), Decision: d}
	}
	o := benchOwner()
	o.p.Metrics, o.p.Troubles = NewMetrics(prometheus.NewRegistry()), watermark.NewTroubles(nil, zap.NewNop())
	later := noon.Add(60 * 24 * time.Hour)
	for _, sure := range []bool{true, false} {
		o.sight = seeing(watermark.Horizon{Now: noon, Read: noon})
		if sure {
			o.sight = o.sight.Believed()
		}
		j := &job{c: &stored.Contact{Arrived: crm.At(later), Asked: crm.At(later)}}
		j.c.Record.Decisions = []crm.Fact{
			decision(crm.Pending, noon.Add(-time.Hour)), decision(crm.Disqualified, later),
		}
		o.correct(j, noon)
		n, rated := len(j.c.Record.Decisions), j.c.Rated.Time()
		if sure && (n != 1 || j.void == nil || j.void.Status != crm.Disqualified || j.doubted || !rated.Equal(noon)) {
			t.Errorf("%d decisions stay, void is %+v, rated %s", n, j.void, rated)
		}
		if !sure && (n != 2 || j.void != nil || !j.doubted || !rated.Equal(later)) {
			t.Errorf("not sure: %d decisions stay, void is %+v, rated %s", n, j.void, rated)
		}
		if j.c.Arrived != crm.At(noon) || j.c.Asked != crm.At(noon) {
			t.Errorf("arrived %s, asked %s", j.c.Arrived.Time(), j.c.Asked.Time())
		}
	}
}
