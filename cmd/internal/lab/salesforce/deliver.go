package salesforce

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxNotifications is how many records one outbound message names. Source: SOAP API Developer Guide, "Outbound
	// Messaging".
	maxNotifications = 100
	// ackTimeout is how long Salesforce waits for the acknowledgement.
	ackTimeout = 60 * time.Second
	// rounds bounds how often Flush repeats what is not acknowledged.
	rounds = 50
)

// queue holds the records that an outbound message has to name, until it is acknowledged.
type queue struct {
	org *Org

	mu      sync.Mutex
	url     string
	pending map[string][]*notification // by object
	wake    chan struct{}
	serial  int
}

// notification is one record's place in a message. Its id stays the same when the message is repeated.
type notification struct {
	id  string
	rec *record
}

func (q *queue) init(o *Org) {
	q.org, q.url, q.pending, q.wake = o, o.opt.WebhookURL, map[string][]*notification{}, make(chan struct{}, 1)
}

// add queues a record. The caller holds Org.mu. A record that waits already is not named twice: a message carries the
// latest data.
func (q *queue) add(r *record) {
	if q.pending == nil || q.org.integration != nil && r.by == q.org.integration.id && !q.org.opt.Echo {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if slices.ContainsFunc(q.pending[r.obj.name], func(n *notification) bool { return n.rec == r }) {
		return
	}
	q.serial++
	q.pending[r.obj.name] = append(q.pending[r.obj.name], &notification{newID("04l", q.serial), r})
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// SetWebhookURL says where outbound messages go.
func (o *Org) SetWebhookURL(url string) {
	o.queue.mu.Lock()
	defer o.queue.mu.Unlock()
	o.queue.url = url
}

// batch is the next message: its notifications, which stay in the queue until taken.
func (q *queue) batch() (url, object string, ns []*notification) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range q.pending {
			if !yield(name) {
				return
			}
		}
	}) {
		if all := q.pending[name]; len(all) > 0 {
			return q.url, name, slices.Clone(all[:min(len(all), maxNotifications)])
		}
	}
	return q.url, "", nil
}

func (q *queue) acknowledged(object string, ns []*notification) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.pending[object] = slices.DeleteFunc(q.pending[object], func(n *notification) bool {
		return slices.Contains(ns, n)
	})
}

// Flush sends all that is queued, again and again what is not acknowledged, and returns an error where that does not
// help.
func (o *Org) Flush(ctx context.Context) error {
	for failed := 0; ; {
		url, object, ns := o.queue.batch()
		if ns == nil || url == "" {
			return ctx.Err()
		}
		err := o.send(ctx, url, o.Message(object, ns2ids(ns)...))
		if err == nil {
			o.queue.acknowledged(object, ns)
			continue
		}
		if failed++; failed == rounds || ctx.Err() != nil {
			return fmt.Errorf("outbound message of %s: %w", object, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(o.opt.RetryWait):
		}
	}
}

func ns2ids(ns []*notification) []string {
	var ids []string
	for _, n := range ns {
		ids = append(ids, n.id+"/"+n.rec.id)
	}
	return ids
}

func (o *Org) deliverLive(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.queue.wake:
			if err := o.Flush(ctx); err != nil && ctx.Err() == nil {
				select {
				case o.queue.wake <- struct{}{}: // it is sent again
				default:
				}
			}
		}
	}
}

// Message is an outbound message of an object, as Salesforce sends it. What it names is given as notification/record.
func (o *Org) Message(object string, named ...string) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <soapenv:Body>
  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">
`)
	fmt.Fprintf(&b, "   <OrganizationId>%s</OrganizationId>\n   <ActionId>04kXX0000008OIAYA2</ActionId>\n   "+
		"<SessionId xsi:nil=\"true\"/>\n", o.orgID)
	fmt.Fprintf(&b, "   <EnterpriseUrl>%[1]s/services/Soap/c/62.0/%[2]s</EnterpriseUrl>\n   "+
		"<PartnerUrl>%[1]s/services/Soap/u/62.0/%[2]s</PartnerUrl>\n", o.URL(), o.orgID[:15])
	for _, n := range named {
		id, rec, _ := strings.Cut(n, "/")
		r := o.byID[rec]
		fmt.Fprintf(&b, "   <Notification>\n    <Id>%s</Id>\n    <sObject xsi:type=\"sf:%s\" "+
			"xmlns:sf=\"urn:sobject.enterprise.soap.sforce.com\">\n     <sf:Id>%s</sf:Id>\n", id, object, r.id)
		for _, name := range r.obj.sends {
			if v := r.value(r.obj.field(name)); v != nil && !r.erased && !r.deleted {
				fmt.Fprintf(&b, "     <sf:%[1]s>", name)
				_ = xml.EscapeText(&b, []byte(fmt.Sprint(v)))
				fmt.Fprintf(&b, "</sf:%s>\n", name)
			}
		}
		b.WriteString("    </sObject>\n   </Notification>\n")
	}
	b.WriteString("  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n")
	return []byte(b.String())
}

// ack is the answer that Salesforce waits for.
type ack struct {
	Body struct {
		Response struct {
			Ack string `xml:"http://soap.sforce.com/2005/09/outbound Ack"`
		} `xml:"http://soap.sforce.com/2005/09/outbound notificationsResponse"`
	} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
}

// Send posts an outbound message once. Nothing but an acknowledgement with true is success.
func (o *Org) Send(ctx context.Context, message []byte) error {
	o.queue.mu.Lock()
	url := o.queue.url
	o.queue.mu.Unlock()
	return o.send(ctx, url, message)
}

func (o *Org) send(ctx context.Context, url string, message []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(message))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "text/xml; charset=UTF-8")
	req.Header.Set("SOAPAction", `""`)
	resp, err := o.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	var a ack
	if err := xml.Unmarshal(body, &a); err != nil {
		return fmt.Errorf("HTTP %d without an acknowledgement", resp.StatusCode)
	}
	if strings.TrimSpace(a.Body.Response.Ack) != "true" || resp.StatusCode != http.StatusOK {
		return errors.New("the message was not acknowledged")
	}
	return nil
}
