package hubspot

import "strconv"

// thread is a conversation in the inbox: chat on the site, mostly.
type thread struct {
	id       int64
	contact  *record
	created  int64
	latest   int64
	messages []message
}

type message struct {
	id       int64
	at       int64
	incoming bool
	comment  bool // internal note
	text     string
}

// Message adds a chat message to a thread with a contact, and begins a thread where none is named.
func (s *Sandbox) Message(contactID, threadID string, incoming bool, text string) (thread, message string) {
	return s.chat(contactID, threadID, incoming, false, text)
}

// Comment adds an internal note to a thread; the contact does not see it.
func (s *Sandbox) Comment(contactID, threadID, text string) (message string) {
	_, message = s.chat(contactID, threadID, false, true, text)
	return message
}

func (s *Sandbox) chat(contactID, threadID string, incoming, comment bool, text string) (string, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	c := s.must(contacts, contactID)
	id, _ := strconv.ParseInt(threadID, 10, 64)
	t := s.threads[id]
	if t == nil {
		s.nextID++
		t = &thread{id: s.nextID, contact: c, created: now}
		s.threads[t.id] = t
		s.chats = append(s.chats, t)
		s.converse("creation", t, nil)
	}
	s.nextID++
	t.messages = append(t.messages, message{id: s.nextID, at: now, incoming: incoming, comment: comment, text: text})
	t.latest = now
	m := &t.messages[len(t.messages)-1]
	s.converse("newMessage", t, m)
	s.put(c, "notes_last_updated", iso(now), s.user)
	return strconv.FormatInt(t.id, 10), strconv.FormatInt(m.id, 10)
}

// DeleteThread deletes a conversation.
func (s *Sandbox) DeleteThread(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, _ := strconv.ParseInt(id, 10, 64)
	if t := s.threads[n]; t != nil {
		delete(s.threads, n)
		s.converse("deletion", t, nil)
	}
}

func (s *Sandbox) converse(what string, t *thread, m *message) {
	for _, h := range s.queue.simple["conversation."+what] {
		e := event{hook: h, at: s.now(), object: t.id, src: s.user}
		if m != nil {
			e.message, e.messageType = m.id, "MESSAGE"
			if m.comment {
				e.messageType = "COMMENT"
			}
		}
		s.queue.add(e)
	}
}

// view is a thread as the API shows it.
func (t *thread) view() map[string]any {
	v := map[string]any{
		"id": strconv.FormatInt(t.id, 10), "createdAt": iso(t.created), "latestMessageTimestamp": iso(t.latest),
		"status":            "OPEN",
		"originalChannelId": "1000", "originalChannelAccountId": "1", "inboxId": "1", "spam": false, "archived": false,
	}
	if c := t.contact.follow(); c.live() {
		v["associatedContactId"] = strconv.FormatInt(c.id, 10)
	}
	return v
}

// view is a message as the API shows it. Source: HubSpot documentation, "Conversations inbox and messages".
func (m *message) view(t *thread) map[string]any {
	v := map[string]any{
		"id": strconv.FormatInt(m.id, 10), "type": "MESSAGE", "conversationsThreadId": strconv.FormatInt(t.id, 10),
		"createdAt": iso(m.at),
		"updatedAt": iso(m.at), "archived": false, "text": m.text, "richText": asHTML(m.text),
		"truncationStatus": "NOT_TRUNCATED",
		"channelId":        "1000", "channelAccountId": "1", "recipients": []any{}, "attachments": []any{},
		"client": map[string]any{"clientType": "HUBSPOT"}, "status": map[string]any{"statusType": "SENT"},
	}
	switch {
	case m.comment:
		v["type"] = "COMMENT"
		v["createdBy"] = "A-51"
	case m.incoming:
		v["direction"], v["createdBy"] = "INCOMING", "V-"+strconv.FormatInt(t.contact.id, 10)
		v["senders"] = []any{map[string]any{"actorId": v["createdBy"]}}
		v["status"] = map[string]any{"statusType": "RECEIVED"}
	default:
		v["direction"], v["createdBy"] = "OUTGOING", "A-51"
		v["senders"] = []any{map[string]any{"actorId": "A-51"}}
	}
	return v
}
