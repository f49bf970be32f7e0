package body

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

var (
	errEvent = errors.New("the delivery is no CloudEvent: id, source, specversion 1.0 and type have to be there")
	errValue = errors.New("an attribute of the CloudEvent cannot be read")
)

// CloudEvents reads a delivery in any of the three modes, each event an object of its attributes and its data. Source:
// CloudEvents 1.0.2, HTTP protocol binding, section 3; JSON event format.
func CloudEvents(header http.Header, b []byte) (any, error) {
	mode := strings.ToLower(strings.TrimSpace(header.Get("Content-Type")))
	switch {
	case strings.HasPrefix(mode, "application/cloudevents-batch"):
		v, err := JSON(b)
		list, ok := v.([]any)
		if err != nil || !ok {
			return nil, errJSON
		}
		for i := range list {
			if list[i], err = structured(list[i]); err != nil {
				return nil, err
			}
		}
		return list, nil
	case strings.HasPrefix(mode, "application/cloudevents"):
		v, err := JSON(b)
		if err != nil {
			return nil, err
		}
		event, err := structured(v)
		return []any{event}, err
	}
	event, err := binary(header, b, mode)
	return []any{event}, err
}

// whole reports whether the attributes are there that every event has.
func whole(event map[string]any) bool {
	for _, name := range []string{"id", "source", "type"} {
		if s, _ := event[name].(string); s == "" {
			return false
		}
	}
	return event["specversion"] == "1.0"
}

func structured(v any) (any, error) {
	event, ok := v.(map[string]any)
	if !ok || !whole(event) {
		return nil, errEvent
	}
	encoded, isText := event["data_base64"].(string)
	_, both := event["data"]
	switch {
	case !isText && event["data_base64"] != nil, isText && both:
		return nil, errValue
	case isText:
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, errValue
		}
		delete(event, "data_base64")
		event["data"] = data(raw, attribute(event, "datacontenttype"))
	}
	return event, nil
}

func attribute(event map[string]any, name string) string { s, _ := event[name].(string); return s }

func binary(header http.Header, b []byte, contentType string) (any, error) {
	event := map[string]any{}
	for name, values := range header {
		attr, ok := strings.CutPrefix(strings.ToLower(name), "ce-")
		if !ok || len(values) == 0 {
			continue
		}
		v, err := url.PathUnescape(strings.Trim(values[0], `"`))
		if err != nil || !utf8.ValidString(v) || attr == "datacontenttype" {
			return nil, errValue
		}
		event[attr] = v
	}
	if !whole(event) {
		return nil, errEvent
	}
	if contentType != "" {
		event["datacontenttype"] = contentType
	}
	if len(b) > 0 {
		event["data"] = data(b, contentType)
	}
	return event, nil
}

// data is what an event carries: JSON as a value, else text.
func data(b []byte, contentType string) any {
	if contentType == "" || strings.Contains(contentType, "json") {
		if v, err := JSON(b); err == nil {
			return v
		}
	}
	return string(b)
}
