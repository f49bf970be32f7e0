package salesforce

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
)

const (
	// maxIDs is how many ids stand in one IN: with 21 characters each the address stays below 16,384 bytes. Source:
	// REST API Developer Guide, "Query", URI length.
	maxIDs = 200
	// maxPages bounds the pages of one query.
	maxPages = 200
)

// record is a row of a query's answer: texts, numbers, flags, and related records.
type record map[string]any

// field is a field's value; of Owner.Email that of the related record.
func (r record) field(name string) any {
	if relation, of, dotted := strings.Cut(name, "."); dotted {
		related, _ := r[relation].(map[string]any)
		return related[of]
	}
	return r[name]
}

// text is a field as text: numbers and flags too. Null is empty.
func (r record) text(name string) string {
	switch v := r.field(name).(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func (r record) id() string { return full(r.text("Id")) }

func (r record) is(name string) bool { b, _ := r.field(name).(bool); return b }

func (r record) number(name string) float64 { f, _ := r.field(name).(float64); return f }

// at is a date and time, or the begin of a day in UTC; 0 where there is none.
func (r record) at(name string) crm.Millis { return instant(r.text(name)) }

// changed and created are the record's own times.
func (r record) changed() int64      { return int64(r.at("SystemModstamp")) }
func (r record) created() crm.Millis { return r.at("CreatedDate") }

// instant reads what Salesforce writes: 2024-04-11T03:12:09.000+0000, which is not RFC 3339, or a plain date.
func instant(v string) crm.Millis {
	for _, layout := range []string{"2006-01-02T15:04:05.999-0700", time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, v); err == nil {
			return crm.At(t)
		}
	}
	return 0
}

// soqlTime writes an instant into a query. Salesforce's times have whole seconds: a place just behind one of them
// begins with the next, or a second that has been read would be read again.
func soqlTime(at crm.Millis) string {
	return at.Time().Add(time.Second - time.Millisecond).UTC().Truncate(time.Second).Format("2006-01-02T15:04:05Z")
}

// quoted writes a text into a query. Source: SOQL and SOSL Reference, "Quoted String Escape Sequences".
func quoted(s string) string { return "'" + escape.Replace(s) + "'" }

var escape = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`)

// rows is an answer to a query.
type rows struct {
	TotalSize int      `json:"totalSize"`
	Done      bool     `json:"done"`
	Next      string   `json:"nextRecordsUrl"`
	Records   []record `json:"records"`
}

// query runs a SOQL query to its end; deleted records, and activities of more than a year ago, are among the answers
// where all is set. Source: Object Reference, "Archived Activities".
func (c *api) query(ctx context.Context, op string, class rest.Class, soql string, all bool) ([]record, error) {
	path := "/services/data/" + version + "/query"
	if all {
		path += "All"
	}
	request := rest.Request{Op: op, Class: class, Method: http.MethodGet, Path: path, Query: url.Values{"q": {soql}}}
	var out []record
	for range maxPages {
		var got rows
		request.Into = &got
		if _, err := c.rest.Do(ctx, request); err != nil {
			return nil, err
		}
		out = append(out, got.Records...)
		if got.Done || got.Next == "" {
			return out, nil
		}
		if !strings.HasPrefix(got.Next, "/services/data/") || strings.ContainsAny(got.Next, "?#") {
			return nil, c.fail(op, connectors.Malformed,
				errors.New("the next page has an address that is not the API's"))
		}
		request.Path, request.Query = got.Next, nil
	}
	return nil, c.fail(op, connectors.Malformed, errors.New("the answer has too many pages"))
}

// count is how many records a query without fields finds, as query with all.
func (c *api) count(ctx context.Context, op, from string) (int, error) {
	var got rows
	_, err := c.rest.Do(ctx, rest.Request{
		Op: op, Class: rest.Poll, Method: http.MethodGet, Path: "/services/data/" + version + "/queryAll",
		Query: url.Values{"q": {"SELECT COUNT() FROM " + from}}, Into: &got,
	})
	return got.TotalSize, err
}

// selectIn reads the records of an object whose field is one of some ids, however many, in no order.
func (c *api) selectIn(ctx context.Context, object string, names []string, field string, ids []string,
	rest ...string,
) ([]record, error) {
	return c.selectFrom(ctx, object, names, field, ids, false, rest...)
}

func (c *api) selectFrom(
	ctx context.Context, object string, names []string, field string, ids []string, all bool, tail ...string,
) ([]record, error) {
	var out []record
	for part := range slices.Chunk(crm.Unique(ids), maxIDs) {
		list := make([]string, 0, len(part))
		for _, id := range part {
			if id = full(id); id != "" {
				list = append(list, quoted(id))
			}
		}
		if len(list) == 0 {
			continue
		}
		soql := "SELECT " + strings.Join(crm.Unique(names), ", ") + " FROM " + object + " WHERE " + field + " IN (" +
			strings.Join(list, ", ") + ")"
		rs, err := c.query(ctx, "fetch", rest.Fetch, soql+strings.Join(tail, ""), all)
		if err != nil {
			return nil, connectors.About(err, "read "+object)
		}
		out = append(out, rs...)
	}
	return out, nil
}

// always are the fields of every record that are read.
var always = []string{"Id", "IsDeleted", "CreatedDate", "SystemModstamp"}
