package crm_test

import (
	"testing"

	"github.com/winnow-crm/winnow/connectors/crm"
)

func TestHooks(t *testing.T) {
	s := crm.Source{Name: "eu-west", Vendor: "hubspot"}
	for _, origin := range []string{"https://winnow.example", "https://winnow.example/"} {
		if got := s.Hooks(origin); got != "https://winnow.example/hooks/eu-west" {
			t.Errorf("below %s: %s", origin, got)
		}
	}
}
