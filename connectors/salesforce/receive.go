package salesforce

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// receiver takes outbound messages.
type receiver struct {
	*api
	keys []connectors.Secret
	user *atomic.Value // string: the id of the user that we run as
}

// Verify checks the key in the address and the organization that the message names. There is neither a signature nor a
// time in it: a message that is sent again, whoever sends it, has a record read that is read anyway.
func (c *receiver) Verify(d connectors.Delivery, _ time.Time) error {
	if err := c.rightKey(d); err != nil {
		return err
	}
	m, err := parse(d.Body)
	if err != nil && m.org == "" {
		return c.fail("verify", connectors.Malformed, err)
	}
	if subtle.ConstantTimeCompare([]byte(full(m.org)), []byte(full(c.cfg.OrgID))) != 1 {
		other := errors.New("the message is of another organization than " + c.opt.Source.Variable("ORG_ID"))
		return c.fail("verify", connectors.Unauthenticated, other)
	}
	return nil
}

func (c *receiver) rightKey(d connectors.Delivery) error {
	given := d.Query.Get("key")
	right := false
	for _, key := range c.keys { // all of them, so that the time tells nothing
		right = key.Equal(given) || right
	}
	if right {
		return nil
	}
	wrong := errors.New("the key in the address is missing, or is not in " + c.opt.Source.Variable("HOOK_KEY"))
	return c.fail("verify", connectors.Unauthenticated, wrong)
}

// Proof is the key in the address, the only one that Salesforce can be told to send. Each notification has an id of its
// own, by which one that is sent again is known.
func (c *receiver) Proof(connectors.Delivery) connectors.Proof {
	return connectors.Proof{Name: "key", Rank: 1, Unique: true}
}

// Screen refuses a message without the right key before its body is read.
func (c *receiver) Screen(d connectors.Delivery, _ time.Time) error { return c.rightKey(d) }

// Keep takes the session's id out: it is a credential of a user, and nothing here needs it. A message holds no texts.
func (c *receiver) Keep(d connectors.Delivery) (kept connectors.Delivery, text bool) {
	kept = d.Kept(nil, nil)
	kept.Body = withoutSession(d.Body)
	return kept, false
}

// Decode returns a reference to each record that the message names. What the running user changed is our own echo. A
// message carries the record as it is now, not as it was, and no more than its fields: so it is read.
func (c *receiver) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	m, err := parse(d.Body)
	var out []crm.Notice
	var unread []error
	if err != nil {
		unread = append(unread, err)
	}
	for i, n := range m.named {
		id := full(n.record)
		switch {
		case id == "" || n.object == "":
			unread = append(unread, fmt.Errorf("notification %d names no record", i+1))
		case n.by != "" && full(n.by) == c.user.Load():
		case !slices.Contains(objects, n.object):
			out = append(out, crm.Notice{Passed: passed(n.object), Account: full(m.org)})
		case c.reads(n.object):
			out = append(out, crm.Notice{Ref: &crm.Ref{Type: n.object, ID: id}, Account: full(m.org)})
		}
	}
	if len(unread) > 0 {
		return out, c.fail("decode", connectors.Malformed, errors.Join(unread...))
	}
	return out, nil
}

// passed is the type under which an object that is not read is counted: names from outside are many.
func passed(object string) string {
	if strings.HasSuffix(object, "__c") {
		return "custom object"
	}
	return "other object"
}

// Reply is the acknowledgement, without which Salesforce sends a message again for a day, or the refusal.
func (c *receiver) Reply(_ connectors.Delivery, o connectors.Outcome) connectors.Reply {
	ack := "false"
	r := connectors.DefaultReply(o)
	if o == connectors.Stored {
		r.Status, ack = http.StatusOK, "true"
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Body = answer(ack)
	return r
}

// Handshake is none: Salesforce asks for nothing before it sends.
func (c *receiver) Handshake(connectors.Delivery) (connectors.Reply, bool) {
	return connectors.Reply{}, false
}
