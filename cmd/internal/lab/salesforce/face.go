package salesforce

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// hookKey is what the endpoint's address carries for the stories: outbound messages have no signature.
const hookKey = "sandbox-hook-key"

// Face is the org as every sandbox shows itself to a story. New people are leads, and become contacts when a deal is
// opened, as Salesforce converts them; customers are contacts from the start.
type Face struct{ *Org }

var _ world.Face = Face{}

// StartFace starts an org for stories.
func StartFace(w world.Options) (world.Face, error) {
	o, err := Start(Options{
		Now: w.Now, Sent: w.Sent,
		Listen: w.Listen, Secret: w.Token, Live: w.Live,
		RetryWait: w.RetryWait, Transport: w.Transport, DailyLimit: w.Limit,
		Fields: w.Fields,
	})
	if err != nil {
		return nil, err
	}
	f := Face{o}
	f.SetWebhookURL(w.WebhookURL)
	for i := range w.People {
		f.CreatePerson(world.Profile{
			First: "Lead", Last: strconv.Itoa(i + 1), Email: fmt.Sprintf("lead%d@seed.example", i+1),
		})
	}
	return f, nil
}

// Vendor is Salesforce's name in the settings.
func (Face) Vendor() string { return "salesforce" }

// Title is Salesforce's name.
func (Face) Title() string { return "Salesforce" }

// Settings are the environment with which serve works against this org.
func (f Face) Settings(source string) []string {
	prefix := "WINNOW_" + strings.ToUpper(source) + "_"
	return []string{
		prefix + "API_URL=" + f.URL(), prefix + "CLIENT_ID=" + f.opt.ClientID, prefix + "CLIENT_SECRET=" + f.opt.Secret,
		prefix + "HOOK_KEY=" + hookKey, prefix + "ORG_ID=" + f.ID(), prefix + "MEETING_OUTCOME=Outcome__c",
	}
}

// SetWebhookURL says where outbound messages go; the key is added.
func (f Face) SetWebhookURL(to string) {
	if to != "" {
		to += "?key=" + url.QueryEscape(hookKey)
	}
	f.Org.SetWebhookURL(to)
}

// CreatePerson makes a lead, or of a customer a contact with an account.
func (f Face) CreatePerson(p world.Profile) string {
	values := map[string]any{
		"FirstName": p.First, "LastName": p.Last, "Email": p.Email, "Title": p.Role, "OwnerId": f.owner.id,
	}
	if p.Origin == world.Inbound {
		values["LeadSource"] = "Web"
	}
	if p.Customer {
		values["AccountId"] = f.Insert("Account", map[string]any{"Name": p.Company, "Type": "Customer - Direct"})
		values["MailingCountry"] = p.Country
		return f.Insert("Contact", values)
	}
	values["Company"], values["Country"], values["Status"] = p.Company, p.Country, "Open - Not Contacted"
	return f.Insert("Lead", values)
}

// live is the record that a person lives on in, after conversions and merges. The caller holds mu.
func (f Face) live(id string) *record {
	r := f.byID[full(id)]
	for r != nil {
		next := r.text("MasterRecordId")
		if r.obj.name == "Lead" && next == "" {
			next = r.text("ConvertedContactId")
		}
		if next == "" {
			break
		}
		r = f.byID[next]
	}
	if r == nil || r.erased {
		return nil
	}
	return r
}

