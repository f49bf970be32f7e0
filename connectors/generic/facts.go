package generic

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/people"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/text"
)

// factOf is what a record says, without whom it concerns.
func (c *records) factOf(ctx context.Context, r *record, circle *relate.Circle) (crm.Fact, error) {
	switch of := r.of; {
	case of.Message != nil:
		return c.message(ctx, r, circle)
	case of.Call != nil:
		return r.call(of.Call), nil
	case of.Meeting != nil:
		return r.meeting(of.Meeting), nil
	case of.Task != nil:
		t := crm.Task{Due: r.at("task.due", of.Task.Due), Done: r.since("task.done", of.Task.Done)}
		return r.stamped(crm.Fact{Kind: crm.KindTask, Task: &t}), nil
	case of.Deal != nil:
		return r.deal(of.Deal), nil
	case of.Quote != nil:
		return c.quote(r, of.Quote), nil
	}
	return r.stamped(crm.Fact{Kind: crm.KindNote}), nil
}

var channels = map[string]crm.Channel{
	"":      crm.Email,
	"email": crm.Email,
	"chat":  crm.Chat,
	"form":  crm.Form,
	"sms":   crm.SMS,
}

// message is a mail, or another message.
func (c *records) message(ctx context.Context, r *record, circle *relate.Circle) (crm.Fact, error) {
	of := r.of.Message
	mail := relate.Mail{To: r.addresses("message.to", of.To), Copy: r.addresses("message.copy", of.Copy)}
	if from := r.addresses("message.from", of.From); len(from) > 0 {
		mail.From = from[0]
	}
	sender, err := c.sender(ctx, r, circle, mail)
	if err != nil {
		return crm.Fact{}, err
	}
	m := crm.Message{
		Channel: channels[of.Channel], Thread: r.text("message.thread", of.Thread),
		Failed:    r.is("message.failed", of.Failed),
		Direction: r.direction("message.direction", of.Direction, sender),
	}
	at := r.at("message.at", of.At)
	if at == 0 {
		at = r.created
	}
	at = relate.Happened(m.Direction, at, r.created)
	if at == 0 {
		at = crm.Millis(r.version())
	}
	c.read(r, of, &m, mail.From, at, circle)
	return r.stamped(crm.Fact{Kind: crm.KindMessage, At: at, Message: &m}), nil
}

// sender says whose a message is, where it is asked for.
func (c *records) sender(
	ctx context.Context,
	r *record,
	circle *relate.Circle,
	mail relate.Mail,
) (people.Sender, error) {
	if r.alone {
		return people.Unnamed, nil
	}
	staff, err := c.staff(ctx)
	if err != nil {
		return people.Unnamed, err
	}
	if err := circle.Mails(ctx, staff, map[string]relate.Mail{r.id: mail}); err != nil {
		return people.Unnamed, err
	}
	if err := circle.Recall(ctx); err != nil {
		return people.Unnamed, err
	}
	sender, _ := circle.Sender(r.id)
	return sender, nil
}

// maxLinks bounds what is kept of one mail: a quote's link stands among the first.
const maxLinks = 20

// read puts the features of the words into a message, and none of the words.
func (c *records) read(
	r *record,
	of *mapping.Message,
	m *crm.Message,
	from string,
	at crm.Millis,
	circle *relate.Circle,
) {
	in := text.Input{
		Direction: m.Direction, Subject: r.text("message.subject", of.Subject), Body: r.text("message.text", of.Text),
		HTML: r.text(
			"message.html",
			of.HTML,
		), From: from, At: at.Time(), Header: rawHeaders(r.first("message.headers", of.Headers)),
	}
	m.Text = crm.Text{Unread: true}
	if strings.TrimSpace(in.Subject+in.Body+in.HTML) != "" {
		if m.Direction != crm.Out {
			in.Ours = circle.Ours(r.id, at)
		}
		m.Text = c.text().Read(in)
	}
	m.Mass = r.is("message.mass", of.Mass)
	if m.Direction != crm.Out {
		return
	}
	m.Mass = m.Mass || m.Text.Class == crm.Bulk
	links := c.text().LinkHashes(in.Body, in.HTML, text.OnHosts(c.cfg.LinkHosts))
	m.Links, m.Lines = links[:min(len(links), maxLinks)], c.text().Lines(in.Body, in.HTML)
	for _, f := range r.all("message.files", of.Files) {
		if name := jq.Text(f); name != "" && len(m.Files) < maxLinks {
			m.Files = append(m.Files, c.text().LinkHash("file:"+name))
		}
	}
}

// rawHeaders are those headers of a mail by which machines show themselves.
func rawHeaders(v any) map[string][]string {
	m, _ := v.(map[string]any)
	out := map[string][]string{}
	for name, value := range m {
		name = strings.ToLower(name)
		if s := jq.Text(value); s != "" && text.Telling(name) && len(s) < 4096 {
			out[name] = []string{s}
		}
	}
	return out
}

// addresses are those that an expression names, each a text or a list in one.
func (r *record) addresses(key string, e mapping.Expr) []string {
	var out []string
	for _, v := range r.all(key, e) {
		out = append(out, people.Addresses(jq.Text(v))...)
	}
	return out
}

