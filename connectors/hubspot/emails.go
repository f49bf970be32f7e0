package hubspot

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/text"
)

// emails are mails as HubSpot logs them. Source: HubSpot docs, "Email engagements".
var emails = kind{
	properties: []string{
		"hs_timestamp", "hs_email_direction", "hs_email_status", "hs_email_subject", "hs_email_text", "hs_email_html",
		"hs_email_headers", "hs_email_from_email", "hs_email_thread_id", "hs_sequence_id",
		"hs_incoming_email_is_out_of_office",
	},
	facts: func(ctx context.Context, c *Connector, os []*object, circle *relate.Circle) (map[string]crm.Fact, error) {
		staff, err := c.staff(ctx)
		if err != nil {
			return nil, err
		}
		mails := make(map[string]relate.Mail, len(os))
		for _, o := range os {
			mails[string(o.ID)] = parties(o)
		}
		if err := circle.Mails(ctx, staff, mails); err != nil {
			return nil, err
		}
		if err := circle.Recall(ctx); err != nil {
			return nil, c.fail("fetch", connectors.Unavailable, err)
		}
		out := make(map[string]crm.Fact, len(os))
		for _, o := range slices.SortedFunc(slices.Values(os), byTime) {
			if f := c.email(o, mails[string(o.ID)], circle); f != nil {
				out[string(o.ID)] = *f
			}
		}
		return out, nil
	},
}

func byTime(a, b *object) int { return cmp.Compare(a.at("hs_timestamp"), b.at("hs_timestamp")) }

// email is what one mail says; nil for one that has not gone out yet.
func (c *Connector) email(o *object, mail relate.Mail, circle *relate.Circle) *crm.Fact {
	m := crm.Message{Channel: crm.Email, Thread: o.get("hs_email_thread_id")}
	switch o.get("hs_email_status") {
	case "SCHEDULED", "SENDING", "DRAFT":
		return nil
	case "BOUNCED", "FAILED":
		m.Failed = true
	}
	switch o.get("hs_email_direction") {
	case "DRAFT_EMAIL", "SCHEDULED_EMAIL":
		return nil
	}
	sender, _ := circle.Sender(string(o.ID))
	m.Direction = direction(o.get("hs_email_direction"), sender)
	at := relate.Happened(m.Direction, o.at("hs_timestamp"), o.created())
	body, html, subject := o.get("hs_email_text"), o.get("hs_email_html"), o.get("hs_email_subject")
	c.readMessage(&m, circle, string(o.ID), text.Input{
		Subject: subject, Body: body, HTML: html, From: mail.From, At: at.Time(),
		Header:    headers(o.get("hs_email_headers")),
		Forwarded: o.get("hs_email_direction") == "FORWARDED_EMAIL",
	})
	if m.Text.Class == crm.Human && o.get("hs_incoming_email_is_out_of_office") == "true" {
		m.Text.Class = crm.OutOfOffice
	}
	if m.Direction == crm.Out {
		m.Mass = o.get("hs_sequence_id") != "" || m.Text.Class == crm.Bulk
		m.Links = c.links(body, html)
	}
	return &crm.Fact{Version: o.changed(), Kind: crm.KindMessage, At: at, Message: &m}
}

// direction is which way a mail went, by how it was logged and by who sent it: other programs log what comes in as if
// we had sent it, and a colleague's mail in a logged thread is one of ours.
func direction(logged string, sender people.Sender) crm.Direction {
	ours := sender == people.Ours
	switch logged {
	case "INCOMING_EMAIL":
		if ours {
			return crm.Out
		}
		return crm.In
	case "FORWARDED_EMAIL": // where the sender is who forwarded it, whose mail it was is not known: mostly it is theirs
		if !ours {
			return crm.In
		}
	case "EMAIL": // sent from the CRM, or logged there by its BCC address or by another program
		if sender == people.Theirs || sender == people.Colleague {
			return crm.In
		}
		return crm.Out
	}
	return 0
}

