package hubspot

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/relate"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/text"
)

const threadsPath = "/conversations/conversations/" + version + "/threads"

// atOnce is how many conversations are read together. They come one by one, so a full batch would take its time
// otherwise.
const atOnce = 4

// message is one entry of a conversation. Source: HubSpot docs, "Conversations inbox and messages".
type message struct {
	ID        id     `json:"id"`
	Type      string `json:"type"`      // MESSAGE, COMMENT (a note among ourselves), WELCOME_MESSAGE ...
	Direction string `json:"direction"` // INCOMING, OUTGOING
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	ChannelID id     `json:"channelId"`
	Subject   string `json:"subject"`
	Text      string `json:"text"`
	RichText  string `json:"richText"`
	Truncated string `json:"truncationStatus"`
	Status    struct {
		Type string `json:"statusType"`
	} `json:"status"`
	Senders []struct {
		// A-: one of ours, V-: visitor, E-: mail, B-, I-, S-: bots, integrations, the system
		ActorID  string `json:"actorId"`
		Delivery struct {
			Type  string `json:"type"` // HS_EMAIL_ADDRESS, HS_PHONE_NUMBER ...
			Value string `json:"value"`
		} `json:"deliveryIdentifier"`
	} `json:"senders"`
}

// channels are HubSpot's own channels of conversations. Source: HubSpot docs, "Conversations inbox and messages",
// channels.
var channels = map[id]crm.Channel{
	"1000": crm.Chat, "1001": crm.Chat, "1002": crm.Email, "1003": crm.Form, "1007": crm.SMS,
}

