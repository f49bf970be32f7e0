package seen

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/queue"
)

const (
	// followEvery is how often it is looked whether anything is new while nobody asks.
	followEvery = 2 * time.Second
	// atOnce is how many records one transaction takes.
	atOnce = 500
	// busyAt is from how many records a second on, over busyOver at least, the flow counts as busy. Then following
	// rests restShare times as long as reading, decoding and storing took, which holds it to 2 % of one processor, and
	// to less where the flow needs them all. Meanwhile contacts change again, and are read once for all of it.
	busyAt    = 50
	busyOver  = time.Second
	restShare = 50
	mostRest  = 20 * time.Second
)

// Run follows the records until ctx ends.
func (m *Model) Run(ctx context.Context) error {
	if m.Lazy {
		select {
		case <-ctx.Done():
			return nil
		case <-m.poke:
		}
	}
	for ctx.Err() == nil {
		err := m.follow(ctx)
		if ctx.Err() != nil {
			return nil
		}
		said := m.State().Error
		m.change(func() { m.failed = err })
		if err != nil && said == "" {
			m.Log.Warn("the list of contacts does not follow the records; it is tried again", zap.Error(err))
		}
		t := time.NewTimer(followEvery)
		select {
		case <-ctx.Done():
		case <-t.C:
		case <-m.poke:
		}
		t.Stop()
	}
	return nil
}

// follow takes in what is new since the last time.
func (m *Model) follow(ctx context.Context) error {
	for i := range m.shards {
		if err := m.followShard(ctx, i); err != nil {
			return err
		}
	}
	if !m.State().Built {
		if err := m.index(ctx); err != nil {
			return err
		}
		m.change(func() { m.built = true })
	}
	return nil
}

func (m *Model) followShard(ctx context.Context, i int) error {
	f := &following{m: m, shard: i}
	if err := f.look(ctx); err != nil {
		return err
	}
	m.mu.Lock()
	was := m.shards[i]
	m.mu.Unlock()
	newest := was.newest
	if newest < was.seen { // another store than before: what was followed is nothing
		if err := m.empty(ctx); err != nil {
			return err
		}
		was.seen = 0
	}
	if newest == was.seen {
		return nil
	}
	err := m.Queue.Contacts.Changes(ctx, i, was.seen, func(r queue.Record) error { return f.take(ctx, r) })
	if err = errors.Join(err, f.store(ctx)); err != nil {
		return err
	}
	m.change(func() { m.shards[i].seen = max(newest, f.seq) })
	return nil
}

// index makes the indexes, once everything is in the list: to sort it at once takes a tenth of the time that it takes
// to put one contact after the other where it belongs.
func (m *Model) index(ctx context.Context) error {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // so that the memory it sorted in is given back
		_ = conn.Close()
	}()
	for _, where := range []string{"file", "memory"} { // not every process may write temporary files
		if _, err = conn.ExecContext(ctx, "PRAGMA temp_store="+where); err != nil {
			return err
		}
		if err = createIndexes(ctx, conn); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err == nil {
		m.change(func() { m.quick = true })
	}
	return err
}

func createIndexes(ctx context.Context, conn *sql.Conn) error {
	for _, i := range indexes {
		text := "CREATE INDEX IF NOT EXISTS " + i.name + " ON contact (" + i.on + ")"
		if i.where != "" {
			text += " WHERE " + i.where
		}
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, "PRAGMA analysis_limit=1000; ANALYZE")
	return err
}

// empty begins the list anew.
func (m *Model) empty(ctx context.Context) error {
	m.change(func() { m.built, m.quick = false, false })
	for _, i := range indexes {
		if _, err := m.db.ExecContext(ctx, "DROP INDEX IF EXISTS "+i.name); err != nil {
			return err
		}
	}
	if _, err := m.db.ExecContext(ctx, "DELETE FROM contact; DELETE FROM decision"); err != nil {
		return err
	}
	m.change(func() { clear(m.shards) })
	return nil
}

// following gathers what is new of one stream for the next transaction.
type following struct {
	m     *Model
	shard int
	busy  bool
	began time.Time // when the work for it did
	rows  []row
	seq   uint64
}

