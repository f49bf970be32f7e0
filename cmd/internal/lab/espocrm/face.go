package espocrm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Face is the server as every sandbox shows itself to a story. New people are leads, and become contacts when a deal is
// opened, as EspoCRM converts them; customers are contacts from the start.
type Face struct{ *Espo }

var _ world.Face = Face{}

// StartFace starts a server for stories.
func StartFace(w world.Options) (world.Face, error) {
	e, err := Start(Options{
		Now: w.Now, Sent: w.Sent,
		Listen: w.Listen, Key: w.Token, Secret: w.Secret, Live: w.Live, RetryWait: w.RetryWait, Transport: w.Transport,
		Fields: w.Fields,
	})
	if err != nil {
		return nil, err
	}
	f := Face{e}
	f.SetWebhookURL(w.WebhookURL)
	for i := range w.People {
		f.CreatePerson(
			world.Profile{First: "Lead", Last: strconv.Itoa(i + 1), Email: fmt.Sprintf("lead%d@seed.example", i+1)},
		)
	}
	return f, nil
}

// Vendor is EspoCRM's name among the sandboxes.
func (Face) Vendor() string { return "espocrm" }

// Title is EspoCRM's name.
func (Face) Title() string { return "EspoCRM" }

// Settings are the environment with which serve works against this server.
func (f Face) Settings(source string) []string {
	prefix := "WINNOW_" + strings.ToUpper(source) + "_"
	return []string{
		prefix + "MAPPING=espocrm", prefix + "API_URL=" + f.URL(), prefix + "TOKEN=" + f.opt.Key,
		prefix + "HOOK_SECRET=" + f.opt.Secret,
	}
}

// CreatePerson makes a lead, or of a customer a contact with an account.
func (f Face) CreatePerson(p world.Profile) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	values := map[string]any{
		"firstName": p.First, "lastName": p.Last, "emailAddress": p.Email, "title": p.Role, "addressCountry": p.Country,
		"assignedUserId": f.owner.id,
	}
	if p.Customer {
		values["accountId"] = f.insert("Account", f.owner, map[string]any{"name": p.Company, "type": "Customer"}).id
		return f.insert("Contact", f.owner, values).id
	}
	if p.Origin == world.Inbound {
		values["source"] = "Web Site"
	}
	values["accountName"], values["status"] = p.Company, "New"
	return f.insert("Lead", f.owner, values).id
}

// live is the record that a person lives on in, after conversions and merges. The caller holds mu.
func (f Face) live(id string) *record {
	for r := f.byID[id]; r != nil; {
		next := r.text("createdContactId")
		if into, ok := r.values["mergedInto"].(string); ok {
			next = into
		}
		if next == "" {
			return r
		}
		r = f.byID[next]
	}
	return nil
}

// who are the records of people that a story names.
func (f Face) who(ids []string) []*record {
	var rs []*record
	for _, id := range ids {
		r := f.live(id)
		if r == nil {
			panic(fmt.Sprintf("espocrm: no person %q", id))
		}
		rs = append(rs, r)
	}
	return rs
}

// Person returns a lead or contact.
func (f Face) Person(id string) (world.Person, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.live(id)
	if r == nil {
		return world.Person{}, false
	}
	account := f.byID[r.text("accountId")]
	p := world.Person{ID: r.id, Fields: map[string]string{}, Profile: world.Profile{
		First: r.text("firstName"), Last: r.text("lastName"), Email: r.text("emailAddress"), Role: r.text("title"),
		Country: r.text(
			"addressCountry",
		), Company: r.text("accountName"), Customer: account != nil && account.text("type") == "Customer",
	}}
	for name, v := range r.values {
		if stem, ours := stemOf(name); ours && v != false && v != "" {
			p.Fields[stem] = shownAs(v)
		}
	}
	return p, true
}

// stemOf is the stem of one of Winnow's fields: cWinnowMachineRating is machine_rating.
func stemOf(name string) (string, bool) {
	rest, ours := strings.CutPrefix(name, "cWinnow")
	var b strings.Builder
	for i, c := range rest {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String()), ours
}

// shownAs is a value as stories read it: instants in RFC 3339.
func shownAs(v any) string {
	s := fmt.Sprint(v)
	if t, err := time.Parse(time.DateTime, s); err == nil {
		return t.Format(time.RFC3339)
	}
	return s
}

// contact converts a lead.
func (f Face) contact(r *record) *record {
	if r.entity == "Lead" {
		return f.convert(r)
	}
	return r
}