// direction is which way something went: by the CRM's word, and by who sent it where it has none. What a colleague
// wrote is ours, however it was logged.
func (r *record) direction(key string, e mapping.Expr, sender people.Sender) crm.Direction {
	var d crm.Direction
	r.word(key, e, &d)
	switch {
	case sender == people.Ours:
		return crm.Out
	case d == 0 && sender != people.Unnamed:
		return crm.In
	}
	return d
}

// word reads one of a few words; what is empty leaves v as it is.
func (r *record) word(key string, e mapping.Expr, v interface{ UnmarshalText([]byte) error }) {
	word := r.text(key, e)
	if word == "" {
		return
	}
	if err := v.UnmarshalText([]byte(word)); err != nil && r.err == nil {
		r.err = fmt.Errorf("records.%s.%s: the value is none of the words that it may be", r.typ, key)
	}
}

func (r *record) call(of *mapping.Call) crm.Fact {
	call := crm.Call{
		Direction: r.direction("call.direction", of.Direction, people.Unnamed),
		Seconds:   int(r.number("call.seconds", of.Seconds)),
	}
	call.Seconds = max(0, min(call.Seconds, 86400))
	r.word("call.outcome", of.Outcome, &call.Outcome)
	if call.Outcome == 0 && call.Seconds > 0 {
		call.Outcome = crm.Connected
	}
	at := r.at("call.at", of.At)
	if at == 0 {
		at = r.created
	}
	return r.stamped(crm.Fact{Kind: crm.KindCall, At: relate.Happened(call.Direction, at, r.created), Call: &call})
}

func (r *record) meeting(of *mapping.Meeting) crm.Fact {
	m := crm.Meeting{Start: r.at("meeting.start", of.Start), End: r.at("meeting.end", of.End)}
	r.word("meeting.state", of.State, &m.State)
	r.word("meeting.by", of.By, &m.By)
	m.Moved = r.times("meeting.moved", r.all("meeting.moved", of.Moved))
	return r.stamped(crm.Fact{Kind: crm.KindMeeting, At: r.at("meeting.at", of.At), Meeting: &m})
}

// maxTimes bounds a list of times.
const maxTimes = 100

// times are instants, oldest first.
func (r *record) times(key string, list []any) (out []crm.Millis) {
	for _, v := range list[max(0, len(list)-maxTimes):] {
		if at := r.instant(key, v); at != 0 {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (r *record) deal(of *mapping.Deal) crm.Fact {
	d := crm.Deal{
		Stage: r.text("deal.stage", of.Stage), Amount: crm.Minor(r.number("deal.amount", of.Amount)),
		NextStep: r.is("deal.next_step", of.NextStep), Contract: r.is("deal.contract", of.Contract),
	}
	for _, v := range r.all("deal.moves", of.Moves) {
		m, _ := v.(map[string]any)
		move := crm.StageMove{At: r.instant("deal.moves", m["at"]), Stage: jq.Text(m["stage"])}
		if p, ok := jq.Number(m["probability"]); ok {
			move.Probability = int(math.Round(min(max(p, 0), 100)))
		}
		if n := len(d.Moves); move.At != 0 && (n == 0 || d.Moves[n-1].Stage != move.Stage) && n < maxTimes {
			d.Moves = append(d.Moves, move)
		}
	}
	d.Won, d.Lost = r.ended("deal.won", of.Won, d.Moves), r.ended("deal.lost", of.Lost, d.Moves)
	return r.stamped(crm.Fact{Kind: crm.KindDeal, Deal: &d})
}

// ended is when a deal ended: where true says no more than that it did, with its last move.
func (r *record) ended(key string, e mapping.Expr, moves []crm.StageMove) crm.Millis {
	v := r.first(key, e)
	switch n := len(moves); {
	case v != true:
		return r.instant(key, v)
	case n > 0:
		return moves[n-1].At
	}
	return crm.Millis(r.version())
}

func (c *records) quote(r *record, of *mapping.Quote) crm.Fact {
	q := crm.Quote{
		Amount: crm.Minor(
			r.number("quote.amount", of.Amount),
		), Discount: max(0, crm.Minor(r.number("quote.discount", of.Discount))),
		Accepted: r.since("quote.accepted", of.Accepted), Expires: r.at("quote.expires", of.Expires),
	}
	switch sent := r.all("quote.sent", of.Sent); {
	case len(sent) == 1 && sent[0] == true:
		q.Sent = []crm.Millis{crm.Millis(r.version())}
	case len(sent) > 0 && sent[0] != false:
		q.Sent = r.times("quote.sent", sent)
	}
	q.Key = content(r.all("quote.lines", of.Lines), q.Amount).Key(c.opt.Salt)
	if link := r.text("quote.link", of.Link); link != "" {
		q.Link = c.text().LinkHash(link)
	}
	if margin, ok := jq.Number(r.first("quote.margin", of.Margin)); ok {
		q.Margin = crm.MarginOf(margin)
	}
	return r.stamped(crm.Fact{Kind: crm.KindQuote, Quote: &q})
}

// content is what makes two quotes the same one. A line is what the mapping gives of it, a value for each key.
func content(lines []any, amount int64) crm.Content {
	c := crm.Content{Total: amount}
	for _, l := range lines {
		var line []string
		if m, ok := l.(map[string]any); ok {
			for _, key := range sortedKeys(m) {
				line = append(line, key, jq.Text(m[key]))
			}
		} else {
			line = []string{jq.Text(l)}
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}
