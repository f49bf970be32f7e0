package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// mailReaders is how many requests the bare client has under way: more do not make the sandbox faster on two cores.
const mailReaders = 4

// mailCase is a CRM that mails are read from.
type mailCase struct {
	name  string
	delay time.Duration // of each answer
	limit int           // calls in ten seconds; 0: any number
	aims  []Aim
}

// mailCases are a CRM without limits, and one that answers as HubSpot does over the internet and has its quota: 190
// calls in ten seconds for an account of the tier Professional. Source: HubSpot docs, "API usage guidelines".
var mailCases = []mailCase{
	{"a CRM that answers at once", 0, 0, nil},
	{"a CRM that takes 150 ms a call, 190 calls in 10 s", 150 * time.Millisecond, 190, []Aim{times(4), overBare(0.8)}},
}

// mail measures new mails, which a webhook only names: each has to be fetched, with what it is associated with, and
// read.
func (r *run) mail(ctx context.Context) error {
	for _, mc := range mailCases {
		row := Row{Section: "mail", Name: mc.name, Aims: mc.aims}
		if err := r.row(row, func(row *Row) error { return r.mailCase(ctx, mc, row) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) mailCase(ctx context.Context, mc mailCase, row *Row) (err error) {
	sc := scene{contacts: r.Contacts, mails: 4, field: "winnow_ball", limit: mc.limit}
	if mc.limit > 0 {
		sc.env = []string{fmt.Sprintf("WINNOW_HUBSPOT_RATE_LIMIT=%d", mc.limit)}
	}
	all, closeAll, err := r.sides(ctx, sc, row)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	n := max(int(aimOfMail*r.Duration.Seconds()), 100)
	for _, s := range all { // opens connections, does not count
		if _, err := r.flowRound(ctx, s.p, s.c, s.p.mails(min(n, 500)), ""); err != nil {
			return err
		}
		s.p.box.SetLatency(mc.delay)
	}
	return r.byTurns(all, func(s *side) (Round, error) {
		if err := s.p.rested(ctx, mc.limit); err != nil {
			return Round{}, err
		}
		t := s.p.mails(n)
		s.p.record()
		a, err := r.flowRound(ctx, s.p, s.c, t, s.profile("mail"))
		reads := s.p.recorded()
		if err != nil {
			return a, err
		}
		a.Reads = float64(len(reads)) / float64(n)
		if s.name != ours {
			return a, nil
		}
		if err := s.p.rested(ctx, mc.limit); err != nil {
			return a, err
		}
		b, err := replay(ctx, s.p.url, reads, mailReaders)
		row.Bare = append(row.Bare, Round{PerSecond: float64(n) / b.Seconds()})
		return a, err
	})
}

// rested waits until the calls of the round before count against the limit no more, unless they were few.
func (p *portal) rested(ctx context.Context, limit int) error {
	if calls := p.calls.Swap(0); limit == 0 || calls <= int64(limit)/4 {
		return nil
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(11 * time.Second): // HubSpot's interval is ten seconds
		return nil
	}
}

// aimOfMail is how many mails are sent for each second of a round.
const aimOfMail = 1_000

// mails logs n mails, each with another contact: by turns a question of theirs, after which the next move is ours, and
// our answer with a question, after which it is theirs. So each changes what the CRM shows.
func (p *portal) mails(n int) traffic {
	chosen := p.rand.Perm(len(p.ids))
	return p.mailsOf(chosen[:min(n, len(chosen))])
}

// mail logs one mail.
func (p *portal) mail(contact int) traffic { return p.mailsOf([]int{contact}) }

func (p *portal) mailsOf(contacts []int) traffic {
	t := traffic{events: len(contacts), want: map[string]string{}}
	for _, i := range contacts {
		id := p.ids[i]
		p.mu.Lock()
		incoming := p.shown[id] != "us"
		p.mu.Unlock()
		// What a stranger writes moves nothing but the ball: the sender has to be known as the contact.
		p.box.SetProperty(id, "email", "contact"+id+"@example.com")
		m := hubspot.Email{Incoming: incoming, Subject: "Re: Seats", Text: question, Thread: id}
		t.want[id] = "us"
		if !incoming {
			m.Text = answer
			t.want[id] = "them"
		}
		p.box.Email([]string{id}, m)
	}
	t.bodies = p.pack(p.box.Events(), 100)
	return t
}

// The texts, of ordinary length and with what stands below an ordinary mail.
var (
	question = "Hello Robin,\n\nthanks for the call on Tuesday. We talked about it in the team and have two points " +
		"left. Could you send us the price " +
		"for forty seats with the yearly plan, and does that include the migration of our old data?\n\nKind " +
		"regards\nSam Reed\nHead of Operations\n" +
		"Reed & Sons Ltd, 12 Mill Lane, Leeds\nTel. +44 113 496 0000\n\n" + quoted
	answer = "Hello Sam,\n\nthe yearly plan for forty seats comes to 9,600 a year, and the migration is part of it. " +
		"Would Thursday at 10:00 suit you " +
		"to go through the dates together?\n\nBest regards\nRobin Vale\nWinnow Example\n\n" + quoted
	quoted = "On Mon, 2 Mar 2026 at 09:12, Robin Vale <robin.vale@winnow.example> wrote:\n> " +
		strings.ReplaceAll(strings.Repeat(
			"Thank you for your interest in our product. You find the brochure below.\nLet me know if anything is "+
				"missing.\n", 6), "\n", "\n> ")
)

// replay makes the reads again, so many at a time, and throws the answers away.
func replay(ctx context.Context, url string, reads []recorded, readers int) (time.Duration, error) {
	if len(reads) == 0 {
		return 0, errors.New("nothing was read from the CRM")
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: readers}}
	defer client.CloseIdleConnections()
	began := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for _, rd := range reads {
		g.Go(func() error {
			req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+rd.path, bytes.NewReader(rd.body))
			if err != nil {
				return err
			}
			req.Header = rd.header
			resp, err := client.Do(req)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			if err == nil && resp.StatusCode/100 != 2 {
				err = fmt.Errorf("the sandbox answered %s with %s", rd.path, resp.Status)
			}
			return errors.Join(err, resp.Body.Close())
		})
	}
	err := g.Wait()
	return time.Since(began), err
}
