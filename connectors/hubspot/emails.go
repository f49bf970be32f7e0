package hubspot

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/text"
)

// emails are mails as HubSpot logs them. Source: HubSpot docs, "Email engagements".
var emails = kind{
	properties: []string{
		"hs_timestamp", "hs_email_direction", "hs_email_status", "hs_email_subject", "hs_email_text", "hs_email_html", "hs_email_headers",
		"hs_email_from_email", "hs_email_thread_id", "hs_sequence_id", "hs_incoming_email_is_out_of_office",
	},
	sender: from,
	facts: func(ctx context.Context, c *Connector, os []*object) (map[string]crm.Fact, error) {
		people, err := c.people(ctx)
		if err != nil {
			return nil, err
		}
		senders, err := c.loggedOf(ctx, people, os)
		if err != nil {
			return nil, err
		}
		out := make(map[string]crm.Fact, len(os))
		for _, o := range os {
			if f := c.email(people, o, senders[string(o.ID)]); f != nil {
				out[string(o.ID)] = *f
			}
		}
		return out, nil
	},
}

// email is what one mail says; nil for one that has not gone out yet. logged is who sent it where it was logged as one of ours.
func (c *Connector) email(people staff, o *object, logged sender) *crm.Fact {
	m := crm.Message{Channel: crm.Email, Thread: o.get("hs_email_thread_id")}
	switch o.get("hs_email_status") {
	case "SCHEDULED", "SENDING", "DRAFT":
		return nil
	case "BOUNCED", "FAILED":
		m.Failed = true
	}
	from := from(o)
	switch o.get("hs_email_direction") {
	case "DRAFT_EMAIL", "SCHEDULED_EMAIL":
		return nil
	case "INCOMING_EMAIL": // a colleague's mail in a logged thread is one of ours
		m.Direction = crm.In
		if c.ours(people, from) {
			m.Direction = crm.Out
		}
	case "FORWARDED_EMAIL": // where the sender is who forwarded it, whose mail it was is not known: mostly it is theirs
		if !c.ours(people, from) {
			m.Direction = crm.In
		}
	case "EMAIL": // sent from the CRM, or logged there by its BCC address or by another program
		switch logged {
		case us:
			m.Direction = crm.Out
		case them:
			m.Direction = crm.In
		}
	}
	at := o.at("hs_timestamp")
	if at == 0 {
		at = o.created()
	}
	body, html, subject := o.get("hs_email_text"), o.get("hs_email_html"), o.get("hs_email_subject")
	m.Text = c.readText(text.Input{
		Direction: m.Direction, Subject: subject, Body: body, HTML: html, From: from, At: at.Time(), Header: headers(o.get("hs_email_headers")),
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

// sender is who sent a mail that was logged as one of ours.
type sender int

const (
	us     sender = iota
	them          // a contact of the mail
	beside        // somebody at the domain of one, who may be a colleague: nobody knows
)

// loggedOf finds who sent the mails that were logged as ours: other programs log what comes in that way too. Only mails are looked at
// whose sender is none of our people.
func (c *Connector) loggedOf(ctx context.Context, people staff, os []*object) (map[string]sender, error) {
	senders := map[string]string{}
	for _, o := range os {
		if address := bare(from(o)); o.get("hs_email_direction") == "EMAIL" && address != "" && !c.ours(people, address) {
			senders[string(o.ID)] = address
		}
	}
	if len(senders) == 0 {
		return nil, nil
	}
	contacts, err := c.associated(ctx, "emails", "contacts", sortedKeys(senders))
	if err != nil {
		return nil, err
	}
	owner, err := c.byAddress(ctx, values(contacts))
	if err != nil {
		return nil, err
	}
	domains := map[string]map[string]bool{} // by contact
	for address, contact := range owner {
		if domains[contact] == nil {
			domains[contact] = map[string]bool{}
		}
		domains[contact][domain(address)] = true
	}
	out := map[string]sender{}
	for record, address := range senders {
		switch {
		case slices.Contains(contacts[record], owner[address]):
			out[record] = them
		case slices.ContainsFunc(contacts[record], func(contact string) bool { return domains[contact][domain(address)] }):
			out[record] = beside
		}
	}
	return out, nil
}

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// from is the address that a mail came from. HubSpot works it out of the headers, where it may stand alone for a while.
func from(o *object) string {
	if address := o.get("hs_email_from_email"); address != "" {
		return address
	}
	return parties(o).From.Email
}

type party struct {
	Email string `json:"email"`
}

// envelope is whom a mail's headers name, as HubSpot keeps them. Source: HubSpot docs, "Email engagements", hs_email_headers.
type envelope struct {
	From party   `json:"from"`
	To   []party `json:"to"`
	CC   []party `json:"cc"`
	BCC  []party `json:"bcc"`
}

func parties(o *object) envelope {
	var e envelope
	if s := o.get("hs_email_headers"); len(s) <= 1<<20 {
		_ = json.Unmarshal([]byte(s), &e) // what cannot be read names nobody
	}
	return e
}

// inCopy finds, for mails of ours, the contacts who had no more than a copy: what was asked there was asked of somebody else.
func (c *Connector) inCopy(ctx context.Context, os []*object, facts map[string]crm.Fact, contacts map[string][]string) (map[string][]string, error) {
	copied := map[string]map[string]bool{} // by mail, the addresses that had a copy
	var all []string
	for _, o := range os {
		record, e := string(o.ID), parties(o)
		if m := facts[record].Message; m == nil || m.Direction != crm.Out || len(e.To) == 0 {
			continue
		}
		had := map[string]bool{}
		for _, p := range slices.Concat(e.CC, e.BCC) {
			had[bare(p.Email)] = true
		}
		for _, p := range e.To {
			delete(had, bare(p.Email))
		}
		if delete(had, ""); len(had) > 0 {
			copied[record] = had
			all = append(all, contacts[record]...)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	owner, err := c.byAddress(ctx, unique(all))
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for record, had := range copied {
		for address := range had {
			if contact := owner[address]; slices.Contains(contacts[record], contact) {
				out[record] = append(out[record], contact)
			}
		}
	}
	return out, nil
}

// toAnother is a mail of ours as it concerns one who had a copy of it: nothing is asked of them, and it is no attempt to reach them.
func toAnother(m crm.Message) *crm.Message {
	m.Copied, m.Text.Asks, m.Links = true, 0, nil
	m.Text.Intents &^= crm.Asks | crm.AsksYesNo | crm.ProposesTime | crm.CarriesQuote
	return &m
}

// readText reduces a text to its features. A text that is blank throughout was withheld: the token lacks the scope for it.
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
	hashes := c.text().LinkHashes(body, html, c.mayBeQuote)
	return hashes[:min(len(hashes), maxLinks)]
}

func (c *Connector) mayBeQuote(link string) bool {
	if len(c.cfg.LinkHosts) == 0 {
		return true
	}
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	for _, h := range c.cfg.LinkHosts {
		h = strings.ToLower(strings.TrimSpace(h))
		if h != "" && (host == h || strings.HasSuffix(host, "."+h)) {
			return true
		}
	}
	return false
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
		switch name {
		case "auto-submitted", "x-autoreply", "x-autorespond", "precedence", "return-path", "content-type", "list-unsubscribe", "list-id",
			"x-auto-response-suppress", "x-failed-recipients":
		default:
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
		at := o.at("hs_timestamp")
		if at == 0 {
			at = o.created()
		}
		m := crm.Message{Channel: crm.SMS}
		m.Text = c.readText(text.Input{HTML: o.get("hs_communication_body"), At: at.Time()})
		return &crm.Fact{Version: o.changed(), Kind: crm.KindMessage, At: at, Message: &m}
	}),
}

// calls are telephone calls. Source: HubSpot docs, "Calls".
var calls = kind{
	properties: []string{"hs_timestamp", "hs_call_direction", "hs_call_status", "hs_call_disposition", "hs_call_duration"},
	facts:      each((*Connector).call),
}

// call is what one call says; nil while it is not over.
func (c *Connector) call(o *object) *crm.Fact {
	at := o.at("hs_timestamp")
	if at == 0 {
		at = o.created()
	}
	var call crm.Call
	switch o.get("hs_call_direction") {
	case "INBOUND":
		call.Direction = crm.In
	case "OUTBOUND":
		call.Direction = crm.Out
	}
	if ms := number(o.get("hs_call_duration")); ms > 0 {
		call.Seconds = int((time.Duration(ms) * time.Millisecond).Seconds())
	}
	disposition := strings.ToLower(o.get("hs_call_disposition"))
	switch {
	case c.outcomes[disposition] != 0:
		call.Outcome = c.outcomes[disposition]
	case dispositions[disposition] != 0:
		call.Outcome = dispositions[disposition]
	default:
		switch o.get("hs_call_status") {
		case "COMPLETED":
			call.Outcome = crm.Connected
		case "NO_ANSWER", "BUSY", "MISSED":
			call.Outcome = crm.NoAnswer
		case "CANCELED", "FAILED":
			call.Outcome = crm.CallOff
		case "QUEUED", "RINGING", "CONNECTING", "CALLING_CRM_USER", "IN_PROGRESS":
			return nil
		}
	}
	return &crm.Fact{Version: o.changed(), Kind: crm.KindCall, At: at, Call: &call}
}
