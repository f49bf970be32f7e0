package salesforce

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
)

// The fields of opportunities and quotes. Source: Object Reference, Opportunity, OpportunityHistory, Quote,
// QuoteLineItem, QuoteHistory.
var (
	dealFields  = []string{"StageName", "Amount", "IsClosed", "IsWon", "NextStep", "CloseDate"}
	moveFields  = []string{"Id", "OpportunityId", "StageName", "Probability", "CreatedDate"}
	quoteFields = []string{"OpportunityId", "ContactId", "Name", "Status", "ExpirationDate", "GrandTotal", "Discount"}
	lineFields  = []string{"Id", "QuoteId", "Description", "Quantity", "UnitPrice", "Discount", "TotalPrice"}
	stateFields = []string{"Id", "QuoteId", "Field", "OldValue", "NewValue", "CreatedDate"}
)

// deals are opportunities, with the stages that they went through.
func (c *records) deals(ctx context.Context, rs []record, _ *relate.Circle) (map[string]crm.Fact, error) {
	history, err := c.optional("OpportunityHistory", func() ([]record, error) {
		return c.selectIn(ctx, "OpportunityHistory", moveFields, "OpportunityId", idsOf(rs),
			" ORDER BY CreatedDate, Id")
	})
	if err != nil {
		return nil, err
	}
	moves := map[string][]crm.StageMove{}
	for _, h := range history {
		of := full(h.text("OpportunityId"))
		if n := len(moves[of]); n > 0 && moves[of][n-1].Stage == h.text("StageName") {
			continue // another amount or date
		}
		moves[of] = append(moves[of], crm.StageMove{
			At: h.created(), Stage: h.text("StageName"), Probability: int(math.Round(h.number("Probability"))),
		})
	}
	out := make(map[string]crm.Fact, len(rs))
	for _, r := range rs {
		d := crm.Deal{
			Stage: r.text("StageName"), Moves: moves[r.id()], Amount: crm.Minor(r.number("Amount")),
			NextStep: strings.TrimSpace(r.text("NextStep")) != "", Contract: set(r.field(c.cfg.ContractField)),
		}
		closed := crm.Millis(r.changed())
		if n := len(d.Moves); n > 0 { // the close date is what people expect or set
			closed = d.Moves[n-1].At
		}
		switch {
		case r.is("IsWon"):
			d.Won = closed
		case r.is("IsClosed"):
			d.Lost = closed
		}
		out[r.id()] = c.fact(r, crm.Fact{Kind: crm.KindDeal, At: r.created(), Deal: &d})
	}
	return out, nil
}

// set reports whether a field has a value that is no no.
func set(v any) bool { return v != nil && v != false && v != "" && v != 0.0 }

// quotes are offers with their lines, and when they were sent: each time that the status came to one that the buyer has
// got.
func (c *records) quotes(ctx context.Context, rs []record, _ *relate.Circle) (map[string]crm.Fact, error) {
	lines, err := c.optional("QuoteLineItem", func() ([]record, error) {
		return c.selectIn(ctx, "QuoteLineItem", lineFields, "QuoteId", idsOf(rs))
	})
	if err != nil {
		return nil, err
	}
	states, err := c.optional("QuoteHistory", func() ([]record, error) {
		return c.selectIn(ctx, "QuoteHistory", stateFields, "QuoteId", idsOf(rs), " ORDER BY CreatedDate, Id")
	})
	if err != nil {
		return nil, err
	}
	linesOf, statesOf := by(lines, "QuoteId"), by(states, "QuoteId")
	out := make(map[string]crm.Fact, len(rs))
	for _, r := range rs {
		q := crm.Quote{
			Amount: crm.Minor(r.number("GrandTotal")), Expires: r.at("ExpirationDate"),
			Key:  content(r, linesOf[r.id()]).Key(c.opt.Salt),
			Sent: c.sent(r, statesOf[r.id()]), Accepted: accepted(r, statesOf[r.id()]),
			Discount: discount(linesOf[r.id()]),
		}
		if f := c.cfg.MarginField; f != "" && r.field(f) != nil {
			q.Margin = crm.MarginOf(r.number(f))
		}
		out[r.id()] = c.fact(r, crm.Fact{Kind: crm.KindQuote, At: r.created(), Quote: &q})
	}
	return out, nil
}

// sent are the times at which a quote came to the buyer. Where the org keeps no history of the status, that is when it
// changed last.
func (c *records) sent(r record, states []record) (out []crm.Millis) {
	theirs := func(status string) bool { return slices.Contains(c.cfg.QuoteSent, status) }
	for _, s := range states {
		if s.text("Field") == "Status" && theirs(s.text("NewValue")) && !theirs(s.text("OldValue")) {
			out = append(out, s.created())
		}
	}
	if len(out) == 0 && theirs(r.text("Status")) {
		out = []crm.Millis{crm.Millis(r.changed())}
	}
	return out
}

func accepted(r record, states []record) crm.Millis {
	for _, s := range states {
		if s.text("Field") == "Status" && s.text("NewValue") == "Accepted" {
			return s.created()
		}
	}
	if r.text("Status") == "Accepted" {
		return crm.Millis(r.changed())
	}
	return 0
}

// content is what makes quotes of the same content the same one.
func content(r record, lines []record) crm.Content {
	c := crm.Content{Title: r.text("Name"), Total: crm.Minor(r.number("GrandTotal"))}
	for _, l := range lines {
		c.Lines = append(c.Lines, []string{
			l.text("Description"), l.text("Quantity"), l.text("UnitPrice"), l.text("Discount"), l.text("TotalPrice"),
		})
	}
	return c
}

// discount is what was taken off the lines, in hundredths.
func discount(lines []record) (sum int64) {
	for _, l := range lines {
		if full := l.number("Quantity") * l.number("UnitPrice"); full > l.number("TotalPrice") {
			sum += crm.Minor(full - l.number("TotalPrice"))
		}
	}
	return sum
}

// by sorts records by the id in one of their fields.
func by(rs []record, field string) map[string][]record {
	out := map[string][]record{}
	for _, r := range rs {
		out[full(r.text(field))] = append(out[full(r.text(field))], r)
	}
	return out
}

func idsOf(rs []record) []string {
	out := make([]string, len(rs))
	for i, r := range rs {
		out[i] = r.id()
	}
	return out
}
