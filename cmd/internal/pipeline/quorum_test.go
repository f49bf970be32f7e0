package pipeline

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/clustertest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// TestLostQuorum: a cluster in which two of three servers are away for a while answers nobody. That ends no process;
// when they are back the partitions are taken again and nothing is missing.
func TestLostQuorum(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real time-outs")
	}
	servers := clustertest.Start(t)
	f := &fake{}
	j := join(t, servers.URLs(), "a", rules.Defaults(), f)
	waittest.Until(t, "it has all partitions", func() bool { return j.owned() == 6 })
	r := &rig{t: t, p: j.Pipeline, q: j.q}
	for i := range 20 {
		r.send("fake", mail(fmt.Sprint(i), "1", time.Now()))
	}
	servers.Stop(1, 2)
	waittest.Until(t, "all partitions are given up", func() bool { return j.owned() == 0 })
	time.Sleep(20 * time.Second) // longer than a request waits
	servers.Again(1, 2)
	waittest.Until(t, "it has all partitions again", func() bool { return j.owned() == 6 })
	// The streams elect one after the other: until the deliveries' has, they are refused, and the CRM sends them again.
	waittest.Until(t, "deliveries are taken again", func() bool {
		return r.deliver("fake", mail("20", "1", time.Now())) == http.StatusNoContent
	})
	waittest.Until(t, "everybody is rated", func() bool {
		for i := range 21 {
			if f.of(fmt.Sprint(i))[crm.FieldRating] == "" {
				return false
			}
		}
		return true
	})
}