// who are the records of people that a story names.
func (f Face) who(ids []string) []*record {
	var rs []*record
	for _, id := range ids {
		r := f.live(id)
		if r == nil {
			panic(fmt.Sprintf("salesforce: no person %q", id))
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
	account := f.byID[r.text("AccountId")]
	p := world.Person{ID: r.id, Fields: map[string]string{}, Profile: world.Profile{
		First: r.text("FirstName"), Last: r.text("LastName"), Email: r.text("Email"), Role: r.text("Title"),
		Country: r.text("Country") + r.text("MailingCountry"), Company: r.text("Company"),
		Customer: account != nil && strings.HasPrefix(account.text("Type"), "Customer"),
	}}
	for name, v := range r.values {
		if stem, ours := stemOf(name); ours && v != false {
			p.Fields[stem] = fmt.Sprint(v)
		}
	}
	return p, true
}

// stemOf is the stem of one of Winnow's fields.
func stemOf(name string) (stem string, ours bool) {
	stem, ours = strings.CutPrefix(name, "Winnow_")
	return strings.ToLower(strings.TrimSuffix(stem, "__c")), ours
}

// Become makes the account of a person a customer's.
func (f Face) Become(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.contact(f.who([]string{id})[0])
	f.update(f.must(r.text("AccountId")), f.owner.id, map[string]any{"Type": "Customer - Direct"})
	f.touch(r, f.owner.id)
}

// contact converts a lead.
func (f Face) contact(r *record) *record {
	if r.obj.name == "Lead" {
		return f.convert(r, f.owner.id)
	}
	return r
}

// OptOut sets the flag against mail.
func (f Face) OptOut(id string) { f.setPerson(id, map[string]any{"HasOptedOutOfEmail": true}) }

func (f Face) setPerson(id string, values map[string]any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.update(f.who([]string{id})[0], f.owner.id, values)
}

// Merge joins two people of one kind; where one is a lead and the other a contact, the lead is converted first.
func (f Face) Merge(primary, other string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	rs := f.who([]string{primary, other})
	if rs[0].obj != rs[1].obj {
		rs[0], rs[1] = f.contact(rs[0]), f.contact(rs[1])
	}
	f.merge(rs[0], rs[1], f.owner.id)
	return rs[0].id
}

// Email logs a mail with its relations and its activity, as Enhanced Email does.
func (f Face) Email(people []string, m world.Email) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	whos := f.who(people)
	theirs, ours := whos[0].text("Email"), f.owner.text("Email")
	from, to, status := ours, theirs, "3"
	if m.Incoming {
		from, to, status = theirs, ours, "0"
	}
	deal := first(m.Deals)
	activity := f.insert(f.object("Task"), f.owner.id, map[string]any{
		"WhoId": whos[0].id, "WhatId": deal, "Subject": "Email: " + m.Subject, "Status": "Completed",
		"TaskSubtype":  "Email",
		"ActivityDate": f.today(), "IsClosed": true, "CompletedDateTime": datetime(f.seconds()), "OwnerId": f.owner.id,
	})
	mail := f.insert(f.object("EmailMessage"), f.owner.id, map[string]any{
		"RelatedToId": deal, "ActivityId": activity.id, "Incoming": m.Incoming, "Subject": m.Subject,
		"TextBody":    m.Text,
		"FromAddress": from, "ToAddress": to, "MessageDate": datetime(f.seconds()), "Status": status,
	})
	relate := func(r *record, typ string) {
		f.insert(f.object("EmailMessageRelation"), f.owner.id, map[string]any{
			"EmailMessageId": mail.id, "RelationId": r.id, "RelationObjectType": r.obj.name, "RelationType": typ,
			"RelationAddress": r.text("Email"),
		})
	}
	sender, receiver := "ToAddress", "FromAddress"
	if m.Incoming {
		sender, receiver = receiver, sender
	}
	for _, r := range whos {
		relate(r, sender)
	}
	relate(f.owner, receiver)
	return mail.id
}

func first(ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	return ids[0]
}

func (f Face) today() string { return f.now().UTC().Format(time.DateOnly) }

// Bounce marks a mail that came back, and whom it did not reach.
func (f Face) Bounce(email string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	mail := f.must(email)
	f.update(mail, f.owner.id, map[string]any{"IsBounced": true})
	for _, rel := range f.related("EmailMessageRelation", "EmailMessageId", mail.id) {
		if r := f.byID[rel.text("RelationId")]; r.obj.name != "User" {
			f.update(r, f.owner.id, map[string]any{
				"EmailBouncedDate": datetime(f.seconds()), "EmailBouncedReason": "550 no such user",
			})
		}
	}
}

// Call logs a call as a completed task.
func (f Face) Call(people []string, c world.Call) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	direction := "Outbound"
	if c.Incoming {
		direction = "Inbound"
	}
	return f.insert(f.object("Task"), f.owner.id, map[string]any{
		"WhoId": f.who(people)[0].id, "WhatId": first(c.Deals), "Subject": c.Title, "Status": "Completed",
		"IsClosed":    true,
		"TaskSubtype": "Call", "CallType": direction, "CallDurationInSeconds": c.Duration.Seconds(),
		"ActivityDate": f.today(),
		"CallDisposition": [...]string{
			world.Connected: "Connected", world.Missed: "No Answer", world.Voicemail: "Left Voicemail",
		}[c.Outcome],
		"CompletedDateTime": datetime(f.seconds()), "OwnerId": f.owner.id,
	}).id
}

// Meet books a meeting.
func (f Face) Meet(people []string, m world.Meeting) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.End.IsZero() {
		m.End = m.Start.Add(30 * time.Minute)
	}
	return f.insert(f.object("Event"), f.owner.id, map[string]any{
		"WhoId": f.who(people)[0].id, "WhatId": first(m.Deals), "Subject": m.Title,
		"StartDateTime": datetime(m.Start.Unix()),
		"EndDateTime":   datetime(m.End.Unix()), "OwnerId": f.owner.id,
	}).id
}

// MoveMeeting gives a meeting another start and keeps its length.
func (f Face) MoveMeeting(id string, start time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.must(id)
	from, _ := time.Parse(layout, r.text("StartDateTime"))
	to, _ := time.Parse(layout, r.text("EndDateTime"))
	f.update(r, f.owner.id, map[string]any{
		"StartDateTime": datetime(start.Unix()), "EndDateTime": datetime(start.Add(to.Sub(from)).Unix()),
	})
}

