package salesforce

import (
	"context"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/text"
)

// mailFields are those of mails. Source: Object Reference, EmailMessage.
var mailFields = []string{
	"Incoming", "Status", "Subject", "TextBody", "HtmlBody", "Headers", "FromAddress", "ToAddress", "CcAddress",
	"MessageDate", "IsBounced", "ThreadIdentifier",
}

// draft is the Status of a mail that has not been sent. Source: Object Reference, EmailMessage, Status.
const draft = "5"

func (c *records) mails(ctx context.Context, rs []record, circle *relate.Circle) (map[string]crm.Fact, error) {
	staff, err := c.people.staff(ctx)
	if err != nil {
		return nil, err
	}
	parties := make(map[string]relate.Mail, len(rs))
	for _, r := range rs {
		parties[r.id()] = relate.Mail{
			From: r.text("FromAddress"), To: people.Addresses(r.text("ToAddress")),
			Copy: people.Addresses(r.text("CcAddress")),
		}
	}
	if err := circle.Mails(ctx, staff, parties); err != nil {
		return nil, err
	}
	out := make(map[string]crm.Fact, len(rs))
	for _, r := range rs {
		if r.text("Status") != draft {
			sender, _ := circle.Sender(r.id())
			out[r.id()] = c.mail(r, sender)
		}
	}
	return out, nil
}

// mail is what one mail says.
func (c *records) mail(r record, sender people.Sender) crm.Fact {
	m := crm.Message{
		Channel: crm.Email, Thread: r.text("ThreadIdentifier"), Direction: crm.Out, Failed: r.is("IsBounced"),
	}
	if r.is("Incoming") && sender != people.Ours {
		m.Direction = crm.In
	}
	at := relate.Happened(m.Direction, r.at("MessageDate"), r.created())
	body, html, subject := r.text("TextBody"), r.text("HtmlBody"), r.text("Subject")
	m.Text = crm.Text{Unread: true}
	if strings.TrimSpace(body+html+subject) != "" {
		m.Text = c.text().Read(text.Input{
			Direction: m.Direction, Subject: subject, Body: body, HTML: html, From: r.text("FromAddress"),
			At:     at.Time(),
			Header: headers(r.text("Headers")),
		})
	}
	if m.Direction == crm.Out {
		m.Mass = m.Text.Class == crm.Bulk
		links := c.text().LinkHashes(body, html, text.OnHosts(c.cfg.LinkHosts))
		m.Links = links[:min(len(links), maxLinks)]
		m.Lines = c.text().Lines(body, html)
	}
	return c.fact(r, crm.Fact{Kind: crm.KindMessage, At: at, Message: &m})
}

// maxLinks bounds what is kept of one mail: a quote's link stands among the first.
const maxLinks = 20

// maxHeaders bounds the headers that are read, in bytes.
const maxHeaders = 64 << 10

// headers reads the lines of a mail's headers, of which those are taken by which machines show themselves.
func headers(s string) map[string][]string {
	out := map[string][]string{}
	if len(s) > maxHeaders {
		return nil
	}
	for line := range strings.Lines(s) {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.ToLower(strings.TrimSpace(name)); ok && text.Telling(name) {
			out[name] = append(out[name], strings.TrimSpace(value))
		}
	}
	return out
}