// Become makes the account of a person a customer's.
func (f Face) Become(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.contact(f.who([]string{id})[0])
	f.update(f.found(r.text("accountId")), f.owner, map[string]any{"type": "Customer"})
	f.touch(r)
}

// touch saves a record as people do who changed something that is kept elsewhere.
func (f Face) touch(r *record) {
	r.changed, r.by = f.now(), f.owner
	f.queue(r, "update", map[string]any{"modifiedAt": stamp(r.changed)})
}

// OptOut marks a person's address.
func (f Face) OptOut(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.who([]string{id})[0]
	r.values["optedOut"] = true
	r.changed, r.by = f.now(), f.owner
	f.queue(r, "update", map[string]any{"emailAddressIsOptedOut": true, "modifiedAt": stamp(r.changed)})
}

// Merge joins two people of one kind; where one is a lead and the other a contact, the lead is converted first.
func (f Face) Merge(primary, other string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	rs := f.who([]string{primary, other})
	if rs[0].entity != rs[1].entity {
		rs[0], rs[1] = f.contact(rs[0]), f.contact(rs[1])
	}
	f.repoint(rs[1], rs[0])
	f.remove(rs[1], f.owner)
	rs[1].values["mergedInto"] = rs[0].id
	f.touch(rs[0])
	return rs[0].id
}

// Email logs a mail. Fetched or sent from another program, it is archived.
func (f Face) Email(people []string, m world.Email) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	whos := f.who(people)
	var theirs []string
	for _, r := range whos {
		theirs = append(theirs, r.text("emailAddress"))
	}
	from, to := f.owner.text("emailAddress"), strings.Join(theirs, ";")
	if m.Incoming {
		from, to = theirs[0], strings.Join(append(theirs[1:], from), ";")
	}
	values := map[string]any{
		"name": m.Subject, "from": from, "to": to, "bodyPlain": m.Text, "body": m.Text, "isHtml": false,
		"status":   "Archived",
		"dateSent": stamp(f.now()),
	}
	hang(values, whos[0], m.Deals)
	return f.insert("Email", f.owner, values).id
}

// hang files a record with a deal, or with a person.
func hang(values map[string]any, who *record, deals []string) {
	values["parentType"], values["parentId"] = who.entity, who.id
	if len(deals) > 0 {
		values["parentType"], values["parentId"] = "Opportunity", deals[0]
	}
}

// attend names the people of a call or a meeting.
func attend(values map[string]any, whos []*record) {
	lists := map[string][]string{}
	for _, r := range whos {
		name := map[string]string{"Contact": "contactsIds", "Lead": "leadsIds"}[r.entity]
		lists[name] = append(lists[name], r.id)
	}
	for name, list := range lists {
		values[name] = list
	}
}

// Bounce marks a mail that came back.
func (f Face) Bounce(email string) { f.Set(email, map[string]any{"status": "Failed"}) }

// Call logs a call. EspoCRM has no word for a voicemail.
func (f Face) Call(people []string, c world.Call) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	whos := f.who(people)
	values := map[string]any{
		"name": c.Title, "status": "Not Held", "direction": "Outbound", "duration": c.Duration.Seconds(),
		"dateStart": stamp(f.now()), "dateEnd": stamp(f.now().Add(c.Duration)),
	}
	if c.Outcome == world.Connected {
		values["status"] = "Held"
	}
	if c.Incoming {
		values["direction"] = "Inbound"
	}
	hang(values, whos[0], c.Deals)
	attend(values, whos)
	return f.insert("Call", f.owner, values).id
}

// Meet books a meeting.
func (f Face) Meet(people []string, m world.Meeting) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	whos := f.who(people)
	if m.End.IsZero() {
		m.End = m.Start.Add(30 * time.Minute)
	}
	values := map[string]any{"name": m.Title, "status": "Planned", "dateStart": stamp(m.Start), "dateEnd": stamp(m.End)}
	hang(values, whos[0], m.Deals)
	attend(values, whos)
	return f.insert("Meeting", f.owner, values).id
}

// MoveMeeting gives a meeting another start and keeps its length.
func (f Face) MoveMeeting(id string, start time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.found(id)
	from, _ := time.Parse(time.DateTime, r.text("dateStart")) // a story made it
	to, _ := time.Parse(time.DateTime, r.text("dateEnd"))
	f.update(r, f.owner, map[string]any{"dateStart": stamp(start), "dateEnd": stamp(start.Add(to.Sub(from)))})
}

