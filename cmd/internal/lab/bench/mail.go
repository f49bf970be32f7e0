package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// mailReaders is how many requests the bare client has under way: more do not make the sandbox faster on two cores.
const mailReaders = 4

// mail measures new mails, which a webhook only names: each has to be fetched, with what it is associated with, and
// read.
func (r *run) mail(ctx context.Context) (err error) {
	p, err := newPortal(r.Contacts, "winnow_ball")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	dir := r.store()
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := r.seed(ctx, p, dir); err != nil {
		return err
	}
	c, err := r.start(ctx, winnow, dir, p.url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	n := max(int(aimOfMail*r.Duration.Seconds()), 100)
	row := MailRow{Mails: n, Contacts: r.Contacts}
	if _, err := r.flowRound(ctx, p, c, p.mails(min(n, 500)), ""); err != nil { // opens connections, does not count
		return err
	}
	for range r.Rounds {
		t := p.mails(n)
		p.record()
		a, err := r.flowRound(ctx, p, c, t, "mail")
		reads := p.recorded()
		if err != nil {
			return err
		}
		b, err := replay(ctx, p.url, reads, mailReaders)
		if err != nil {
			return err
		}
		row.Winnow, row.Limit = append(row.Winnow, a), append(row.Limit, Round{PerSecond: float64(n) / b.Seconds()})
		row.Reads = float64(len(reads)) / float64(n)
	}
	r.report.Mail = append(r.report.Mail, row)
	r.Progress("mail: %s mails/s, the sandbox's own limit %s", numbers(rates(row.Winnow)), numbers(rates(row.Limit)))
	return nil
}

// mails logs n mails, each with another contact: by turns a question of theirs, after which the next move is ours, and
// our answer with a question, after which it is theirs. So each changes what the CRM shows.
func (p *portal) mails(n int) traffic {
	t := traffic{events: min(n, len(p.ids)), want: map[string]string{}}
	for len(t.want) < t.events {
		id := p.ids[p.rand.IntN(len(p.ids))]
		if _, ok := t.want[id]; ok {
			continue
		}
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