func (c *Connector) fetchConversations(ctx context.Context, refs []crm.Ref) ([]crm.Notice, error) {
	wanted := map[string][]crm.Ref{}
	var order []string
	for _, r := range refs {
		thread, _, _ := strings.Cut(r.ID, "/")
		if wanted[thread] == nil {
			order = append(order, thread)
		}
		wanted[thread] = append(wanted[thread], r)
	}
	read := make([]thread, len(order))
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, id := range order {
		g.Go(func() (err error) {
			read[i], err = c.conversation(each, id, wanted[id])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	filed, mails := map[string][]string{}, map[string]relate.Mail{}
	for _, t := range read {
		for _, m := range t.messages {
			record := t.id + "/" + string(m.ID)
			filed[record], mails[record] = t.contacts, relate.Mail{From: m.address()}
		}
	}
	staff, err := c.staff(ctx)
	if err != nil {
		return nil, err
	}
	circle := c.relate.Around(conversations, filed, nil)
	if err := circle.Mails(ctx, staff, mails); err != nil {
		return nil, err
	}
	if err := circle.Recall(ctx); err != nil {
		return nil, c.fail("fetch", connectors.Unavailable, err)
	}
	facts := map[string]crm.Fact{}
	for _, t := range read {
		slices.SortStableFunc(t.messages, func(a, b message) int {
			return cmp.Compare(millis(a.CreatedAt), millis(b.CreatedAt))
		})
		for _, m := range t.messages {
			if f := c.chat(&m, circle, t.id+"/"+string(m.ID)); f != nil {
				f.Message.Thread = t.id
				facts[t.id+"/"+string(m.ID)] = *f
			}
		}
	}
	return circle.Notices(ctx, facts)
}

// thread is what was read of one conversation.
type thread struct {
	id       string
	contacts []string
	messages []message
}

// conversation reads a thread's contact and the messages that are wanted of it.
func (c *Connector) conversation(ctx context.Context, id string, refs []crm.Ref) (thread, error) {
	path := threadsPath + "/" + url.PathEscape(id)
	contact, gone, err := c.threadContact(ctx, path)
	if gone || err != nil {
		return thread{}, err
	}
	t := thread{id: id}
	if contact != "" {
		t.contacts = append(t.contacts, contact)
	}
	whole := len(refs) > 3
	var ids []string
	for _, r := range refs {
		_, mid, ok := strings.Cut(r.ID, "/")
		whole = whole || !ok
		ids = append(ids, mid)
		for _, contact := range r.Contacts {
			if !slices.Contains(t.contacts, contact) {
				t.contacts = append(t.contacts, contact)
			}
		}
	}
	if len(t.contacts) == 0 {
		return thread{}, nil // a visitor whom the CRM does not know
	}
	t.messages, err = c.messages(ctx, path, crm.Unique(ids), whole)
	return t, err
}

// address is that of who sent a message by mail, empty for other channels.
func (m *message) address() string {
	if len(m.Senders) > 0 && m.Senders[0].Delivery.Type == "HS_EMAIL_ADDRESS" {
		return m.Senders[0].Delivery.Value
	}
	return ""
}

// threadContact is the contact that a thread belongs to, empty where the CRM does not know the visitor.
func (c *Connector) threadContact(ctx context.Context, path string) (contact string, gone bool, err error) {
	var head struct {
		Contact id `json:"associatedContactId"`
	}
	gone, err = c.getOne(ctx, path, nil, &head)
	if head.Contact == "0" {
		head.Contact = ""
	}
	return string(head.Contact), gone, err
}

func (c *Connector) messages(ctx context.Context, path string, ids []string, whole bool) ([]message, error) {
	var out []message
	if !whole {
		for _, mid := range ids {
			var m message
			gone, err := c.getOne(ctx, path+"/messages/"+url.PathEscape(mid), nil, &m)
			if err != nil {
				return nil, err
			}
			if !gone {
				out = append(out, m)
			}
		}
	} else {
		gone := false
		err := paged(url.Values{"limit": {"100"}}, func(query url.Values) (_ paging, err error) {
			var got struct {
				Results []message `json:"results"`
				Paging  paging    `json:"paging"`
			}
			gone, err = c.getOne(ctx, path+"/messages", query, &got)
			out = append(out, got.Results...)
			return got.Paging, err
		})
		if gone || err != nil {
			return nil, err
		}
	}
	for i := range out {
		if out[i].Truncated == "TRUNCATED" && out[i].ID != "" {
			var full message
			gone, err := c.getOne(ctx, path+"/messages/"+url.PathEscape(string(out[i].ID))+"/original-content", nil,
				&full)
			if err != nil {
				return nil, err
			}
			if !gone && full.Text+full.RichText != "" {
				out[i].Text, out[i].RichText = full.Text, full.RichText
			}
		}
	}
	return out, nil
}

// chat is what one message says; nil for what is no message to or from them.
func (c *Connector) chat(m *message, circle *relate.Circle, record string) *crm.Fact {
	if m.ID == "" || m.Type != "" && m.Type != "MESSAGE" {
		return nil
	}
	at := millis(m.CreatedAt)
	version := max(at, millis(m.UpdatedAt))
	msg := crm.Message{Channel: channels[m.ChannelID], Failed: m.Status.Type == "FAILED"}
	if msg.Channel == 0 {
		msg.Channel = crm.Chat
	}
	var actor string
	if len(m.Senders) > 0 {
		actor, _, _ = strings.Cut(m.Senders[0].ActorID, "-")
	}
	switch m.Direction {
	case "INCOMING":
		msg.Direction = crm.In
	case "OUTGOING":
		msg.Direction = crm.Out
	}
	c.readMessage(&msg, circle, record, text.Input{Subject: m.Subject, Body: m.Text, HTML: m.RichText, At: at.Time()})
	if msg.Direction == crm.Out && (actor == "B" || actor == "S") {
		msg.Text.Class = crm.AutoReply // a bot's words are nobody's attempt
	}
	return &crm.Fact{Version: int64(version), At: at, Kind: crm.KindMessage, Message: &msg}
}

// getOne reads one resource and reports whether it is gone.
func (c *Connector) getOne(ctx context.Context, path string, query url.Values, into any) (gone bool, err error) {
	_, err = c.rest.Do(ctx, rest.Request{
		Op: "fetch", Class: rest.Fetch, Method: http.MethodGet, Path: path, Query: query, Into: into,
	})
	if connectors.KindOf(err) == connectors.NotFound {
		return true, nil
	}
	return false, connectors.About(err, "read a conversation")
}
