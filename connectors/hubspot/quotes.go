package hubspot

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// quotes are offers. A quote that is published cannot be edited before it is taken back, so the history of its status
// counts how often it was sent out. Source: HubSpot docs, "Quotes", and knowledge base, "HubSpot's quote properties".
var quotes = kind{
	properties: []string{
		"hs_title", "hs_status", "hs_quote_amount", "hs_quote_link", "hs_expiration_date", "hs_terms",
		"hs_accepted_date", "hs_esign_date", "hs_sign_status", "hs_payment_status", "hs_payment_date",
	},
	histories: []string{"hs_status"},
	viaDeals:  true,
	facts: func(ctx context.Context, c *Connector, os []*object, _ *relate.Circle) (map[string]crm.Fact, error) {
		lines, err := c.lineItems(ctx, os)
		if err != nil {
			return nil, err
		}
		out := make(map[string]crm.Fact, len(os))
		for _, o := range os {
			out[string(o.ID)] = *c.quote(o, lines[string(o.ID)])
		}
		return out, nil
	},
}

// inside are the states in which a quote is still among ourselves. In any other a buyer can see it: HubSpot adds states
// to its newer kind of quotes, and each is a step of one that is out.
var inside = map[string]bool{
	"": true, "DRAFT": true, "MINIMAL_DRAFT": true, "PENDING_APPROVAL": true, "APPROVAL_PENDING": true,
	"REJECTED": true, "ARCHIVED": true, "DELETED": true,
}

// published reports whether a buyer can see a quote in a state.
func published(state string) bool { return !inside[strings.ToUpper(state)] }

func (c *Connector) quote(o *object, lines []*object) *crm.Fact {
	q := crm.Quote{
		Amount: minor(o.get("hs_quote_amount")), Expires: o.at("hs_expiration_date"),
		Key: content(o, lines).Key(c.opt.Salt),
	}
	if link := o.get("hs_quote_link"); link != "" {
		q.Link = c.text().LinkHash(link)
	}
	was := false
	for _, h := range o.changes("hs_status") {
		is := published(h.value())
		if is && !was && h.at() != 0 {
			q.Sent = append(q.Sent, h.at())
		}
		was = is
	}
	if len(q.Sent) == 0 && published(o.get("hs_status")) {
		q.Sent = []crm.Millis{crm.Millis(o.changed())}
	}
	q.Accepted = accepted(o)
	for _, l := range lines {
		q.Discount += lineDiscount(l)
	}
	if p := c.cfg.MarginProperty; p != "" {
		if v, err := strconv.ParseFloat(o.get(p), 64); err == nil {
			q.Margin = crm.MarginOf(v)
		}
	}
	return &crm.Fact{Version: o.changed(), Kind: crm.KindQuote, At: o.created(), Quote: &q}
}

// accepted is when the buyer agreed: accepted, signed or paid, whichever came first.
func accepted(o *object) crm.Millis {
	var first crm.Millis
	take := func(at crm.Millis) {
		if at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	take(o.at("hs_accepted_date"))
	take(o.at("hs_esign_date"))
	if o.get("hs_payment_status") == "PAID" {
		take(o.at("hs_payment_date"))
	}
	if first == 0 && (o.get("hs_status") == "ACCEPTED" || o.get("hs_sign_status") == "ESIGN_COMPLETED" ||
		o.get("hs_payment_status") == "PAID") {
		for _, h := range o.changes("hs_status") {
			if h.value() == "ACCEPTED" {
				take(h.at())
			}
		}
		if first == 0 {
			first = crm.Millis(o.changed())
		}
	}
	return first
}

// lineProperties are what makes the content of a quote.
var lineProperties = []string{
	"hs_product_id", "name", "quantity", "price", "amount", "discount", "hs_discount_percentage", "hs_total_discount",
	"recurringbillingfrequency", "hs_recurring_billing_period",
}

// lineItems reads the lines of quotes. A token without the scope for them leaves quotes to be told apart by total and
// title.
func (c *Connector) lineItems(ctx context.Context, os []*object) (map[string][]*object, error) {
	if denied, _ := c.noLines.peek(c.now()); denied {
		return nil, nil
	}
	var ids []string
	for _, o := range os {
		ids = append(ids, string(o.ID))
	}
	of, err := c.associated(ctx, "quotes", "line_items", ids)
	if err == nil {
		var items []*object
		if items, err = c.read(ctx, "line_items", values(of), lineProperties, nil); err == nil {
			byID := map[string]*object{}
			for _, i := range items {
				byID[string(i.ID)] = i
			}
			out := map[string][]*object{}
			for quote, ls := range of {
				for _, l := range ls {
					if i := byID[l]; i != nil {
						out[quote] = append(out[quote], i)
					}
				}
			}
			return out, nil
		}
	}
	if connectors.KindOf(err) == connectors.Unauthenticated {
		// The quotes themselves were read with the same token, so it is the scope that is missing.
		c.noLines.put(true, c.now().Add(time.Hour))
		return nil, nil
	}
	return nil, err
}

// content is what makes quotes of the same content the same one.
func content(o *object, lines []*object) crm.Content {
	c := crm.Content{Title: o.get("hs_title"), Terms: o.get("hs_terms"), Total: minor(o.get("hs_quote_amount"))}
	for _, l := range lines {
		var line []string
		for _, p := range lineProperties {
			line = append(line, l.get(p))
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}

// lineDiscount is what was taken off a line, in hundredths.
func lineDiscount(l *object) int64 {
	if d := minor(l.get("hs_total_discount")); d > 0 {
		return d
	}
	price, quantity, amount := minor(l.get("price")), l.get("quantity"), minor(l.get("amount"))
	q, err := strconv.ParseFloat(quantity, 64)
	if err != nil || q <= 0 || q > 1e9 || amount <= 0 || l.get("amount") == "" {
		return 0
	}
	return max(0, int64(math.Round(float64(price)*q))-amount)
}
