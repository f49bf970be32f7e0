package exchange

import (
	"context"
	"slices"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/watermark"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// concerned returns the contacts that a record concerns which could not be fetched: those it is wanted for, and those
// that the CRM associates with it. These are not all beside an error, which is a passing one, nor where the vendor
// cannot tell.
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
	found, err := x.s.CRM.Relate.Concerned(ctx, ref)
	switch kind := connectors.KindOf(err); {
	case err == nil:
		return unique(append(contacts, found...)), true, nil
	case kind == connectors.RateLimited || kind == connectors.Unavailable:
		return contacts, false, err
	}
	return contacts, false, nil // the letter's own reason says more
}

func unique(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}
