package seen

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Query asks for a page of the list. Empty fields ask for nothing.
type Query struct {
	Source  string     `json:"source"`
	Letter  string     `json:"letter"`
	Status  string     `json:"status"`
	Ground  string     `json:"ground"`
	Ball    string     `json:"ball"`
	Owed    string     `json:"owed"` // answer, promise, date, task; any: whatever it is
	Held    string     `json:"held"` // any: whatever holds it
	Owner   string     `json:"owner"`
	Segment string     `json:"segment"`
	Overdue bool       `json:"overdue"`
	IDs     []string   `json:"id"`   // of Source
	Sort    string     `json:"sort"` // one of Sorts; empty: changed
	Most    int        `json:"most"` // on a page; 0: 50
	After   string     `json:"after"`
	Until   int        `json:"until"` // days from At: pending, recheck and override that end by then
	At      crm.Millis `json:"-"`
}

// Contact is one contact in the list.
type Contact struct {
	Source        string     `json:"source"`
	Contact       string     `json:"contact"`
	Letter        string     `json:"rating"`
	Machine       string     `json:"machine_rating"`
	Status        crm.Status `json:"status"`
	Ground        crm.Ground `json:"ground,omitempty"`
	Ball          crm.Ball   `json:"ball"`
	Owed          crm.Owed   `json:"owed,omitempty"`
	OwedSince     crm.Millis `json:"owed_since,omitempty"`
	Overdue       bool       `json:"overdue,omitempty"`
	PendingUntil  crm.Millis `json:"pending_until,omitempty"`
	Recheck       crm.Millis `json:"recheck_on,omitempty"`
	Held          string     `json:"held,omitempty"`
	Owner         string     `json:"owner,omitempty"`
	Segment       string     `json:"segment,omitempty"`
	Override      string     `json:"override,omitempty"`
	OverrideUntil crm.Millis `json:"override_until,omitempty"`
	Score         int        `json:"score"`
	Amount        int64      `json:"amount,omitempty"` // minor units
	Changed       crm.Millis `json:"changed,omitempty"`
}

// Page is a part of the list, and where the next one begins; empty: there is none.
type Page struct {
	Contacts []Contact `json:"contacts"`
	Next     string    `json:"next,omitempty"`
}

// sortings are the ways in which the list can be sorted: a column, and which contacts are in it at all.
var sortings = map[string]struct {
	column string
	desc   bool
	where  string
}{
	"changed":  {"changed", true, ""},
	"owed":     {"owed_since", false, "owed_since > 0"},
	"pending":  {"pending_until", false, "pending_until > 0"},
	"recheck":  {"recheck", false, "recheck > 0"},
	"override": {"override_until", false, "override <> ''"},
	"amount":   {"amount", true, ""},
	"score":    {"score", true, ""},
}

// Sorts are the ways in which the list can be sorted.
func Sorts() []string {
	return []string{"changed", "owed", "pending", "recheck", "override", "amount", "score"}
}

const (
	pageSize = 50
	mostPage = 1000
)

// conditions gathers what stands behind WHERE.
type conditions struct {
	texts []string
	args  []any
}

func (c *conditions) add(text string, args ...any) {
	c.texts, c.args = append(c.texts, text), append(c.args, args...)
}

func (q *Query) conditions() *conditions {
	c := &conditions{}
	for _, f := range []struct{ column, value string }{
		{"source", q.Source},
		{"letter", q.Letter},
		{"status", q.Status},
		{"ground", q.Ground},
		{"ball", q.Ball},
		{"owed", q.Owed},
		{"held", q.Held},
		{"owner", q.Owner},
		{"segment", q.Segment},
	} {
		switch {
		case f.value == "any":
			c.add(f.column + " <> ''")
		case f.value != "":
			c.add(f.column+" = ?", f.value)
		}
	}
	for column, value := range map[string]string{"held": q.Held, "ground": q.Ground, "segment": q.Segment} {
		if value != "" && value != "any" {
			c.add(column + " <> ''") // as the index of those has it
		}
	}
	if q.Owed != "" {
		c.add("owed_since > 0")
	}
	if q.Overdue {
		c.add("overdue = 1 AND owed_since > 0")
	}
	if len(q.IDs) > 0 {
		c.add("id IN (?" + strings.Repeat(", ?", len(q.IDs)-1) + ")")
		for _, id := range q.IDs {
			c.args = append(c.args, id)
		}
	}
	return c
}

// index is the index by which contacts are read, empty where SQLite is to choose: it knows how many contacts have a
// value on average, not how many have this one.
func (q *Query) index() string {
	switch {
	case len(q.IDs) > 0:
		return ""
	case q.Sort == "owed" && q.Owner != "" && q.Owner != "any":
		return "by_debtor"
	case sortings[q.Sort].where != "":
		return "by_" + q.Sort
	case q.Held != "" && cmp.Or(q.Sort, "changed") == "changed":
		return "by_held"
	case (q.Owed != "" || q.Overdue) && q.Sort == "":
		return "by_owed"
	}
	return "by_" + cmp.Or(q.Sort, "changed")
}

