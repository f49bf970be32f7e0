package hubspot

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Email is a mail that is logged in the CRM.
type Email struct {
	Incoming  bool
	Forwarded bool // forwarded into the CRM by hand: the direction has to be told from the sender
	Subject   string
	Text      string
	HTML      string // default: made from Text
	Status    string // default SENT
	From      string // default: the first contact's address, or the owner's
	To        string // default: the other's
	Headers   map[string]string
	Thread    string
	At        time.Time // default: now
	Deals     []string
}

// Email logs a mail with contacts.
func (s *Sandbox) Email(contactIDs []string, m Email) (id string) {
	with := append(refs("contacts", contactIDs), refs("deals", m.Deals)...)
	theirs, ours := s.address(contactIDs), s.opt.Owners[0].Email
	direction := "EMAIL"
	from, to := cmp.Or(m.From, ours), cmp.Or(m.To, theirs)
	if m.Incoming {
		direction, from, to = "INCOMING_EMAIL", cmp.Or(m.From, theirs), cmp.Or(m.To, ours)
	}
	if m.Forwarded {
		direction = "FORWARDED_EMAIL"
	}
	headers := map[string]any{
		"from": map[string]string{"email": from}, "to": []map[string]string{{"email": to}}, "cc": []any{},
		"bcc": []any{},
	}
	for name, value := range m.Headers {
		headers[name] = value
	}
	encoded, _ := json.Marshal(headers) // maps of strings always have a JSON form
	id = s.activity(emails, with, map[string]string{
		"hs_timestamp": orNow(m.At, s.opt.Now), "hs_email_direction": direction,
		"hs_email_status":  cmp.Or(m.Status, "SENT"),
		"hs_email_subject": m.Subject, "hs_email_text": m.Text, "hs_email_html": cmp.Or(m.HTML, asHTML(m.Text)),
		"hs_email_headers": string(encoded),
	}, map[string]string{"hs_email_from_email": from, "hs_email_to_email": to, "hs_email_thread_id": m.Thread})
	return id
}

// asHTML is the plainest HTML of a text.
func asHTML(text string) string {
	if text == "" {
		return ""
	}
	r := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br>\n")
	return "<div>" + r.Replace(text) + "</div>"
}

// Bounce turns a mail that was sent into one that came back.
func (s *Sandbox) Bounce(id string) {
	s.Set("emails", id, map[string]string{"hs_email_status": "BOUNCED"})
}

// Call is a telephone call.
type Call struct {
	Incoming    bool
	Status      string // default COMPLETED
	Disposition string // the portal's id of an outcome
	Duration    time.Duration
	Title, Body string
	At          time.Time // default: now
	Deals       []string
}

// The outcomes of calls that every portal has. Source: HubSpot documentation, "Calls", call outcomes.
const (
	CallBusy      = "9d9162e7-6cf3-4944-bf63-4dff82258764"
	CallConnected = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
	CallVoicemail = "b2cf5968-551e-4856-9783-52b3da59a7d0" // left voicemail
	CallNoAnswer  = "73a0d17f-1163-4015-bdd5-ec830791da20"
)

// Call logs a call with contacts.
func (s *Sandbox) Call(contactIDs []string, c Call) (id string) {
	direction := "OUTBOUND"
	if c.Incoming {
		direction = "INBOUND"
	}
	return s.activity(calls, append(refs("contacts", contactIDs), refs("deals", c.Deals)...), map[string]string{
		"hs_timestamp": orNow(c.At, s.opt.Now), "hs_call_direction": direction,
		"hs_call_status":      cmp.Or(c.Status, "COMPLETED"),
		"hs_call_disposition": c.Disposition, "hs_call_duration": strconv.FormatInt(c.Duration.Milliseconds(), 10),
		"hs_call_title": c.Title, "hs_call_body": c.Body,
	}, nil)
}

// Meeting is an appointment.
type Meeting struct {
	Title, Body string
	Start       time.Time
	End         time.Time // default: half an hour after Start
	Outcome     string    // default SCHEDULED
	Deals       []string
}

// Meeting books a meeting with contacts.
func (s *Sandbox) Meeting(contactIDs []string, m Meeting) (id string) {
	if m.End.IsZero() {
		m.End = m.Start.Add(30 * time.Minute)
	}
	return s.activity(meetings, append(refs("contacts", contactIDs), refs("deals", m.Deals)...), map[string]string{
		"hs_timestamp": iso(m.Start.UnixMilli()), "hs_meeting_title": m.Title, "hs_meeting_body": m.Body,
		"hs_meeting_start_time": iso(m.Start.UnixMilli()), "hs_meeting_end_time": iso(m.End.UnixMilli()),
		"hs_meeting_outcome": cmp.Or(m.Outcome, "SCHEDULED"),
	}, nil)
}

// MoveMeeting gives a meeting another start and keeps its length.
func (s *Sandbox) MoveMeeting(id string, start time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.must(meetings, id)
	from, _ := instant(s.value(r, "hs_meeting_start_time"))
	to, _ := instant(s.value(r, "hs_meeting_end_time"))
	s.fill(r, map[string]string{
		"hs_timestamp": iso(start.UnixMilli()), "hs_meeting_start_time": iso(start.UnixMilli()),
		"hs_meeting_end_time": iso(start.UnixMilli() + to - from), "hs_meeting_outcome": "SCHEDULED",
	})
}

