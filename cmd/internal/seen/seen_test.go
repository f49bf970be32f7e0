package seen

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/stored"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

const day = crm.Millis(24 * 3600 * 1000)

var begin = crm.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))

func open(t testing.TB) *queue.Queue {
	t.Helper()
	q, err := queue.Open(context.Background(), queue.Config{
		Dir: t.TempDir(), Partitions: 4, Streams: 2, Sources: []string{"eu", "us"}, MinFree: 1, MaxStore: 8 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// commit stores contacts as they stand after they were rated.
func commit(t testing.TB, q *queue.Queue, contacts map[queue.Key]stored.Contact) {
	t.Helper()
	batches := map[int]queue.Batch{}
	for key, c := range contacts {
		part := q.PartitionOf(key.Source, strings.TrimPrefix(key.Contact, "of "))
		b := batches[part]
		b.Contacts = append(b.Contacts, queue.Put{Key: key, Data: stored.Encode(c)})
		batches[part] = b
	}
	for part, b := range batches {
		at, err := q.Contacts.Checkpoint(t.Context(), part)
		if err != nil {
			t.Fatal(err)
		}
		b.Checkpoint = queue.Checkpoint{Seq: at.Seq}
		if _, err := q.Contacts.Commit(t.Context(), part, b); err != nil {
			t.Fatal(err)
		}
	}
}

// follow runs a list over the store until the test ends.
func follow(t testing.TB, q *queue.Queue, encrypt bool) *Model {
	t.Helper()
	m, end := begun(t, q, encrypt)
	t.Cleanup(end)
	return m
}

// begun runs a list over the store until it is thrown away.
func begun(t testing.TB, q *queue.Queue, encrypt bool) (m *Model, end func()) {
	t.Helper()
	m, err := New(Deps{Queue: q, Dir: filepath.Join(t.TempDir(), "list"), Encrypt: encrypt, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	return m, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

func fresh(t testing.TB, m *Model) {
	t.Helper()
	if err := m.Fresh(t.Context(), waittest.Hang); err != nil {
		t.Fatalf("the list is not as fresh as the store: %v, %+v", err, m.State())
	}
}

// someone is a contact whose every value hangs on its number.
func someone(i int) stored.Contact {
	c := stored.Contact{Rating: crm.Rating{
		Letter: crm.Letters[i%4], Machine: crm.Letters[i%4], Status: crm.Open, Ball: crm.Them, Score: i % 100,
	}}
	c.Values = stored.Values{crm.FieldRatedAt: (begin + crm.Millis(i)*1000).Time().Format(time.RFC3339)}
	owner := crm.Fact{
		ID:       "property/owner",
		Kind:     crm.KindProperty,
		Property: &crm.Property{Name: crm.PropOwner, Value: fmt.Sprint("7", i%50)},
	}
	c.Record.Profile = []crm.Fact{owner}
	if i%1000 == 3 {
		segment := crm.Property{Name: crm.PropSegment, Value: fmt.Sprint("s", i/1000%7)}
		c.Record.Profile = append(c.Record.Profile, crm.Fact{
			ID: "property/segment", Kind: crm.KindProperty, Property: &segment,
		})
		c.Rating.Held = "lag"
	}
	switch {
	case i%5 == 0:
		c.Rating.Ball, c.Rating.OwedSince, c.Rating.Owes = crm.Us, begin-crm.Millis(i%1000)*3600_000, crm.OwedAnswer
		c.Rating.Overdue = i%1000 > 100
	case i%20 == 1:
		c.Rating.Status, c.Rating.Ground, c.Rating.PendingUntil = crm.Pending, crm.Unresponsive, begin+crm.Millis(
			i%30,
		)*day
	case i%20 == 2:
		c.Rating.Status, c.Rating.Ground, c.Rating.RecheckOn = crm.Disqualified, crm.NoProgress, begin+crm.Millis(
			i%150,
		)*day
	}
	if i%3 == 0 {
		deal := &crm.Deal{Stage: "open", Amount: int64(i%977) * 100_00}
		c.Record.Items = []crm.Fact{{ID: fmt.Sprint("deals/", i), Kind: crm.KindDeal, At: begin, Deal: deal}}
	}
	return c
}

func ids(p Page) (list []string) {
	for _, c := range p.Contacts {
		list = append(list, c.Contact)
	}
	return list
}

func TestListIsFilteredAndSorted(t *testing.T) {
	q := open(t)
	all := map[queue.Key]stored.Contact{}
	for i := range 200 {
		all[queue.Key{Source: "eu", Contact: fmt.Sprint(i)}] = someone(i)
	}
	commit(t, q, all)
	for _, encrypt := range []bool{false, true} {
		m := follow(t, q, encrypt)
		fresh(t, m)
		list := func(query Query) Page {
			t.Helper()
			p, err := m.List(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		// Every page together is every contact, each once, in the order asked for.
		for _, sort := range Sorts() {
			seen := map[string]bool{}
			for after := ""; ; {
				p := list(Query{Sort: sort, Most: 7, After: after})
				for _, id := range ids(p) {
					if seen[id] {
						t.Fatalf("by %s: %s comes twice", sort, id)
					}
					seen[id] = true
				}
				if after = p.Next; after == "" {
					break
				}
			}
			want := map[string]int{
				"changed": 200, "amount": 200, "score": 200, "owed": 40, "pending": 10,
				"recheck": 10,
			}[sort]
			if len(seen) != want {
				t.Errorf("by %s there are %d, want %d", sort, len(seen), want)
			}
		}
		if p := list(Query{Sort: "owed", Most: 2}); p.Contacts[0].Contact != "195" ||
			p.Contacts[0].Owed != crm.OwedAnswer {
			t.Errorf("who has waited longest is %+v", p.Contacts[0])
		}
		p := list(Query{Source: "eu", Letter: "B", Status: "pending", Ground: "unresponsive", Sort: "pending"})
		if diff := cmp.Diff([]string{"1", "121", "61", "181", "41", "161", "101", "21", "141", "81"}, ids(p)); len(
			p.Contacts,
		) != 10 {
			t.Errorf("pending Bs (-want +got):\n%s", diff)
		}
		if p := list(Query{Owner: "73", Letter: "D"}); len(p.Contacts) != 2 {
			t.Errorf("Ds of 73: %v, want 2", ids(p))
		}
		if p := list(Query{Source: "us"}); len(p.Contacts) != 0 {
			t.Errorf("of another source: %v", ids(p))
		}
		debtors, err := m.Debtors(t.Context(), "")
		if err != nil || len(debtors) != 10 {
			t.Errorf("debtors %+v, %v", debtors, err)
		}
		if n, err := m.Count(t.Context(), Query{Overdue: true}, 1000); err != nil || n != 19 {
			t.Errorf("%d overdue, %v; want 19", n, err)
		}
	}
}

// TestListFollows: what changes, goes or is forgotten is so in the list, also where only the tombstone is left.
func TestListFollows(t *testing.T) {
	q := open(t)
	anna, bert, carl := queue.Key{
		Source:  "eu",
		Contact: "anna",
	}, queue.Key{
		Source:  "eu",
		Contact: "bert",
	}, queue.Key{
		Source:  "us",
		Contact: "carl",
	}
	one := someone(1)
	decided := crm.Fact{
		ID:       "decision/1",
		Kind:     crm.KindDecision,
		At:       begin,
		Decision: &crm.Decision{Status: crm.Requalified},
	}
	one.Record.Decisions = []crm.Fact{decided}
	commit(t, q, map[queue.Key]stored.Contact{anna: one, bert: someone(2), carl: someone(3)})
	m := follow(t, q, false)
	fresh(t, m)
	returns, err := m.Returns(t.Context(), begin, 10)
	if err != nil || len(returns) != 1 || returns[0].Contact != "anna" {
		t.Errorf("who came back: %+v, %v", returns, err)
	}
	changed := someone(1)
	changed.Rating.Letter = "D"
	gone := stored.Contact{Rating: crm.Rating{Unrated: "opted_out"}}
	commit(t, q, map[queue.Key]stored.Contact{anna: changed, carl: gone})
	fresh(t, m)
	p, err := m.List(t.Context(), Query{Letter: "D"})
	if err != nil || len(p.Contacts) != 1 || p.Contacts[0].Contact != "anna" {
		t.Errorf("Ds: %+v, %v", p, err)
	}
	tombs := stored.NewTombs(q)
	part := q.PartitionOf(anna.Source, anna.Contact)
	at, err := q.Contacts.Checkpoint(t.Context(), part)
	if err != nil {
		t.Fatal(err)
	}
	put := queue.Put{Key: tombs.Of(anna), Data: stored.Encode(stored.Contact{Forgotten: true})}
	batch := queue.Batch{Contacts: []queue.Put{put}, Checkpoint: queue.Checkpoint{Seq: at.Seq}}
	if _, err := q.Contacts.Commit(t.Context(), part, batch); err != nil {
		t.Fatal(err)
	}
	if err := q.Contacts.Purge(t.Context(), part, anna); err != nil {
		t.Fatal(err)
	}
	fresh(t, m)
	if p, err = m.List(t.Context(), Query{}); err != nil || len(p.Contacts) != 1 || p.Contacts[0].Contact != "bert" {
		t.Errorf("left are %v, %v; want bert alone", ids(p), err)
	}
	if returns, err := m.Returns(t.Context(), begin, 10); err != nil || len(returns) != 0 {
		t.Errorf("who came back is remembered: %+v, %v", returns, err)
	}
	files, err := filepath.Glob(filepath.Join(m.Dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "anna") {
			t.Errorf("%s holds who was forgotten", name)
		}
	}
}

// TestListBuiltAgain: a list that was thrown away and is built again while contacts change, go and come back shows the
// same pages as one that has followed all along.
func TestListBuiltAgain(t *testing.T) {
	q := open(t)
	all := map[queue.Key]stored.Contact{}
	for i := range 2000 {
		all[queue.Key{Source: "eu", Contact: fmt.Sprint(i)}] = someone(i)
	}
	commit(t, q, all)
	old := follow(t, q, false)
	fresh(t, old)
	again, end := begun(t, q, false)
	for round := range 24 {
		if round%8 == 4 {
			end()
			again, end = begun(t, q, false)
		}
		some := map[queue.Key]stored.Contact{}
		for i := round; i < 2000; i += 37 {
			c := someone(i + 13*round)
			if (i+round)%7 == 0 {
				c = stored.Contact{Rating: crm.Rating{Unrated: "opted_out"}}
			}
			some[queue.Key{Source: "eu", Contact: fmt.Sprint(i)}] = c
		}
		commit(t, q, some)
	}
	t.Cleanup(end)
	fresh(t, old)
	fresh(t, again)
	if diff := cmp.Diff(everything(t, old), everything(t, again)); diff != "" {
		t.Errorf("built again it shows other pages (-followed +built again):\n%s", diff)
	}
}

// everything is all that pages show of a list.
func everything(t *testing.T, m *Model) map[string]any {
	t.Helper()
	all := map[string]any{}
	keep := func(what string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		all[what] = v
	}
	for _, sort := range Sorts() {
		for after, n := "", 0; n == 0 || after != ""; n++ {
			p, err := m.List(t.Context(), Query{Sort: sort, Most: 100, After: after})
			keep(fmt.Sprint("page ", n, " by ", sort), p, err)
			after = p.Next
		}
	}
	debtors, err := m.Debtors(t.Context(), "")
	keep("debtors", debtors, err)
	decisions, err := m.Decisions(t.Context(), "", 0)
	keep("decisions", decisions, err)
	returns, err := m.Returns(t.Context(), 0, 100)
	keep("returns", returns, err)
	if len(all) < 30 {
		t.Fatalf("there are %d pages and sums only", len(all))
	}
	return all
}

// BenchmarkPage looks pages up in a list of WINNOW_BENCH_CONTACTS, or ten thousand contacts; a million take some
// minutes to be put in.
func BenchmarkPage(b *testing.B) {
	n := 10_000
	_, _ = fmt.Sscan(os.Getenv("WINNOW_BENCH_CONTACTS"), &n)
	q := open(b)
	m, err := New(Deps{Queue: q, Dir: filepath.Join(b.TempDir(), "list"), Log: zap.NewNop()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	start := time.Now()
	for i := 0; i < n; i += atOnce {
		var rows []row
		for j := i; j < min(i+atOnce, n); j++ {
			source := "eu"
			if j%10_000 == 7 {
				source = "us"
			}
			r, err := m.rowOf(
				queue.Record{
					Key:  queue.Key{Source: source, Contact: fmt.Sprint(1_000_000 + j)},
					Data: stored.Encode(someone(j)),
				},
			)
			if err != nil {
				b.Fatal(err)
			}
			rows = append(rows, r)
		}
		if err := m.store(b.Context(), rows); err != nil {
			b.Fatal(err)
		}
	}
	if err := m.index(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d contacts in %v", n, time.Since(start).Round(time.Millisecond))
	for name, query := range map[string]Query{
		"newest":                     {},
		"owed longest":               {Sort: "owed", Owed: "any"},
		"owner and letter by amount": {Owner: "717", Letter: "D", Sort: "amount"},
		"ground by pending":          {Status: "pending", Ground: "unresponsive", Sort: "pending"},
		"status by score":            {Status: "disqualified", Sort: "score"},
		"letter by change, source":   {Source: "eu", Letter: "A"},
		"letter and status by score": {Letter: "D", Status: "open", Sort: "score"},
		"status by amount":           {Status: "pending", Sort: "amount"},
		"owner, owed longest":        {Owner: "717", Owed: "answer", Overdue: true, Sort: "owed"},
		"owner by recheck":           {Owner: "742", Status: "disqualified", Sort: "recheck"},
		"held by score":              {Held: "lag", Sort: "score"},
		"held, newest":               {Held: "any"},
		"nobody held":                {Held: "breaker", Sort: "amount"},
		"segment by amount":          {Segment: "s3", Sort: "amount"},
		"rare source":                {Source: "us"},
		"rare source by score":       {Source: "us", Letter: "D", Sort: "score"},
		"no source":                  {Source: "asia", Sort: "amount"},
		"rare ball":                  {Ball: "none", Sort: "score"},
		"ground by amount":           {Ground: "no_progress", Sort: "amount"},
		"letter by score":            {Letter: "A", Sort: "score"},
		"overdue by amount":          {Overdue: true, Owner: "79", Sort: "amount"},
		"nobody":                     {Status: "disqualified", Letter: "A", Owner: "71", Sort: "amount"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := m.List(b.Context(), query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	for name, sum := range map[string]func() error{
		"debtors":             func() error { _, err := m.Debtors(b.Context(), ""); return err },
		"debtors of a source": func() error { _, err := m.Debtors(b.Context(), "eu"); return err },
		"count of a source":   func() error { _, err := m.Count(b.Context(), Query{Source: "us"}, n); return err },
		"count of held":       func() error { _, err := m.Count(b.Context(), Query{Held: "lag"}, n); return err },
		"count of overdue":    func() error { _, err := m.Count(b.Context(), Query{Overdue: true}, n); return err },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := sum(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestEveryPageHasAnIndex: whatever pages are filtered and sorted by, SQLite can read them by the index that is chosen,
// in its order.
func TestEveryPageHasAnIndex(t *testing.T) {
	m := follow(t, open(t), false)
	if err := m.index(t.Context()); err != nil {
		t.Fatal(err)
	}
	filters := []func(*Query){
		func(q *Query) { q.Source = "eu" }, func(q *Query) { q.Letter = "D" }, func(q *Query) { q.Status = "pending" },
		func(q *Query) { q.Status = "open" }, func(q *Query) { q.Ground = "any" }, func(q *Query) { q.Held = "lag" },
		func(q *Query) { q.Owner = "71" }, func(q *Query) { q.Overdue = true }, func(q *Query) { q.Owed = "any" },
		func(q *Query) { q.Until, q.At = 3, begin }, func(q *Query) { q.After = "7.7" },
	}
	for _, sort := range Sorts() {
		for set := range 1 << len(filters) {
			if bits.OnesCount(uint(set)) > 3 { // what holds of three holds of more
				continue
			}
			q := Query{Sort: sort}
			for i, filter := range filters {
				if set>>i&1 == 1 {
					filter(&q)
				}
			}
			text, args, err := q.text(50, " FROM contact INDEXED BY "+q.index())
			if err != nil {
				t.Fatal(err)
			}
			var plan string
			rows, err := m.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
			if err != nil {
				t.Fatalf("%+v: %v", q, err)
			}
			for rows.Next() {
				var id, parent, none int
				var detail string
				if err := rows.Scan(&id, &parent, &none, &detail); err != nil {
					t.Fatal(err)
				}
				plan += detail + "\n"
			}
			_ = rows.Close()
			index := q.index()
			if index != "" && (!strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE")) {
				t.Errorf("%+v is read by\n%s", q, plan)
			}
		}
	}
}

// TestIndexesGoneMeanwhile: a list that begins anew while it is read fails nobody.
func TestIndexesGoneMeanwhile(t *testing.T) {
	m := &Model{quick: true}
	asked := 0
	ask := func() (int, error) {
		if asked++; asked == 1 {
			m.mu.Lock()
			m.quick = false
			m.mu.Unlock()
			return 0, errors.New("no such index")
		}
		return 7, nil
	}
	if n, err := indexed(m, ask); n != 7 || err != nil || asked != 2 {
		t.Errorf("%d, %v after %d questions", n, err, asked)
	}
	fails := func() (int, error) { asked++; return 0, errors.New("another") }
	if _, err := indexed(m, fails); err == nil || asked != 3 {
		t.Errorf("%v after %d questions, want the error at once", err, asked)
	}
}

// TestBusy: whether the flow is busy hangs on what came over a second, not on whether a commit came just now.
func TestBusy(t *testing.T) {
	var p progress
	for _, look := range []struct {
		at     time.Duration
		newest uint64
		busy   bool
	}{
		{0, 1_000_000, false}, // all that was there at the start
		{2 * time.Second, 1_000_050, false},
		{2100 * time.Millisecond, 1_000_500, false},
		{4 * time.Second, 1_000_900, true},
		{4100 * time.Millisecond, 1_000_900, true}, // between two commits
		{4200 * time.Millisecond, 1_000_900, true},
		{14 * time.Second, 1_009_000, true}, // after a rest
		{16 * time.Second, 1_009_001, false},
		{18 * time.Second, 7, false}, // another store
	} {
		if p.look(look.newest, begin.Time().Add(look.at)); p.busy != look.busy || p.newest != look.newest {
			t.Errorf("after %v: busy %t at %d, want %t at %d", look.at, p.busy, p.newest, look.busy, look.newest)
		}
	}
}