// EndMeeting says whether a meeting was held. That somebody stayed away, and that it was called off, are the same word.
func (f Face) EndMeeting(id string, end world.Ending) {
	f.Set(id, map[string]any{"status": map[bool]string{true: "Held", false: "Not Held"}[end == world.Held]})
}

// Task puts a task on our list.
func (f Face) Task(people []string, t world.Task) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	who := f.who(people)[0]
	values := map[string]any{"name": t.Subject, "status": "Not Started", "dateEnd": stamp(t.Due)}
	hang(values, who, t.Deals)
	if who.entity == "Contact" {
		values["contactId"] = who.id
	}
	return f.insert("Task", f.owner, values).id
}

// likely are the probabilities of the stages, in the order of a story's stages.
var likely = []struct {
	name string
	per  float64
}{
	{
		"Prospecting",
		10,
	},
	{"Qualification", 20},
	{"Proposal", 50},
	{"Negotiation", 80},
	{"Negotiation", 80},
	{"Closed Won", 100},
	{"Closed Lost", 0},
}

// Deal opens an opportunity; leads are converted.
func (f Face) Deal(people []string, d world.Deal) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []string
	account := ""
	for _, r := range f.who(people) {
		c := f.contact(r)
		ids, account = append(ids, c.id), c.text("accountId")
	}
	return f.insert("Opportunity", f.owner, map[string]any{
		"name": d.Name, "amount": d.Amount, "stage": "Prospecting", "probability": 10.0, "accountId": account,
		"contactsIds": ids,
		"closeDate":   f.now().AddDate(0, 3, 0).Format(time.DateOnly),
	}).id
}

// JoinDeal adds a person to an opportunity.
func (f Face) JoinDeal(id, person string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, r := f.contact(f.who([]string{person})[0]), f.found(id)
	if !slices.Contains(r.ids("contactsIds"), c.id) {
		f.update(r, f.owner, map[string]any{"contactsIds": append(slices.Clone(r.ids("contactsIds")), c.id)})
	}
}

// SetStage moves an opportunity.
func (f Face) SetStage(id string, s world.Stage) {
	f.Set(id, map[string]any{"stage": likely[s].name, "probability": likely[s].per})
}

// Quote drafts a quote with its lines.
func (f Face) Quote(people []string, q world.Quote) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	total, off := 0.0, 0.0
	items := []any{}
	for _, l := range q.Lines {
		total, off = total+l.Quantity*(l.Price-l.Discount), off+l.Quantity*l.Discount
		items = append(
			items,
			map[string]any{
				"name":      l.Name,
				"quantity":  l.Quantity,
				"listPrice": l.Price,
				"unitPrice": l.Price - l.Discount,
			},
		)
	}
	values := map[string]any{
		"name": q.Title, "status": "Draft", "amount": total, "discountAmount": off, "itemList": items,
		"dateValidUntil": q.Expires.UTC().Format(time.DateOnly), "billingContactId": f.contact(f.who(people)[0]).id,
	}
	if len(q.Deals) > 0 {
		values["opportunityId"] = q.Deals[0]
	}
	return f.insert("Quote", f.owner, values).id
}

// Publish presents a quote, once more where it was, and returns the address of its document.
func (f Face) Publish(quote string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.found(quote)
	if r.text("status") == "Presented" {
		f.update(r, f.owner, map[string]any{"status": "Draft"})
	}
	f.update(r, f.owner, map[string]any{"status": "Presented"})
	return "https://files.espo.example/" + r.id + ".pdf"
}

// AcceptQuote is the buyer's acceptance.
func (f Face) AcceptQuote(id string) { f.Set(id, map[string]any{"status": "Approved"}) }

// Writes are the latest writes to people.
func (f Face) Writes() []world.Write {
	var ws []world.Write
	for _, w := range f.Espo.Writes() {
		ws = append(ws, neutral(w))
	}
	return ws
}

// OnWrite passes writes on.
func (f Face) OnWrite(told func(world.Write)) { f.Espo.OnWrite(func(w Write) { told(neutral(w)) }) }

func neutral(w Write) world.Write {
	fields := map[string]string{}
	for _, name := range sortedNames(w.Fields) {
		if stem, ours := stemOf(name); ours {
			fields[stem] = ""
			if v := w.Fields[name]; v != nil {
				fields[stem] = shownAs(v)
			}
		}
	}
	return world.Write{Time: w.Time, Person: w.ID, Fields: fields}
}
