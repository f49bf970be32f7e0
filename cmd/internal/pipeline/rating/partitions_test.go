package rating

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestOwnersAreCounted: the gauge says at each moment how many partitions are rated here, since alerts ask for it.
func TestOwnersAreCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	o := owners{rated: NewMetrics(registry).partitions}
	rated := func(want float64) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() != "winnow_partitions_owned" {
				continue
			}
			if got := f.Metric[0].GetGauge().GetValue(); got != want {
				t.Errorf("%g partitions are rated, want %g", got, want)
			}
			return
		}
		t.Error("there is no gauge")
	}
	one, two, again := &owner{part: 1}, &owner{part: 2}, &owner{part: 1}
	o.add(one)
	o.add(two)
	rated(2)
	o.add(again) // who takes it over before the former owner has left
	o.remove(one)
	rated(2)
	o.remove(again)
	rated(1)
	if o.of(1) != nil || o.of(2) != two {
		t.Error("the wrong owner was removed")
	}
}
