package stored

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"unsafe"

	"github.com/fxamacker/cbor/v2"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/tracing"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
	"github.com/winnow-crm/winnow/rules"
)

// What lies in the queue is CBOR with integer keys in its deterministic form: small, and equal things have equal bytes.
var (
	encoding = must(cbor.CoreDetEncOptions().EncMode())
	decoding = must(cbor.DecOptions{MaxArrayElements: 1 << 20, DupMapKey: cbor.DupMapKeyEnforcedAPF}.DecMode())
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // the options above are constants: only a programmer can be at fault
	}
	return v
}

// Encode cannot fail for the types of this file: they hold no channels, functions or cycles.
func Encode[T any](v T) []byte {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	*buffer = coderOf[T]().append((*buffer)[:0], unsafe.Pointer(&v))
	return slices.Clone(*buffer)
}

// Decode reads what Encode wrote of a T.
func Decode[T any](b []byte) (T, error) {
	var v, zero T
	c := coderOf[T]()
	if r := newReader(c, b); c.read(r, unsafe.Pointer(&v)) && r.i == len(b) {
		return v, nil
	}
	v = zero
	if err := decoding.Unmarshal(b, &v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}

// Delivery is one request in DELIVERIES. A message holds one or more of one source: those that waited together.
type Delivery struct {
	Received crm.Millis          `cbor:"1,keyasint"`
	Body     []byte              `cbor:"2,keyasint"`
	Method   string              `cbor:"3,keyasint,omitempty"` // empty: POST
	Path     string              `cbor:"4,keyasint,omitempty"`
	Query    map[string][]string `cbor:"5,keyasint,omitempty"`
	Header   map[string][]string `cbor:"6,keyasint,omitempty"`
	Text     bool                `cbor:"7,keyasint,omitempty"` // the body holds words of a message
	// Came is when a delivery first came that was sent again: what has no time of its own is dated by that, or it would
	// beat what came since.
	Came crm.Millis `cbor:"8,keyasint,omitempty"`
}

// ToDelivery is what is stored of a delivery, as its connector keeps it.
func ToDelivery(d connectors.Delivery, text bool) Delivery {
	if d.Method == http.MethodPost {
		d.Method = ""
	}
	return Delivery{Received: d.Received, Body: d.Body, Method: d.Method, Path: d.Path, Query: d.Query, Header: d.Header, Text: text}
}

// Kept is the delivery as a connector reads it.
func (d Delivery) Kept() connectors.Delivery {
	return connectors.Delivery{
		Method: cmp.Or(d.Method, http.MethodPost), Path: d.Path, Query: d.Query, Header: d.Header, Body: d.Body, Received: cmp.Or(d.Came, d.Received),
	}
}

// Envelope is all of a delivery but its body, for the dead letter that holds that.
func (d Delivery) Envelope() map[string]string {
	d.Body = nil
	return map[string]string{"delivery": string(must(json.Marshal(d)))}
}

// Enveloped is the delivery that a dead letter of the read stage holds.
func Enveloped(l queue.DeadLetter) Delivery {
	var d Delivery
	_ = json.Unmarshal([]byte(l.Header["delivery"]), &d) // a letter of what could not be decoded at all has none
	d.Body = l.Payload
	return d
}

// PublishDeliveries puts deliveries of one source into one message, which is marked where one of them holds text and
// bears the traces that they are followed in.
func PublishDeliveries(ctx context.Context, q *queue.Queue, source string, ds []Delivery, trail tracing.Trail) error {
	header := trail.In(nil)
	if slices.ContainsFunc(ds, func(d Delivery) bool { return d.Text }) {
		if header == nil {
			header = map[string]string{}
		}
		header[queue.HeaderText] = "1"
	}
	return q.Deliveries.Publish(ctx, source, Encode(ds), header)
}

// Bundle is one message in FACTS: facts of one source about contacts of one partition.
type Bundle struct {
	Source string     `cbor:"1,keyasint"`
	Facts  []crm.Fact `cbor:"2,keyasint"`
	// Came is when the first webhook came that told of them; 0: none did.
	Came crm.Millis `cbor:"3,keyasint,omitempty"`
}

// Earlier is the earlier of two instants, of which 0 is none.
func Earlier(a, b crm.Millis) crm.Millis {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// Contact is what CONTACTS holds of one contact.
type Contact struct {
	Record rules.Record `cbor:"1,keyasint"`
	Rating crm.Rating   `cbor:"2,keyasint"`
	// Arrived is when the newest fact came to us: no decision before things have settled.
	Arrived crm.Millis `cbor:"3,keyasint,omitempty"`
	// Due is when the contact has to be looked at again, whatever for; 0: never.
	Due crm.Millis `cbor:"4,keyasint,omitempty"`
	// Values are the fields as last put out for the writer; nothing is put out while they stay the same.
	Values Values `cbor:"5,keyasint,omitempty"`
	// Offer is the hash of the mode and the field mapping under which Values were put out.
	Offer string `cbor:"6,keyasint,omitempty"`
	// Asked is when the profile was last asked for; it stands until the profile comes.
	Asked crm.Millis `cbor:"7,keyasint,omitempty"`
	// Redirect is the contact into which this one was merged. Facts that still come for it are sent on; Sent says that
	// all that stood here when it was merged has arrived there.
	Redirect string `cbor:"8,keyasint,omitempty"`
	Sent     bool   `cbor:"9,keyasint,omitempty"`
	// Forgotten is a record that waits for its erasure to reach the files.
	Forgotten bool `cbor:"10,keyasint,omitempty"`
	// Failed is the panic that keeps the contact unrated.
	Failed bool `cbor:"12,keyasint,omitempty"`
	// Awaits is what the first write waits for.
	Awaits Awaited `cbor:"13,keyasint,omitempty"`
	// Rated is the instant for which it was last looked at: if it has yet to come, a clock was wrong.
	Rated crm.Millis `cbor:"14,keyasint,omitempty"`
	// Base is the base without which Record is not whole; 0: there is none.
	Base uint64 `cbor:"15,keyasint,omitempty"`
	base footing
	// Worded says that the texts among Values are those of Rating, in the words of this process. It is never stored:
	// the next process may speak another language.
	Worded bool `cbor:"-"`
}

// Awaited is what the first write of a contact waits for.
type Awaited uint8

// What a first write can wait for.
const (
	Nothing Awaited = iota
	Profile         // before it was read nothing may be written at all
	History         // what is known to be on its way, so that it costs one write
)

// Outgoing is one message under rating.>: the latest of a contact is what the CRM shall show.
type Outgoing struct {
	Values Values `cbor:"1,keyasint"`
	// Decide becomes a fact once the CRM shows the values.
	Decide *crm.Decision `cbor:"2,keyasint,omitempty"`
	// Into is the contact into which this one was merged; Values are then empty.
	Into string `cbor:"3,keyasint,omitempty"`
	// Known says that Decide has been announced before, and is only to be shown in one more field.
	Known bool `cbor:"4,keyasint,omitempty"`
	// Came is when the first webhook came that the rating follows from; 0: it follows from none.
	Came crm.Millis `cbor:"5,keyasint,omitempty"`
}

// Outgoing is what shall be written of the contact as it stands, to one who has seen it before.
func (c *Contact) Outgoing() Outgoing {
	return Outgoing{Values: c.Values, Decide: c.Rating.Decide, Into: c.Redirect, Known: true}
}

// Announces reports whether the contact newly becomes pending or disqualified by it.
func (o Outgoing) Announces() bool { return Against(o.Decide) && !o.Known }

// Against reports whether a decision takes something from the contact.
func Against(d *crm.Decision) bool {
	return d != nil && (d.Status == crm.Pending || d.Status == crm.Disqualified)
}
