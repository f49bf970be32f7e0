package rest

import (
	"encoding/xml"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A vendor's JSON is taken as encoding/json would take it: a name twice, or bytes that are no UTF-8, are no reason to
// lose a record.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Unmarshal reads a vendor's JSON. Webhooks and answers hold a record in a hundred places that nobody asked for, and
// this reads past them two to three times as fast as encoding/json.
func Unmarshal(b []byte, v any) error { return json.Unmarshal(b, v, lenient) }

// marshal writes a request. Equal bodies have equal bytes.
func marshal(v any) ([]byte, error) { return json.Marshal(v, lenient, json.Deterministic(true)) }

// Format is how a request's body and its answer are written.
type Format uint8

// The formats.
const (
	JSON Format = iota
	XML
)

func (f Format) String() string { return [...]string{JSON: "JSON", XML: "XML"}[f] }

func (f Format) contentType() string {
	return [...]string{JSON: "application/json", XML: "application/xml"}[f]
}

func (f Format) write(v any) ([]byte, error) {
	if f == XML {
		return xml.Marshal(v)
	}
	return marshal(v)
}

func (f Format) read(b []byte, v any) error {
	if f == XML {
		return xml.Unmarshal(b, v)
	}
	return Unmarshal(b, v)
}
