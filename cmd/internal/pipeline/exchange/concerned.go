package exchange

import (
	"context"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// concerned returns the contacts that an unfetched record concerns: those it was wanted for, and those that the CRM
// associates with it. The list may be incomplete beside an error, which is temporary, or where the vendor cannot tell.
func (x *Exchange) concerned(ctx context.Context, ref crm.Ref) (contacts []string, all bool, err error) {
	contacts = watermark.Named(x.s, []crm.Notice{{Ref: &ref}})
	if x.s.CRM.Relate == nil {
		return contacts, false, nil
	}
	defer func() {
		if recover() != nil {
			all, err = false, nil // the record may be one that the connector cannot deal with
		}
	}()
	began := time.Now()
	found, err := x.s.CRM.Relate.Concerned(ctx, ref)
	x.Calls.Done(x.s.Name, watermark.CallRelate, began, err, nil)
	switch kind := connectors.KindOf(err); {
	case err == nil:
		return crm.Unique(append(contacts, found...)), true, nil
	case kind == connectors.RateLimited || kind == connectors.Unavailable:
		return contacts, false, err
	}
	return contacts, false, nil // the letter's own reason says more
}