// parties are whom a mail names. HubSpot works the sender out of the headers, where it may stand alone for a while.
// Source: HubSpot docs, "Email engagements", hs_email_headers.
func parties(o *object) relate.Mail {
	type party struct {
		Email string `json:"email"`
	}
	var e struct {
		From party   `json:"from"`
		To   []party `json:"to"`
		CC   []party `json:"cc"`
		BCC  []party `json:"bcc"`
	}
	if s := o.get("hs_email_headers"); len(s) <= 1<<20 {
		_ = json.Unmarshal([]byte(s), &e) // what cannot be read names nobody
	}
	m := relate.Mail{From: cmp.Or(o.get("hs_email_from_email"), e.From.Email)}
	for _, p := range e.To {
		m.To = append(m.To, p.Email)
	}
	for _, p := range slices.Concat(e.CC, e.BCC) {
		m.Copy = append(m.Copy, p.Email)
	}
	return m
}

// readMessage reads the text of a message that a record holds. What we wrote before is not theirs in a reply.
func (c *Connector) readMessage(m *crm.Message, circle *relate.Circle, record string, in text.Input) {
	at := crm.At(in.At)
	if in.Direction = m.Direction; m.Direction == crm.In {
		in.Ours = circle.Ours(record, at)
	}
	if m.Text = c.readText(in); m.Direction == crm.Out {
		m.Lines = c.text().Lines(in.Body, in.HTML)
		circle.Wrote(record, crm.Wrote{At: at, Lines: m.Lines})
	}
}

// readText reduces a text to its features. A text that is blank throughout was withheld: the token lacks the scope for
// it.
func (c *Connector) readText(in text.Input) crm.Text {
	if strings.TrimSpace(in.Body) == "" && strings.TrimSpace(in.HTML) == "" && strings.TrimSpace(in.Subject) == "" {
		return crm.Text{Unread: true}
	}
	return c.text().Read(in)
}

// maxLinks bounds what is kept of one mail: a quote's link stands among the first.
const maxLinks = 20

// links are the hashes of a mail's links that may be quotes.
func (c *Connector) links(body, html string) []uint64 {
	hashes := c.text().LinkHashes(body, html, text.OnHosts(c.cfg.LinkHosts))
	return hashes[:min(len(hashes), maxLinks)]
}

// headers reads what HubSpot keeps of a mail's headers: a JSON object, mostly of sender and recipients, sometimes with
// the raw ones. Only those by which machines show themselves are taken.
func headers(s string) map[string][]string {
	if s == "" || len(s) > 1<<20 {
		return nil
	}
	var raw map[string]json.RawMessage
	if json.Unmarshal([]byte(s), &raw) != nil {
		return nil
	}
	var nested map[string]json.RawMessage
	if json.Unmarshal(raw["headers"], &nested) == nil {
		for k, v := range nested {
			raw[k] = v
		}
	}
	out := map[string][]string{}
	for k, v := range raw {
		name := strings.ToLower(k)
		if !text.Telling(name) {
			continue
		}
		var value string
		var values []string
		if json.Unmarshal(v, &value) == nil {
			out[name] = []string{value}
		} else if json.Unmarshal(v, &values) == nil {
			out[name] = values
		}
	}
	return out
}

// communications are text messages and messengers' messages that were logged. HubSpot does not say who sent one, so its
// direction stays unknown. Source: HubSpot docs, "Communications".
var communications = kind{
	properties: []string{"hs_timestamp", "hs_communication_channel_type", "hs_communication_body"},
	facts: each(func(c *Connector, o *object) *crm.Fact {
		at := relate.Happened(0, o.at("hs_timestamp"), o.created())
		m := crm.Message{Channel: crm.SMS}
		m.Text = c.readText(text.Input{HTML: o.get("hs_communication_body"), At: at.Time()})
		return &crm.Fact{Version: o.changed(), Kind: crm.KindMessage, At: at, Message: &m}
	}),
}
