package bench

import (
	"context"
	"errors"
	"fmt"
)

// flowCase is one kind of traffic through the whole of Winnow.
type flowCase struct {
	name  string
	mails int // that each contact has
	size  int // events a delivery
	each  int // one event in so many changes the rating
	pace  int // facts that are sent for each second of a round
	aims  []Aim
}

// flowCases are the rows of the section. The aims against the build before are those of the change that they were
// stated for; us a fact and memory hold for every build.
var flowCases = []flowCase{
	{"100 a delivery, 4 mails, each changes", 4, 100, 1, 20_000, []Aim{times(1.3), most(us, "CPU each", 65e-6, cpu)}},
	{"100 a delivery, 4 mails, 1 in 5 changes", 4, 100, 5, 20_000, []Aim{
		times(1.8), most(us, "CPU each", 55e-6, cpu), most(mib, "memory", 300<<20, rss),
	}},
	{"100 a delivery, 4 mails, 1 in 5 changes, long", 4, 100, 5, 50_000, []Aim{
		times(1.8), most(ms, "p99", 50e-3, p99),
	}},
	{"100 a delivery, 48 mails, 1 in 5 changes", 48, 100, 5, 15_000, []Aim{times(2.5)}},
	{"100 a delivery, 288 mails, 1 in 5 changes", 288, 100, 5, 8_000, []Aim{
		times(5), most(mib, "memory", 500<<20, rss),
	}},
	{"one a delivery, 4 mails, each changes", 4, 1, 1, 4_000, []Aim{times(1.5), most(ms, "p99", 20e-3, p99)}},
}

// longContacts bounds the contacts of those rows in which each has a long history.
const longContacts = 4000

// flow measures facts from the webhook to the rating in the CRM, until the CRM shows the last one.
func (r *run) flow(ctx context.Context) error {
	for _, fc := range flowCases {
		row := Row{Section: "flow", Name: fc.name, Aims: fc.aims}
		if err := r.row(row, func(row *Row) error { return r.flowCase(ctx, fc, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) flowCase(ctx context.Context, fc flowCase, row *Row) (err error) {
	sc := scene{contacts: r.Contacts, mails: fc.mails, field: "winnow_rating"}
	if fc.mails > 48 {
		sc.contacts = min(sc.contacts, longContacts)
	}
	all, closeAll, err := r.sides(ctx, sc, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	least, err := r.start(ctx, r.Command, bare, r.store(), all[0].p.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, least.stop()) }()
	// What comes first does not count: it opens connections and loads every contact.
	for _, s := range all {
		if _, err := r.flowRound(ctx, s.p, s.c, s.p.changes(sc.contacts, 1, 100), ""); err != nil {
			return err
		}
	}
	n := max(int(float64(fc.pace)*r.Duration.Seconds()), 10*fc.size)
	return r.byTurns(all, func(s *side) (Round, error) {
		t := s.p.changes(n, fc.each, fc.size)
		if s.name == ours {
			b, err := r.bareRound(ctx, s.p, least, t)
			if err != nil {
				return b, err
			}
			row.Bare = append(row.Bare, b)
		}
		name := fmt.Sprintf("flow-%d-mails%d-each%d", fc.size, fc.mails, fc.each)
		return r.flowRound(ctx, s.p, s.c, t, s.profile(name))
	})
}

// profile is the name of a profile of what the side does.
func (s *side) profile(name string) string {
	if s.name == theirs {
		return name + "-other"
	}
	return name
}

// flowRound sends t and waits until the CRM shows what comes of it. Without a name there is no profile.
func (r *run) flowRound(ctx context.Context, p *portal, c *child, t traffic, name string) (Round, error) {
	requests, err := signed(p.box, c.Hooks, t.bodies)
	if err != nil {
		return Round{}, err
	}
	before, err := c.stats(ctx)
	if err != nil {
		return Round{}, err
	}
	self, writes := ownCPU(), p.written()
	var out Round
	p.expect(t.want)
	measure := func() error {
		got, err := send(ctx, c.Hooks, r.Connections, once(requests))
		if err != nil {
			return err
		}
		took, err := p.shows(ctx, c, got.began)
		out = Round{
			PerSecond: float64(t.events) / took.Seconds(), P50: got.p50.Seconds(), P99: got.p99.Seconds(),
			Sent: float64(t.events) / got.elapsed.Seconds(), Refused: got.refused,
		}
		return err
	}
	if name == "" {
		err = measure()
	} else {
		err = r.profiled(ctx, c, name, measure)
	}
	if err != nil {
		return out, err
	}
	after, err := c.stats(ctx)
	n := float64(t.events)
	out.CPU, out.OtherCPU, out.Written = (after.CPU-before.CPU)/n, (ownCPU()-self)/n, (after.Written-before.Written)/n
	out.Writes, out.PerCommit = float64(p.written()-writes)/n, n/max(after.Commits-before.Commits, 1)
	out.RSS = after.RSS
	return out, err
}

// bareRound has the bare handler store the same bodies.
func (r *run) bareRound(ctx context.Context, p *portal, c *child, t traffic) (Round, error) {
	requests, err := signed(p.box, c.Hooks, t.bodies)
	if err != nil {
		return Round{}, err
	}
	got, err := send(ctx, c.Hooks, r.Connections, once(requests))
	return Round{PerSecond: float64(t.events) / got.elapsed.Seconds(), P50: got.p50.Seconds(), P99: got.p99.Seconds()},
		err
}
