package hubspot

import (
	"fmt"
	"maps"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// Face is the portal as every sandbox shows itself to a story.
type Face struct{ *Sandbox }

var _ world.Face = Face{}

// StartFace starts a portal for stories.
func StartFace(o world.Options) (world.Face, error) {
	s, err := Start(Options{
		Now: o.Now, Sent: o.Sent, Listen: o.Listen, Token: o.Token, ClientSecret: o.Secret, WebhookURL: o.WebhookURL,
		Live:      o.Live,
		RetryWait: o.RetryWait, Transport: o.Transport,
		RateLimit: o.Limit, SearchPerSecond: min(o.Limit, 0), Winnow: o.Fields,
	})
	if err != nil {
		return nil, err
	}
	if o.People > 0 {
		s.Seed(o.People, func(i int) map[string]string {
			return map[string]string{
				"email": fmt.Sprintf("contact%d@seed.example", i), "firstname": "Contact", "lastname": fmt.Sprint(i),
			}
		})
	}
	return Face{s}, nil
}

// Vendor is HubSpot's name in the settings.
func (Face) Vendor() string { return "hubspot" }

// Title is HubSpot's name.
func (Face) Title() string { return "HubSpot" }

// Settings are the environment with which serve works against this portal. Its token and secret open nothing else.
func (f Face) Settings(source string) []string {
	prefix := "WINNOW_" + strings.ToUpper(source) + "_"
	token, secret := f.Credentials()
	return []string{
		prefix + "API_URL=" + f.URL(), prefix + "TOKEN=" + token, prefix + "CLIENT_SECRET=" + secret,
		prefix + fmt.Sprintf("APP_ID=%d", f.opt.AppID),
	}
}

// CreatePerson makes a contact.
func (f Face) CreatePerson(p world.Profile) string {
	props := map[string]string{
		"firstname": p.First, "lastname": p.Last, "email": p.Email, "country": p.Country, "company": p.Company,
		"jobtitle": p.Role,
	}
	if p.Zone != "" {
		props["hs_timezone"] = zoneValue(p.Zone)
	}
	if p.Origin == world.Inbound {
		props["hs_analytics_source"] = "ORGANIC_SEARCH"
	}
	if p.Customer {
		props["lifecyclestage"] = "customer"
	}
	maps.DeleteFunc(props, func(_, v string) bool { return v == "" })
	return f.CreateContact(props)
}

// Person returns a contact.
func (f Face) Person(id string) (world.Person, bool) {
	rec, ok := f.Contact(id)
	if !ok {
		return world.Person{}, false
	}
	props := rec.Properties
	return world.Person{
		ID: rec.ID,
		Profile: world.Profile{
			First: props["firstname"], Last: props["lastname"], Email: props["email"], Country: props["country"],
			Company: props["company"], Role: props["jobtitle"], Customer: props["lifecyclestage"] == "customer",
		},
		Fields: ourFields(props, func(v string) bool { return v != "" }),
	}, true
}

// ourFields are Winnow's among properties, by their stem.
func ourFields(props map[string]string, keep func(value string) bool) map[string]string {
	fields := map[string]string{}
	for name, v := range props {
		if stem, ours := strings.CutPrefix(name, "winnow_"); ours && keep(v) {
			fields[stem] = v
		}
	}
	return fields
}

// Become moves a contact to the lifecycle stage of customers.
func (f Face) Become(id string) { f.SetProperty(id, "lifecyclestage", "customer") }

// Email logs a mail.
func (f Face) Email(people []string, m world.Email) string {
	return f.Sandbox.Email(people, Email{Incoming: m.Incoming, Subject: m.Subject, Text: m.Text, Deals: m.Deals})
}

// Call logs a call. One of theirs that nobody took has a status and no disposition.
func (f Face) Call(people []string, c world.Call) string {
	call := Call{Incoming: c.Incoming, Duration: c.Duration, Title: c.Title, Deals: c.Deals}
	switch {
	case c.Outcome == world.Connected:
		call.Disposition = CallConnected
	case c.Outcome == world.Voicemail:
		call.Disposition = CallVoicemail
	case c.Incoming:
		call.Status = "NO_ANSWER"
	default:
		call.Disposition = CallNoAnswer
	}
	return f.Sandbox.Call(people, call)
}

// Meet books a meeting.
func (f Face) Meet(people []string, m world.Meeting) string {
	return f.Meeting(people, Meeting{Title: m.Title, Start: m.Start, End: m.End, Deals: m.Deals})
}

// EndMeeting sets a meeting's outcome.
func (f Face) EndMeeting(id string, end world.Ending) {
	f.Sandbox.EndMeeting(id, [...]string{
		world.Held: "COMPLETED", world.NoShow: "NO_SHOW", world.Cancelled: "CANCELED",
	}[end])
}

// Task puts a task on our list.
func (f Face) Task(people []string, t world.Task) string {
	kind := "TODO"
	if t.Call {
		kind = "CALL"
	}
	return f.Sandbox.Task(people, Task{Subject: t.Subject, Type: kind, Due: t.Due, Deals: t.Deals})
}

// Deal opens a deal.
func (f Face) Deal(people []string, d world.Deal) string {
	return f.Sandbox.Deal(people, Deal{Name: d.Name, Amount: d.Amount})
}

// JoinDeal associates a contact with a deal.
func (f Face) JoinDeal(id, person string) { f.Associate(Ref{"contacts", person}, Ref{"deals", id}) }

// SetStage moves a deal.
func (f Face) SetStage(id string, s world.Stage) { f.Sandbox.SetStage(id, stages[s].id) }

// Quote drafts a quote.
func (f Face) Quote(people []string, q world.Quote) string {
	own := Quote{Title: q.Title, Expires: q.Expires, Deals: q.Deals}
	for _, l := range q.Lines {
		own.Lines = append(own.Lines, Line(l))
	}
	return f.Sandbox.Quote(people, own)
}

// Writes are the latest writes to contacts.
func (f Face) Writes() []world.Write {
	var ws []world.Write
	for _, w := range f.Sandbox.Writes() {
		ws = append(ws, neutral(w))
	}
	return ws
}

// WriteCalls are the batch updates of contacts.
func (f Face) WriteCalls() int { return f.BatchCalls() }

// OnWrite passes writes on.
func (f Face) OnWrite(told func(world.Write)) { f.Sandbox.OnWrite(func(w Write) { told(neutral(w)) }) }

func neutral(w Write) world.Write {
	return world.Write{
		Time: w.Time, Person: w.Contact, Fields: ourFields(w.Properties, func(string) bool { return true }),
	}
}