// look looks how far the stream is, and whether the flow is busy with it.
func (f *following) look(ctx context.Context) error {
	newest, err := f.m.Queue.Contacts.Newest(ctx, f.shard)
	if err != nil {
		return err
	}
	f.began = time.Now()
	f.m.change(func() {
		p := &f.m.shards[f.shard]
		p.look(newest, f.began)
		f.busy = p.busy && f.m.built
	})
	return nil
}

// look notes how far the stream is at an instant. Commits are large and come apart, so that a moment tells nothing.
func (p *progress) look(newest uint64, now time.Time) {
	p.newest = newest
	if passed := now.Sub(p.looked); passed >= busyOver {
		p.busy = float64(newest)-float64(p.then) > busyAt*passed.Seconds()
		p.then, p.looked = newest, now
	}
}

func (f *following) take(ctx context.Context, r queue.Record) error {
	row, err := f.m.rowOf(r)
	if err != nil {
		return fmt.Errorf("record at %d: %w", r.Seq, err)
	}
	f.rows, f.seq = append(f.rows, row), r.Seq
	if len(f.rows) < atOnce {
		return nil
	}
	return f.store(ctx)
}

// store puts what was gathered into the list, and rests where the flow needs the machine.
func (f *following) store(ctx context.Context) error {
	if len(f.rows) == 0 {
		return nil
	}
	if err := f.m.store(ctx, f.rows); err != nil {
		return err
	}
	f.m.change(func() { f.m.shards[f.shard].seen = f.seq })
	f.rows = f.rows[:0]
	if f.busy {
		timing.Sleep(ctx, min(restShare*time.Since(f.began), mostRest))
	}
	return errors.Join(ctx.Err(), f.look(ctx))
}

// store is one transaction.
func (m *Model) store(ctx context.Context, rows []row) error {
	tx, err := m.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // which fails where it is committed
	w, err := prepare(ctx, tx)
	if err != nil {
		return err
	}
	gone := false
	for i := range rows {
		if err := w.put(ctx, &rows[i]); err != nil {
			return err
		}
		gone = gone || rows[i].gone
	}
	if err := tx.Commit(); err != nil || !gone {
		return err
	}
	_, err = m.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)") // nothing of who has gone stays in the log
	return err
}

// writer has the statements of one transaction.
type writer struct{ put1, dropTomb, undecide, dropDecisions, decide *sql.Stmt }

func prepare(ctx context.Context, tx *sql.Tx) (*writer, error) {
	w := &writer{}
	for into, text := range map[**sql.Stmt]string{
		&w.put1:          upsert,
		&w.dropTomb:      "DELETE FROM contact WHERE tomb = ?",
		&w.undecide:      "DELETE FROM decision WHERE contact = ?",
		&w.dropDecisions: "DELETE FROM decision WHERE contact IN (SELECT rowid FROM contact WHERE tomb = ?)",
		&w.decide:        "INSERT INTO decision (contact, source, at, status, ground) VALUES (?, ?, ?, ?, ?)",
	} {
		s, err := tx.PrepareContext(ctx, text)
		if err != nil {
			return nil, err
		}
		*into = s
	}
	return w, nil
}

func (w *writer) put(ctx context.Context, r *row) error {
	if r.gone {
		if _, err := w.dropDecisions.ExecContext(ctx, r.tomb); err != nil {
			return err
		}
		_, err := w.dropTomb.ExecContext(ctx, r.tomb)
		return err
	}
	var rowid int64
	if err := w.put1.QueryRowContext(ctx, r.values()...).Scan(&rowid); err != nil {
		return err
	}
	if len(r.decisions) == 0 {
		return nil
	}
	if _, err := w.undecide.ExecContext(ctx, rowid); err != nil {
		return err
	}
	for _, d := range r.decisions {
		if d.Decision == nil {
			continue
		}
		_, err := w.decide.ExecContext(
			ctx,
			rowid,
			r.source,
			int64(d.At),
			string(d.Decision.Status),
			string(d.Decision.Ground),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// tombOf is a short form of the tombstone that stands for a contact once it is forgotten.
func (m *Model) tombOf(key queue.Key) int64 {
	if !stored.IsTomb(key) {
		key = m.tombs.Of(key)
	}
	return short(key.Contact)
}