// few is how many contacts are sorted for a page rather than looked for in its order.
const few = 2000

// rare returns the index of a filter that only few contacts pass, empty where there is none. To read all of these and
// to sort them takes less than to pass all others.
func (m *Model) rare(ctx context.Context, q *Query) (string, error) {
	for _, f := range []struct{ column, value, index string }{
		{"source", q.Source, "sqlite_autoindex_contact_1"},
		{"owner", q.Owner, "by_owner"},
		{"segment", q.Segment, "by_segment"},
		{"ground", q.Ground, "by_ground"},
		{"held", q.Held, "by_held"},
	} {
		if f.value == "" || f.value == "any" {
			continue
		}
		text := "SELECT count(*) FROM (SELECT 1 FROM contact INDEXED BY " + f.index +
			" WHERE " + f.column + " = ? AND " + f.column + " <> '' LIMIT ?)"
		var n int
		if err := m.db.QueryRowContext(ctx, text, f.value, few+1).Scan(&n); err != nil {
			return "", fmt.Errorf("the list of contacts: %w", err)
		}
		if n <= few {
			return f.index, nil
		}
	}
	return "", nil
}

// from names the table, and the index once there is one.
func (m *Model) from(ctx context.Context, q *Query) (string, error) {
	index := q.index()
	if index == "" || !m.isIndexed() {
		return " FROM contact", nil
	}
	if by := sortings[cmp.Or(q.Sort, "changed")]; by.where == "" { // all are in that order
		rare, err := m.rare(ctx, q)
		if err != nil {
			return "", err
		}
		index = cmp.Or(rare, index)
	}
	return " FROM contact INDEXED BY " + index, nil
}

// List returns a page of the list.
func (m *Model) List(ctx context.Context, q Query) (Page, error) {
	q.Sort = cmp.Or(q.Sort, "changed")
	if q.Most <= 0 {
		q.Most = pageSize
	}
	q.Most = min(q.Most, mostPage)
	return indexed(m, func() (Page, error) {
		from, err := m.from(ctx, &q)
		if err != nil {
			return Page{}, err
		}
		text, args, err := q.text(q.Most+1, from)
		if err != nil {
			return Page{}, err
		}
		return m.page(ctx, q.Most, text, args)
	})
}

// text is a query in SQL for so many contacts.
func (q *Query) text(most int, from string) (text string, args []any, _ error) {
	by, ok := sortings[q.Sort]
	if !ok {
		return "", nil, fmt.Errorf("sort %q: want one of %s", q.Sort, strings.Join(Sorts(), ", "))
	}
	c := q.conditions()
	if by.where != "" && !slices.Contains(c.texts, by.where) {
		c.add(by.where)
	}
	if q.Until != 0 {
		c.add(by.column+" < ?", int64(q.At)+int64(q.Until)*24*3600*1000)
	}
	sign, order := ">", ""
	if by.desc {
		sign, order = "<", " DESC"
	}
	if q.After != "" {
		value, tomb, err := cursor(q.After)
		if err != nil {
			return "", nil, err
		}
		c.add("("+by.column+", tomb) "+sign+" (?, ?)", value, tomb)
	}
	text = `SELECT tomb, ` + by.column + `, source, id, letter, machine, status, ground, ball, owed, overdue, held,
	owner, segment, override,
		override_until, score, amount, owed_since, pending_until, recheck, changed` + from
	if len(c.texts) > 0 {
		text += " WHERE " + strings.Join(c.texts, " AND ")
	}
	text += " ORDER BY " + by.column + order + ", tomb" + order + " LIMIT " + strconv.Itoa(most)
	return text, c.args, nil
}

// page runs the query of a page, which asks for one more than the page has.
func (m *Model) page(ctx context.Context, most int, text string, args []any) (p Page, err error) {
	rows, err := m.db.QueryContext(ctx, text, args...)
	if err != nil {
		return Page{}, fmt.Errorf("the list of contacts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	p.Contacts = []Contact{}
	var tomb, value int64
	for rows.Next() {
		if len(p.Contacts) == most {
			p.Next = fmt.Sprintf("%d.%d", value, tomb)
			break
		}
		var t Contact
		if err := rows.Scan(&tomb, &value, &t.Source, &t.Contact, &t.Letter, &t.Machine, &t.Status, &t.Ground,
			&t.Ball, &t.Owed, &t.Overdue,
			&t.Held, &t.Owner, &t.Segment, &t.Override, &t.OverrideUntil, &t.Score, &t.Amount, &t.OwedSince,
			&t.PendingUntil, &t.Recheck,
			&t.Changed); err != nil {
			return Page{}, fmt.Errorf("the list of contacts: %w", err)
		}
		p.Contacts = append(p.Contacts, t)
	}
	return p, rows.Err()
}

// cursor reads where a page begins.
func cursor(s string) (value, tomb int64, err error) {
	a, b, _ := strings.Cut(s, ".")
	value, err1 := strconv.ParseInt(a, 10, 64)
	tomb, err2 := strconv.ParseInt(b, 10, 64)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("after %q: want what the page before it ended with", s)
	}
	return value, tomb, nil
}
