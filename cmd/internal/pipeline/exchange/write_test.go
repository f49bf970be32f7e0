package exchange

import (
	"context"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// answering is a CRM that has so many results for a call; below 0 it panics.
type answering struct {
	connectors.Writer
	n int
}

func (a answering) Write(context.Context, []crm.Change) []error { return make([]error, a.n) }

// TestWriteFaults: a connector that does not answer for each change is at fault for the whole call, and ends nothing.
func TestWriteFaults(t *testing.T) {
	for _, c := range []struct {
		n    int
		well bool
	}{{-1, false}, {0, false}, {1, false}, {2, true}, {3, false}} {
		crmOf := connectors.Vendor{Write: answering{n: c.n}}
		w := &writer{Exchange: &Exchange{s: watermark.Source{CRM: crmOf}}}
		errs := w.call(t.Context(), make([]crm.Change, 2))
		if len(errs) != 2 || whole(errs) == c.well || (errs[1] == nil) != c.well {
			t.Errorf("%d results for 2 changes: %v", c.n, errs)
		}
	}
}
