package toy

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// These are the roles with a fault in one of their methods: the function stands for it where there is one, and is
// given what the sound one returned.

type receiver struct {
	connectors.Receiver
	verify func(d connectors.Delivery, at time.Time, err error) error
	keep   func(d, kept connectors.Delivery) connectors.Delivery
	decode func(ns []crm.Notice, err error) ([]crm.Notice, error)
}

func (r receiver) Verify(d connectors.Delivery, at time.Time) error {
	err := r.Receiver.Verify(d, at)
	if r.verify != nil {
		return r.verify(d, at, err)
	}
	return err
}

func (r receiver) Keep(d connectors.Delivery) (connectors.Delivery, bool) {
	kept, text := r.Receiver.Keep(d)
	if r.keep != nil {
		kept = r.keep(d, kept)
	}
	return kept, text
}

func (r receiver) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	ns, err := r.Receiver.Decode(d)
	if r.decode != nil {
		return r.decode(ns, err)
	}
	return ns, err
}

type fetcher struct {
	connectors.Fetcher
	limits func(l connectors.Limits) connectors.Limits
	fetch  func(ctx context.Context, refs []crm.Ref, results []connectors.Result) []connectors.Result
	idle   bool // nothing is asked of the server
}

func (f fetcher) FetchLimits(typ string) connectors.Limits {
	l := f.Fetcher.FetchLimits(typ)
	if f.limits != nil {
		return f.limits(l)
	}
	return l
}

func (f fetcher) Fetch(ctx context.Context, refs []crm.Ref) []connectors.Result {
	var results []connectors.Result
	if !f.idle {
		results = f.Fetcher.Fetch(ctx, refs)
	}
	if f.fetch != nil {
		return f.fetch(ctx, refs, results)
	}
	return results
}

type writer struct {
	connectors.Writer
	split  func(calls [][]crm.Change) [][]crm.Change
	change func(ch crm.Change) crm.Change
	write  func(chs []crm.Change, errs []error) []error
}

func (w writer) Split(chs []crm.Change) [][]crm.Change {
	calls := w.Writer.Split(chs)
	if w.split != nil {
		return w.split(calls)
	}
	return calls
}

func (w writer) Write(ctx context.Context, chs []crm.Change) []error {
	sent := make([]crm.Change, len(chs))
	for i, ch := range chs {
		sent[i] = ch
		if w.change != nil {
			sent[i] = w.change(ch)
		}
	}
	errs := w.Writer.Write(ctx, sent)
	if w.write != nil {
		return w.write(chs, errs)
	}
	return errs
}

type poller struct {
	connectors.Poller
	poll func(cursor string, a answered) answered
}

type answered struct {
	notices []crm.Notice
	next    string
	more    bool
	err     error
}

func (p poller) Poll(ctx context.Context, cursor string, since time.Time) ([]crm.Notice, string, bool, error) {
	var a answered
	a.notices, a.next, a.more, a.err = p.Poller.Poll(ctx, cursor, since)
	a = p.poll(cursor, a)
	return a.notices, a.next, a.more, a.err
}

type backfiller struct {
	connectors.Backfiller
	page func(cursor string, p connectors.BackfillPage) connectors.BackfillPage
}

func (b backfiller) Backfill(
	ctx context.Context, cursor string, since, until time.Time,
) (connectors.BackfillPage, error) {
	p, err := b.Backfiller.Backfill(ctx, cursor, since, until)
	return b.page(cursor, p), err
}

type accounter struct{ connectors.Accounter }

func (a accounter) Account(ctx context.Context) (string, error) {
	_, err := a.Accounter.Account(ctx)
	return "", err
}

type installer struct {
	connectors.Installer
	plan   func(i connectors.Installer, steps []connectors.Step, err error) ([]connectors.Step, error)
	apply  func() error
	advice func() string
}

func (i installer) Plan(ctx context.Context) ([]connectors.Step, error) {
	steps, err := i.Installer.Plan(ctx)
	if i.plan != nil {
		return i.plan(i.Installer, steps, err)
	}
	return steps, err
}

func (i installer) Apply(ctx context.Context, s connectors.Step) error {
	if i.apply != nil {
		return i.apply()
	}
	return i.Installer.Apply(ctx, s)
}

func (i installer) Advice(url string) (string, []byte) {
	if i.advice != nil {
		return i.advice(), nil
	}
	return i.Installer.Advice(url)
}

type relater struct{ connectors.Relater }

func (r relater) Concerned(ctx context.Context, ref crm.Ref) ([]string, error) {
	_, err := r.Relater.Concerned(ctx, ref)
	return nil, err
}

type replier struct {
	connectors.Replier
	reply     func(o connectors.Outcome, r connectors.Reply) connectors.Reply
	handshake func(ok bool) bool
}

func (p replier) Reply(d connectors.Delivery, o connectors.Outcome) connectors.Reply {
	r := p.Replier.Reply(d, o)
	if p.reply != nil {
		return p.reply(o, r)
	}
	return r
}

func (p replier) Handshake(d connectors.Delivery) (connectors.Reply, bool) {
	r, ok := p.Replier.Handshake(d)
	if p.handshake != nil {
		ok = p.handshake(ok)
	}
	return r, ok
}

type maintainer struct {
	connectors.Maintainer
	recall func() error
	next   func(at time.Time) time.Time
}

func (m maintainer) Recall(ctx context.Context) error {
	if m.recall != nil {
		return m.recall()
	}
	return m.Maintainer.Recall(ctx)
}

func (m maintainer) Maintain(ctx context.Context) (time.Time, error) {
	next, err := m.Maintainer.Maintain(ctx)
	if m.next != nil {
		next = m.next(next)
	}
	return next, err
}

type shower struct {
	connectors.Shower
	cards func(cards map[string]connectors.Card, err error) (map[string]connectors.Card, error)
	find  func(who []string) []string
	link  func(link string) string
	whose func(who string) string
}

func (s shower) Cards(ctx context.Context, people []string) (map[string]connectors.Card, error) {
	cards, err := s.Shower.Cards(ctx, people)
	if s.cards != nil {
		return s.cards(cards, err)
	}
	return cards, err
}

func (s shower) Find(ctx context.Context, email string) ([]string, error) {
	who, err := s.Shower.Find(ctx, email)
	if s.find != nil {
		who = s.find(who)
	}
	return who, err
}

func (s shower) Link(account, person, fact string) string {
	link := s.Shower.Link(account, person, fact)
	if s.link != nil {
		return s.link(link)
	}
	return link
}

func (s shower) Whose(account string, page *url.URL) string {
	who := s.Shower.Whose(account, page)
	if s.whose != nil {
		return s.whose(who)
	}
	return who
}

type budgeter struct{ left int }

func (*budgeter) Queued() bool { return false }

func (b *budgeter) Budget() (interval, day int) {
	b.left++
	return -1, b.left
}

// failed is an error of the toy's.
func failed(op string, k connectors.Kind) error {
	return &connectors.Error{Vendor: Name, Op: op, Kind: k, Err: errors.New("not today")}
}
