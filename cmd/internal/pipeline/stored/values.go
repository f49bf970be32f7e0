package stored

import (
	"encoding/binary"
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

// The types of CBOR that a list of values is made of. Source: RFC 8949, section 3.
const (
	cborText = 3 << 5
	cborList = 4 << 5
	cborNull = 7<<5 | 22
)

// MarshalCBOR writes a list of texts, null where a field is left as it is; no values at all are null.
func (v Values) MarshalCBOR() ([]byte, error) {
	if v == nil {
		return []byte{cborNull}, nil
	}
	b := cborHead(make([]byte, 0, 256), cborList, len(storedFields))
	for _, f := range storedFields {
		s, ok := v[f]
		if !ok {
			b = append(b, cborNull)
			continue
		}
		b = append(cborHead(b, cborText, len(s)), s...)
	}
	return b, nil
}

// UnmarshalCBOR reads what MarshalCBOR wrote, now or when there were fewer fields.
func (v *Values) UnmarshalCBOR(b []byte) error {
	*v = nil
	if len(b) == 1 && b[0] == cborNull {
		return nil
	}
	text := string(b) // of which the values are parts: they live and die together
	n, rest, ok := cborLength(text, cborList)
	if !ok || n > len(storedFields) {
		return errors.New("values: not a list of them")
	}
	out := make(Values, n)
	for _, f := range storedFields[:n] {
		if len(rest) > 0 && rest[0] == cborNull {
			rest = rest[1:]
			continue
		}
		var size int
		if size, rest, ok = cborLength(rest, cborText); !ok || size > len(rest) {
			return errors.New("values: not a text")
		}
		out[f], rest = rest[:size], rest[size:]
	}
	*v = out
	return nil
}

// cborHead appends a type with a length in the shortest form.
func cborHead(b []byte, typ byte, n int) []byte {
	switch {
	case n < 24:
		return append(b, typ|byte(n))
	case n < 1<<8:
		return append(b, typ|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, typ|25), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, typ|26), uint32(n))
}

// cborLength reads what cborHead wrote and returns what follows.
func cborLength(s string, typ byte) (n int, rest string, ok bool) {
	if s == "" || s[0]&(7<<5) != typ {
		return 0, s, false
	}
	info := int(s[0] & 31)
	if info < 24 {
		return info, s[1:], true
	}
	size := 1 << (info - 24)
	if info > 26 || len(s) < 1+size {
		return 0, s, false
	}
	for _, c := range []byte(s[1 : 1+size]) {
		n = n<<8 | int(c)
	}
	return n, s[1+size:], true
}
