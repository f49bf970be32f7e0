package body

import (
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestJSON(t *testing.T) {
	got, err := JSON([]byte(`{"id": 5725767000003000010123, "n": 7, "f": 1.5, "l": [null, true]}`))
	id, _ := new(big.Int).SetString("5725767000003000010123", 10)
	want := map[string]any{"id": id, "n": 7, "f": 1.5, "l": []any{nil, true}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })); diff != "" ||
		err != nil {
		t.Error(err, diff)
	}
	for _, bad := range []string{"", "{", "{} {}", "\x00", strings.Repeat("[", 200) + strings.Repeat("]", 200)} {
		if v, err := JSON([]byte(bad)); err == nil {
			t.Errorf("%.20q is %v", bad, v)
		}
	}
}

func TestXML(t *testing.T) {
	got, err := XML(
		[]byte(`<?xml version="1.0"?><a:n xmlns:a="u" xmlns:xsi="i"><Id>1</Id><r k="v"><x>1</x></r><r><x>2</x></r>
<e xsi:nil="true"/><t>a &amp; b</t></a:n>`),
	)
	want := map[string]any{"n": map[string]any{
		"Id": "1", "r": []any{map[string]any{"@k": "v", "x": "1"}, map[string]any{"x": "2"}}, "e": nil, "t": "a & b",
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	for _, bad := range []string{
		"", "<a>", "<a/><b/>", `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`, strings.Repeat("<a>", 300),
	} {
		if v, err := XML([]byte(bad)); err == nil {
			t.Errorf("%.30q is %v", bad, v)
		}
	}
}

func TestForm(t *testing.T) {
	got, err := Form([]byte("a=1&b=x+y&a=2"))
	if diff := cmp.Diff(map[string]any{"a": []any{"1", "2"}, "b": "x y"}, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestCloudEvents(t *testing.T) {
	header := func(pairs ...string) http.Header {
		h := http.Header{}
		for i := 0; i < len(pairs); i += 2 {
			h.Set(pairs[i], pairs[i+1])
		}
		return h
	}
	const one = `{"specversion":"1.0","id":"1","source":"/crm","type":"lead.updated","data":{"id":7}}`
	event := map[string]any{
		"specversion": "1.0",
		"id":          "1",
		"source":      "/crm",
		"type":        "lead.updated",
		"data":        map[string]any{"id": 7},
	}
	binary := map[string]any{
		"specversion": "1.0", "id": "1", "source": "/crm", "type": "lead.updated", "subject": "a b",
		"datacontenttype": "application/json",
		"data":            map[string]any{"id": 7},
	}
	attributes := []string{"ce-specversion", "1.0", "ce-id", "1", "ce-source", "/crm", "ce-type", "lead.updated"}
	for name, c := range map[string]struct {
		h    http.Header
		body string
		want any
	}{
		"structured": {header("Content-Type", "application/cloudevents+json; charset=utf-8"), one, []any{event}},
		"batch": {
			header("Content-Type", "Application/CloudEvents-Batch+json"), "[" + one + "," + one + "]",
			[]any{event, event},
		},
		"none": {header("Content-Type", "application/cloudevents-batch+json"), "[]", []any{}},
		"binary": {
			header(append(attributes, "Content-Type", "application/json", "ce-subject", "a%20b")...), `{"id":7}`,
			[]any{binary},
		},
		"base64": {
			header("Content-Type", "application/cloudevents+json"), strings.Replace(
				one, `"data":{"id":7}`, `"data_base64":"eyJpZCI6N30="`, 1,
			),
			[]any{event},
		},
	} {
		got, err := CloudEvents(c.h, []byte(c.body))
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
	for name, c := range map[string]struct {
		h    http.Header
		body string
	}{
		"no attributes": {header("Content-Type", "application/json"), one},
		"another version": {
			header("Content-Type", "application/cloudevents+json"), strings.Replace(one, `"1.0"`, `"0.3"`, 1),
		},
		"no id": {
			header("Content-Type", "application/cloudevents+json"), strings.Replace(one, `"id":"1",`, "", 1),
		},
		"no list": {header("Content-Type", "application/cloudevents-batch+json"), one},
		"two contents": {
			header("Content-Type", "application/cloudevents+json"),
			strings.Replace(one, `"data"`, `"data_base64":"eA==","data"`, 1),
		},
		"bad UTF-8":    {header(append(attributes, "ce-subject", "%ff")...), "{}"},
		"its own type": {header(append(attributes, "ce-datacontenttype", "text/plain")...), "{}"},
	} {
		if v, err := CloudEvents(c.h, []byte(c.body)); err == nil {
			t.Errorf("%s: %v", name, v)
		}
	}
}
