package hubspot

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/rest"
	"github.com/winnow-crm/winnow/connectors/text"
)

const threadsPath = "/conversations/conversations/" + version + "/threads"

// atOnce is how many conversations are read together. They come one by one, so a full batch would take its time otherwise.
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
		ActorID string `json:"actorId"` // A-: one of ours, V-: visitor, E-: mail, B-, I-, S-: bots, integrations, the system
	} `json:"senders"`
}

// channels are HubSpot's own channels of conversations. Source: HubSpot docs, "Conversations inbox and messages", channels.
var channels = map[id]crm.Channel{"1000": crm.Chat, "1001": crm.Chat, "1002": crm.Email, "1003": crm.Form, "1007": crm.SMS}

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
	read := make([][]crm.Fact, len(order))
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, thread := range order {
		g.Go(func() (err error) {
			read[i], err = c.conversation(each, thread, wanted[thread])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []crm.Notice
	var answers []answer
	for _, f := range slices.Concat(read...) {
		out = append(out, crm.Notice{Fact: &f})
		if answered(&f) {
			answers = append(answers, answer{fact: f, direct: []string{f.Contact}})
		}
	}
	peers, err := c.peers(ctx, answers)
	if err != nil {
		return nil, err
	}
	return append(out, peers...), nil
}

// conversation reads a thread's contact and the messages that are wanted of it.
func (c *Connector) conversation(ctx context.Context, thread string, refs []crm.Ref) ([]crm.Fact, error) {
	path := threadsPath + "/" + url.PathEscape(thread)
	contact, gone, err := c.threadContact(ctx, path)
	if gone || err != nil {
		return nil, err
	}
	var contacts []string
	if contact != "" {
		contacts = append(contacts, contact)
	}
	whole := len(refs) > 3
	var ids []string
	for _, r := range refs {
		_, mid, ok := strings.Cut(r.ID, "/")
		whole = whole || !ok
		ids = append(ids, mid)
		for _, contact := range r.Contacts {
			if !slices.Contains(contacts, contact) {
				contacts = append(contacts, contact)
			}
		}
	}
	if len(contacts) == 0 {
		return nil, nil // a visitor whom the CRM does not know
	}
	messages, err := c.messages(ctx, path, unique(ids), whole)
	if err != nil {
		return nil, err
	}
	var out []crm.Fact
	for _, m := range messages {
		f := c.chat(&m)
		if f == nil {
			continue
		}
		f.ID = conversations + "/" + thread + "/" + string(m.ID)
		f.Message.Thread = thread
		for _, contact := range contacts {
			f.Contact = contact
			out = append(out, *f)
		}
	}
	return out, nil
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
		for after, page := "", 0; page < maxPages; page++ {
			query := url.Values{"limit": {"100"}}
			if after != "" {
				query.Set("after", after)
			}
			var got struct {
				Results []message `json:"results"`
				Paging  paging    `json:"paging"`
			}
			if gone, err := c.getOne(ctx, path+"/messages", query, &got); gone || err != nil {
				return nil, err
			}
			out = append(out, got.Results...)
			if after = got.Paging.Next.After; after == "" {
				break
			}
		}
	}
	for i := range out {
		if out[i].Truncated == "TRUNCATED" && out[i].ID != "" {
			var full message
			gone, err := c.getOne(ctx, path+"/messages/"+url.PathEscape(string(out[i].ID))+"/original-content", nil, &full)
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
func (c *Connector) chat(m *message) *crm.Fact {
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
	msg.Text = c.readText(text.Input{Direction: msg.Direction, Subject: m.Subject, Body: m.Text, HTML: m.RichText, At: at.Time()})
	if msg.Direction == crm.Out && (actor == "B" || actor == "S") {
		msg.Text.Class = crm.AutoReply // a bot's words are nobody's attempt
	}
	return &crm.Fact{Version: int64(version), At: at, Kind: crm.KindMessage, Message: &msg}
}

// getOne reads one resource and reports whether it is gone.
func (c *Connector) getOne(ctx context.Context, path string, query url.Values, into any) (gone bool, err error) {
	_, err = c.rest.Do(ctx, rest.Request{Op: "fetch", Class: rest.Fetch, Method: http.MethodGet, Path: path, Query: query, Into: into})
	if connectors.KindOf(err) == connectors.NotFound {
		return true, nil
	}
	return false, about(err, "read a conversation")
}