// EndMeeting says what became of a meeting, in a field that the org has for it: Salesforce has none of its own.
func (f Face) EndMeeting(id string, end world.Ending) {
	outcome := [...]string{world.Held: "Held", world.NoShow: "No show", world.Cancelled: "Cancelled"}[end]
	f.Set(id, map[string]any{"Outcome__c": outcome})
}

// Task puts a task on our list.
func (f Face) Task(people []string, t world.Task) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.insert(f.object("Task"), f.owner.id, map[string]any{
		"WhoId": f.who(people)[0].id, "WhatId": first(t.Deals), "Subject": t.Subject, "Status": "Not Started",
		"TaskSubtype":  "Task",
		"ActivityDate": t.Due.UTC().Format(time.DateOnly), "OwnerId": f.owner.id,
	}).id
}

// Deal opens an opportunity; leads are converted.
func (f Face) Deal(people []string, d world.Deal) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var contacts []*record
	for _, r := range f.who(people) {
		contacts = append(contacts, f.contact(r))
	}
	opp := f.insert(f.object("Opportunity"), f.owner.id, map[string]any{
		"AccountId": contacts[0].text("AccountId"), "Name": d.Name, "Amount": d.Amount, "OwnerId": f.owner.id,
		"CloseDate": f.now().AddDate(0, 3, 0).UTC().Format(time.DateOnly),
	})
	for i, c := range contacts {
		f.insert(f.object("OpportunityContactRole"), f.owner.id, map[string]any{
			"OpportunityId": opp.id, "ContactId": c.id, "IsPrimary": i == 0,
		})
	}
	f.stage(opp, world.Opened)
	return opp.id
}

// JoinDeal gives a person a role in an opportunity.
func (f Face) JoinDeal(id, person string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.contact(f.who([]string{person})[0])
	f.insert(f.object("OpportunityContactRole"), f.owner.id, map[string]any{"OpportunityId": id, "ContactId": c.id})
	f.touch(f.must(id), f.owner.id)
}

// SetStage moves an opportunity.
func (f Face) SetStage(id string, s world.Stage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stage(f.must(id), s)
}

func (f Face) stage(opp *record, s world.Stage) {
	st := stages[s]
	f.update(opp, f.owner.id, map[string]any{
		"StageName": st.name, "Probability": st.probability, "IsClosed": st.closed, "IsWon": st.won,
	})
	f.insert(f.object("OpportunityHistory"), f.owner.id, map[string]any{
		"OpportunityId": opp.id, "StageName": st.name, "Probability": st.probability, "Amount": opp.values["Amount"],
	})
}

// Quote drafts a quote with its lines.
func (f Face) Quote(people []string, q world.Quote) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	total := 0.0
	for _, l := range q.Lines {
		total += l.Quantity * (l.Price - l.Discount)
	}
	quote := f.insert(f.object("Quote"), f.owner.id, map[string]any{
		"OpportunityId": first(q.Deals), "ContactId": f.contact(f.who(people)[0]).id, "Name": q.Title,
		"Status":         "Draft",
		"ExpirationDate": q.Expires.UTC().Format(time.DateOnly), "GrandTotal": total, "Subtotal": total,
	})
	for _, l := range q.Lines {
		line := map[string]any{
			"QuoteId": quote.id, "Description": l.Name, "Quantity": l.Quantity, "UnitPrice": l.Price,
			"TotalPrice": l.Quantity * (l.Price - l.Discount),
		}
		if l.Discount > 0 {
			line["Discount"] = 100 * l.Discount / l.Price // per cent, as Salesforce has it
		}
		f.insert(f.object("QuoteLineItem"), f.owner.id, line)
	}
	return quote.id
}

// Publish presents a quote, once more where it was, and returns the address of its document.
func (f Face) Publish(quote string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.must(quote)
	if r.text("Status") == "Presented" {
		f.update(r, f.owner.id, map[string]any{"Status": "Draft"})
	}
	f.update(r, f.owner.id, map[string]any{"Status": "Presented"})
	return "https://acme.my.salesforce.example/sfc/p/" + r.id
}

// AcceptQuote is the buyer's acceptance.
func (f Face) AcceptQuote(id string) { f.Set(id, map[string]any{"Status": "Accepted"}) }

const layout = "2006-01-02T15:04:05.000-0700"

// Writes are the latest writes to people.
func (f Face) Writes() []world.Write {
	var ws []world.Write
	for _, w := range f.Org.Writes() {
		ws = append(ws, f.neutral(w))
	}
	return ws
}

// OnWrite passes writes on.
func (f Face) OnWrite(told func(world.Write)) { f.Org.OnWrite(func(w Write) { told(f.neutral(w)) }) }

func (f Face) neutral(w Write) world.Write {
	fields := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(w.Fields)) {
		if stem, ours := stemOf(name); ours {
			fields[stem] = ""
			if v := w.Fields[name]; v != nil {
				fields[stem] = fmt.Sprint(v)
			}
		}
	}
	return world.Write{Time: w.Time, Person: w.ID, Fields: fields}
}
