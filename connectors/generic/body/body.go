// Package body reads the bodies of deliveries and answers into the values that expressions see: JSON, XML, forms and
// CloudEvents. What it takes is bounded by the bytes that it is given, and in depth.
package body

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math/big"
	"net/url"
	"strings"
)

// maxDepth is how deep a body may be nested.
const maxDepth = 100

var (
	errJSON = errors.New("the body is not the JSON that it should be")
	errXML  = errors.New("the body is not the XML that it should be")
	errDTD  = errors.New("the body has a DTD, which is not read")
	errForm = errors.New("the body is not the form that it should be")
	errDeep = errors.New("the body is nested deeper than 100 times")
)

// JSON reads a document. Whole numbers keep all their digits: ids may have more than a float holds.
func JSON(b []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, errJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errJSON
	}
	return plain(v, 0)
}

// plain is a value in the types that expressions take.
func plain(v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDeep
	}
	var err error
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n), nil
		}
		if n, ok := new(big.Int).SetString(v.String(), 10); ok && len(v) < 1000 {
			return n, nil
		}
		f, err := v.Float64()
		if err != nil {
			return nil, errJSON
		}
		return f, nil
	case []any:
		for i := range v {
			if v[i], err = plain(v[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = plain(v[k], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// element is one of XML while it is read.
type element struct {
	name     string
	text     strings.Builder
	children map[string]any
}

// XML reads a document: an element is its text, or an object of its children by their names without prefix and of its
// attributes with an @; several children of one name are a list, one that is nil is null.
func XML(b []byte) (any, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	root := &element{}
	stack := []*element{root}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) && len(stack) == 1 && len(root.children) == 1 {
			return root.children, nil
		}
		if err != nil {
			return nil, errXML
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, errDTD
		case xml.StartElement:
			if len(stack) > maxDepth {
				return nil, errDeep
			}
			e := &element{name: t.Name.Local}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.add("@"+a.Name.Local, a.Value)
				}
			}
			stack = append(stack, e)
		case xml.EndElement:
			e := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			stack[len(stack)-1].add(e.name, e.value())
		case xml.CharData:
			stack[len(stack)-1].text.Write(t)
		}
	}
}

func (e *element) add(name string, v any) {
	if e.children == nil {
		e.children = map[string]any{}
	}
	switch old, there := e.children[name]; {
	case !there:
		e.children[name] = v
	default:
		list, isList := old.([]any)
		if !isList {
			list = []any{old}
		}
		e.children[name] = append(list, v)
	}
}

func (e *element) value() any {
	text := strings.TrimSpace(e.text.String())
	switch {
	case e.children["@nil"] == "true":
		return nil
	case e.children == nil:
		return text
	case text != "":
		e.children["#text"] = text
	}
	return e.children
}

// Form reads a form: a text for each name, a list where there are several.
func Form(b []byte) (any, error) {
	values, err := url.ParseQuery(string(b))
	if err != nil || len(values) == 0 {
		return nil, errForm
	}
	out := map[string]any{}
	for name, list := range values {
		if len(list) == 1 {
			out[name] = list[0]
			continue
		}
		all := make([]any, len(list))
		for i, v := range list {
			all[i] = v
		}
		out[name] = all
	}
	return out, nil
}
