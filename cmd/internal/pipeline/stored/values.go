package stored

import (
	"errors"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Values are what the CRM shall show of a contact. They lie in every record and every rating, so they are stored as a
// list in a fixed order: their names would take up more than they do, and most of the time that a rating needs on its
// way.
type Values map[crm.Field]string

// storedFields is that order. Places are stored: add at the end, never remove or move one.
var storedFields = [...]crm.Field{
	crm.FieldRating, crm.FieldMachineRating, crm.FieldScore, crm.FieldEngagement, crm.FieldFit, crm.FieldWorth,
	crm.FieldReasons, crm.FieldStatus, crm.FieldDisqualified, crm.FieldGround, crm.FieldPendingUntil,
	crm.FieldRecheckOn, crm.FieldBall, crm.FieldOwedSince, crm.FieldTreatment,
	crm.FieldAction, crm.FieldMilestoneMissing, crm.FieldRatedAt, crm.FieldModel, crm.FieldNativeStatus,
	crm.FieldMessage,
}

// MarshalCBOR writes a list of texts, null where a field is left as it is; no values at all are null.
func (v Values) MarshalCBOR() ([]byte, error) { return v.append(make([]byte, 0, 256)), nil }

func (v Values) append(b []byte) []byte {
	if v == nil {
		return append(b, cborNull)
	}
	b = cborHead(b, cborList, uint64(len(storedFields)))
	for _, f := range storedFields {
		s, ok := v[f]
		if !ok {
			b = append(b, cborNull)
			continue
		}
		b = append(cborHead(b, cborText, uint64(len(s))), s...)
	}
	return b
}

// UnmarshalCBOR reads what MarshalCBOR wrote, now or when there were fewer fields.
func (v *Values) UnmarshalCBOR(b []byte) error {
	*v = nil
	r := reader{b: b}
	if len(b) == 1 && r.null() {
		return nil
	}
	typ, n, ok := r.head()
	if !ok || typ != cborList || n > uint64(len(storedFields)) {
		return errors.New("values: not a list of them")
	}
	all := string(b) // of which the values are parts: they live and die together
	out := make(Values, n)
	for _, f := range storedFields[:n] {
		if r.null() {
			continue
		}
		typ, size, ok := r.head()
		from := r.i
		if _, fits := r.next(size); !ok || typ != cborText || !fits {
			return errors.New("values: not a text")
		}
		out[f] = all[from:r.i]
	}
	*v = out
	return nil
}
