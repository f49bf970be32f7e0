package hubspot

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// stages are the standard sales pipeline with the probability of each stage. Source: HubSpot documentation,
// "Pipelines".
var stages = []struct {
	id, label   string
	probability string
}{
	{"appointmentscheduled", "Appointment Scheduled", "0.2"},
	{"qualifiedtobuy", "Qualified To Buy", "0.4"},
	{"presentationscheduled", "Presentation Scheduled", "0.6"},
	{"decisionmakerboughtin", "Decision Maker Bought-In", "0.8"},
	{"contractsent", "Contract Sent", "0.9"},
	{"closedwon", "Closed Won", "1.0"},
	{"closedlost", "Closed Lost", "0.0"},
}

// Deal is an opportunity.
type Deal struct {
	Name     string
	Stage    string // default appointmentscheduled
	Amount   float64
	NextStep string
	CloseOn  time.Time
}

// Deal opens a deal with contacts.
func (s *Sandbox) Deal(contactIDs []string, d Deal) (id string) {
	props := map[string]string{
		"dealname": d.Name, "dealstage": cmp.Or(d.Stage, stages[0].id), "pipeline": "default",
		"hs_next_step": d.NextStep,
	}
	if d.Amount != 0 {
		props["amount"] = strconv.FormatFloat(d.Amount, 'f', -1, 64)
	}
	if !d.CloseOn.IsZero() {
		props["closedate"] = iso(d.CloseOn.UnixMilli())
	}
	return s.create(deals, props, refs("contacts", contactIDs)...)
}

// SetStage moves a deal to another stage.
func (s *Sandbox) SetStage(id, stage string) {
	s.Set("deals", id, map[string]string{"dealstage": stage})
}

func (s *Sandbox) deriveDeal(r *record, src *source) {
	stage := s.value(r, "dealstage")
	for _, st := range stages {
		if st.id == stage {
			s.put(r, "hs_deal_stage_probability", st.probability, src)
		}
	}
	closed := stage == "closedwon" || stage == "closedlost"
	s.put(r, "hs_is_closed", strconv.FormatBool(closed), src)
	s.put(r, "hs_is_closed_won", strconv.FormatBool(stage == "closedwon"), src)
	if closed && s.value(r, "closedate") == "" {
		s.put(r, "closedate", iso(s.now()), src)
	}
}

// Quote is an offer with its lines.
type Quote struct {
	Title   string
	Number  string
	Lines   []Line
	Expires time.Time
	Deals   []string
}

// Line is one line of a quote.
type Line struct {
	Name            string
	Quantity, Price float64
	Discount        float64 // off the price of one
}

// Quote drafts a quote for contacts.
func (s *Sandbox) Quote(contactIDs []string, q Quote) (id string) {
	with := append(refs("contacts", contactIDs), refs("deals", q.Deals)...)
	total := 0.0
	for _, l := range q.Lines {
		total += l.Quantity * (l.Price - l.Discount)
		item := s.create(lineItems, map[string]string{
			"name": l.Name, "quantity": number(l.Quantity), "price": number(l.Price), "discount": number(l.Discount),
		})
		with = append(with, Ref{"line_items", item})
	}
	props := map[string]string{
		"hs_title": q.Title, "hs_quote_number": q.Number, "hs_quote_amount": number(total), "hs_status": "DRAFT",
		"hs_language": "en",
		"hs_currency": "EUR",
	}
	if !q.Expires.IsZero() {
		props["hs_expiration_date"] = q.Expires.UTC().Format(time.DateOnly)
	}
	return s.create(quotes, props, with...)
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Publish makes a quote public and returns its link. A published quote goes back to a draft first, as HubSpot has it
// before anything can be changed, so that each publication leaves its mark in the history of hs_status.
func (s *Sandbox) Publish(id string) (link string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.must(quotes, id)
	s.fill(r, map[string]string{"hs_status": "DRAFT"})
	s.fill(r, map[string]string{"hs_status": "APPROVAL_NOT_NEEDED"})
	return s.value(r, "hs_quote_link")
}

// QuoteLink is the public address of a published quote.
func (s *Sandbox) QuoteLink(id string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.value(s.must(quotes, id), "hs_quote_link")
}

// AcceptQuote is the buyer's signature under a quote.
func (s *Sandbox) AcceptQuote(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.must(quotes, id)
	s.put(r, "hs_esign_num_signers_completed", "1", s.user)
	s.fill(r, map[string]string{
		"hs_esign_enabled": "true", "hs_esign_num_signers_required": "1", "hs_esign_date": iso(s.now()),
	})
}

func (s *Sandbox) deriveQuote(r *record, src *source) {
	status := s.value(r, "hs_status")
	public := status == "APPROVAL_NOT_NEEDED" || status == "APPROVED"
	s.put(r, "hs_locked", strconv.FormatBool(public), src)
	if public && s.value(r, "hs_quote_link") == "" {
		s.put(r, "hs_quote_link", fmt.Sprintf("https://app.hubspot.com/quotes/%x%d", r.id*2654435761, s.opt.PortalID),
			src)
	}
}
