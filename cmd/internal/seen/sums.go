package seen

import (
	"context"
	"fmt"
	"slices"

	"github.com/winnow-crm/winnow/connectors/crm"
)

// Debtor is what one of our people owes.
type Debtor struct {
	Owner   string     `json:"owner"`
	Owed    int        `json:"owed"`
	Overdue int        `json:"overdue"`
	Oldest  crm.Millis `json:"oldest"`
	Amount  int64      `json:"amount,omitempty"` // minor units
}

// Debtors are our people by what they owe, the most overdue first.
func (m *Model) Debtors(ctx context.Context, source string) ([]Debtor, error) {
	where, args := " WHERE owed_since > 0", []any{}
	if source != "" {
		where += " AND source = ?"
		args = append(args, source)
	}
	return indexed(m, func() ([]Debtor, error) {
		text := "SELECT owner, count(*), sum(overdue), min(owed_since), sum(amount) FROM contact"
		if m.isIndexed() {
			text += " INDEXED BY by_debtor"
		}
		text += where + " GROUP BY owner ORDER BY 3 DESC, 2 DESC LIMIT 200"
		return collect(ctx, m, text, args, func(d *Debtor) []any {
			return []any{&d.Owner, &d.Owed, &d.Overdue, &d.Oldest, &d.Amount}
		})
	})
}

// DecisionDay is how often something was announced on a day.
type DecisionDay struct {
	Day    crm.Millis `json:"day"` // its begin, UTC
	Status crm.Status `json:"status"`
	Ground crm.Ground `json:"ground,omitempty"`
	Count  int        `json:"count"`
}

// Decisions counts what was announced since an instant, by day, oldest first.
func (m *Model) Decisions(ctx context.Context, source string, since crm.Millis) ([]DecisionDay, error) {
	text := "SELECT at / 86400000 * 86400000, status, ground, count(*) FROM decision WHERE at >= ?"
	args := []any{int64(since)}
	if source != "" {
		text += " AND source = ?"
		args = append(args, source)
	}
	return collect(ctx, m, text+" GROUP BY 1, 2, 3 ORDER BY 1, 2, 3", args, func(d *DecisionDay) []any {
		return []any{&d.Day, &d.Status, &d.Ground, &d.Count}
	})
}

// Return is somebody who came back after a farewell.
type Return struct {
	Source  string     `json:"source"`
	Contact string     `json:"contact"`
	Owner   string     `json:"owner,omitempty"`
	At      crm.Millis `json:"at"`
}

// Returns are those who came back since an instant, the newest first.
func (m *Model) Returns(ctx context.Context, since crm.Millis, most int) ([]Return, error) {
	text := `SELECT c.source, c.id, c.owner, d.at FROM decision d JOIN contact c ON c.rowid = d.contact
		WHERE d.at >= ? AND d.status = 'requalified' ORDER BY d.at DESC LIMIT ?`
	return collect(
		ctx,
		m,
		text,
		[]any{int64(since), most},
		func(r *Return) []any { return []any{&r.Source, &r.Contact, &r.Owner, &r.At} },
	)
}

// Count counts the contacts of a query, up to most of them.
func (m *Model) Count(ctx context.Context, q Query, most int) (int, error) {
	c := q.conditions()
	if by, ok := sortings[q.Sort]; ok {
		if by.where != "" {
			c.add(by.where)
		}
		if q.Until != 0 {
			c.add(by.column+" < ?", int64(q.At)+int64(q.Until)*24*3600*1000)
		}
	}
	return indexed(m, func() (n int, _ error) {
		from, err := m.from(ctx, &q)
		if err != nil {
			return 0, err
		}
		text := "SELECT 1" + from
		for i, t := range c.texts {
			text += map[bool]string{true: " WHERE ", false: " AND "}[i == 0] + t
		}
		args := append(slices.Clone(c.args), most)
		if err = m.db.QueryRowContext(ctx, "SELECT count(*) FROM ("+text+" LIMIT ?)", args...).Scan(&n); err != nil {
			return 0, fmt.Errorf("the list of contacts: %w", err)
		}
		return n, nil
	})
}

// collect runs a query and reads its rows into what fields says.
func collect[T any](ctx context.Context, m *Model, text string, args []any, fields func(*T) []any) ([]T, error) {
	rows, err := m.db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("the list of contacts: %w", err)
	}
	defer func() { _ = rows.Close() }()
	list := []T{}
	for rows.Next() {
		var t T
		if err := rows.Scan(fields(&t)...); err != nil {
			return nil, fmt.Errorf("the list of contacts: %w", err)
		}
		list = append(list, t)
	}
	return list, rows.Err()
}