// EndMeeting says what became of a meeting: COMPLETED, NO_SHOW, CANCELED, RESCHEDULED.
func (s *Sandbox) EndMeeting(id, outcome string) {
	s.Set("meetings", id, map[string]string{"hs_meeting_outcome": outcome})
}

// Task is something one of us has to do.
type Task struct {
	Subject, Body string
	Type          string // default TODO
	Due           time.Time
	Deals         []string
}

// Task puts a task about contacts on our list.
func (s *Sandbox) Task(contactIDs []string, t Task) (id string) {
	return s.activity(tasks, append(refs("contacts", contactIDs), refs("deals", t.Deals)...), map[string]string{
		"hs_timestamp": orNow(t.Due, s.opt.Now), "hs_task_subject": t.Subject, "hs_task_body": t.Body,
		"hs_task_status": "NOT_STARTED", "hs_task_type": cmp.Or(t.Type, "TODO"), "hs_task_priority": "NONE",
	}, nil)
}

// DoTask ticks a task off.
func (s *Sandbox) DoTask(id string) {
	s.Set("tasks", id, map[string]string{"hs_task_status": "COMPLETED"})
}

// Note writes a note about contacts.
func (s *Sandbox) Note(contactIDs []string, text string) (id string) {
	return s.activity(notes, refs("contacts", contactIDs), map[string]string{
		"hs_timestamp": orNow(time.Time{}, s.opt.Now), "hs_note_body": text,
	}, nil)
}

// Communication logs a message of a messenger: WHATS_APP, SMS, LINKEDIN_MESSAGE.
func (s *Sandbox) Communication(contactIDs []string, channel, body string) (id string) {
	return s.activity(communications, refs("contacts", contactIDs), map[string]string{
		"hs_timestamp": orNow(time.Time{}, s.opt.Now), "hs_communication_channel_type": channel,
		"hs_communication_logged_from": "CRM",
		"hs_communication_body":        body,
	}, nil)
}

// activity makes a record of something that happened between us and contacts, and updates what contacts show about it.
func (s *Sandbox) activity(k *kind, with []Ref, props, calculated map[string]string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.insert(k)
	s.notify("creation", r, s.user, func(e *event) { e.flag = "CREATED" })
	maps.DeleteFunc(props, func(_, v string) bool { return v == "" })
	for _, name := range slices.Sorted(maps.Keys(calculated)) {
		s.put(r, name, calculated[name], s.user)
	}
	for _, to := range with {
		s.connect(r, s.must(s.kind(to.Kind), to.ID), false)
	}
	s.fill(r, props)
	return strconv.FormatInt(r.id, 10)
}

func (s *Sandbox) address(contactIDs []string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(contactIDs) == 0 {
		return ""
	}
	return s.value(s.must(contacts, contactIDs[0]), "email")
}

// derive sets the calculated properties that follow from the others, of r and of the contacts it is about.
func (s *Sandbox) derive(r *record, src *source) {
	switch r.kind {
	case contacts:
		if _, domain, ok := strings.Cut(s.value(r, "email"), "@"); ok {
			s.put(r, "hs_email_domain", domain, src)
		}
	case deals:
		s.deriveDeal(r, src)
	case quotes:
		s.deriveQuote(r, src)
	case tasks:
		done := s.value(r, "hs_task_status") == "COMPLETED"
		s.put(r, "hs_task_is_completed", strconv.FormatBool(done), src)
		if done && s.value(r, "hs_task_completion_date") == "" {
			s.put(r, "hs_task_completion_date", iso(s.now()), src)
		}
	case lineItems:
		quantity, _ := strconv.ParseFloat(s.value(r, "quantity"), 64)
		price, _ := strconv.ParseFloat(s.value(r, "price"), 64)
		off, _ := strconv.ParseFloat(s.value(r, "discount"), 64)
		s.put(r, "amount", strconv.FormatFloat(quantity*(price-off), 'f', -1, 64), src)
	}
	switch r.kind {
	case emails, calls, meetings, notes, tasks, communications:
		for _, c := range r.linked(contacts) {
			s.deriveContact(c, r, src)
		}
		s.plans(r, src)
	}
}

// deriveContact updates what a contact shows of its latest activity.
func (s *Sandbox) deriveContact(c, activity *record, src *source) {
	at := s.value(activity, "hs_timestamp")
	later := func(name, at string) {
		if have := s.value(c, name); at > have {
			s.put(c, name, at, src)
		}
	}
	later("notes_last_updated", iso(s.now()))
	switch activity.kind {
	case emails:
		if s.value(activity, "hs_email_direction") == "INCOMING_EMAIL" {
			later("hs_sales_email_last_replied", at)
		} else {
			later("notes_last_contacted", at)
		}
	case calls, meetings, communications:
		if at <= iso(s.now()) {
			later("notes_last_contacted", at)
		}
	}
}

// nextActivity is the earliest meeting or open task of a contact that is still to come.
func (s *Sandbox) nextActivity(c *record) string {
	var next []string
	now := iso(s.now())
	for _, m := range c.linked(meetings) {
		if at := s.value(m, "hs_meeting_start_time"); at > now && s.value(m, "hs_meeting_outcome") == "SCHEDULED" {
			next = append(next, at)
		}
	}
	for _, t := range c.linked(tasks) {
		if at := s.value(t, "hs_timestamp"); at > now && s.value(t, "hs_task_status") != "COMPLETED" {
			next = append(next, at)
		}
	}
	if len(next) == 0 {
		return ""
	}
	return slices.Min(next)
}
