package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/queue"
)

const (
	readMessages = 64       // messages of DELIVERIES taken together
	readBytes    = 64 << 10 // with this much at hand there is no waiting for more
	patience     = 10 * time.Millisecond
	mostPatience = 50 * time.Millisecond
	pullWait     = time.Second
	// clocksApart is how far ahead of the arrival of its delivery an event may be dated.
	clocksApart = time.Hour
	// emptyShare is how full FACTS and FETCHES may be before reading stops: the rest belongs to the rating's own facts.
	emptyShare = 0.90
)

// read decodes the deliveries of one source to facts and references. It needs no network, so deliveries never pile up behind a
// slow CRM.
func (p *Pipeline) read(ctx context.Context, s Source) error {
	deliveries := p.q.DeliveryConsumer(s.Name)
	defer deliveries.Close()
	took := time.Duration(0)
	for ctx.Err() == nil {
		if !p.roomFor(ctx, queue.Facts, queue.Fetches) {
			continue
		}
		msgs, err := pull(ctx, deliveries, readMessages, readBytes, patient(took))
		if err != nil {
			return ignoreDone(ctx, fmt.Errorf("read %s: %w", s.Name, err))
		}
		if len(msgs) == 0 {
			continue
		}
		hold, cancel := p.finish(ctx)
		began := time.Now()
		err = p.readAll(hold, s, msgs)
		took = time.Since(began)
		cancel()
		if err != nil {
			p.warns("read "+s.Name, "deliveries not read, they come again", err, zap.String("source", s.Name))
			nakAll(msgs, time.Second)
			sleep(ctx, time.Second)
		}
	}
	return nil
}

// readAll publishes what msgs say and acknowledges them after that.
func (p *Pipeline) readAll(ctx context.Context, s Source, msgs []*queue.Msg) error {
	out := p.newOutput(s)
	for _, m := range msgs {
		if err := p.readOne(ctx, s, m, out); err != nil {
			return err
		}
	}
	if err := out.publish(ctx); err != nil {
		return err
	}
	for _, m := range msgs {
		if err := m.Ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	p.metrics.read.WithLabelValues(s.Name).Add(float64(len(msgs)))
	return nil
}

func (p *Pipeline) readOne(ctx context.Context, s Source, m *queue.Msg, out *output) error {
	ds, err := decode[[]delivery](m.Data)
	if err != nil {
		return p.bury(ctx, s, fmt.Sprintf("%s.%d", m.Stream, m.Seq), queue.DeadLetter{Stage: stageRead, Payload: m.Data}, err)
	}
	for i, d := range ds {
		notices, err := decodeDelivery(s.CRM.Receive, d)
		foreign, ahead := 0, 0
		for _, n := range notices {
			if account := p.account(s.Name); n.Account != "" && account != "" && n.Account != account {
				foreign++
				continue
			}
			if n.Passed != "" {
				p.metrics.passed.WithLabelValues(s.Name, n.Passed).Inc()
				continue
			}
			if n = p.timely(s, n, d.Received); n == (crm.Notice{}) {
				ahead++
				continue
			}
			if n.Ref != nil {
				n.Ref.Noticed = d.Received
			}
			out.add(n)
		}
		if foreign > 0 {
			err = errors.Join(err, &connectors.Error{Vendor: s.Vendor, Op: "decode", Kind: connectors.Malformed, Err: fmt.Errorf(
				"%d events are of another account than the token's (%s): give this source the token of the account that sends to it", foreign, p.account(s.Name))})
		}
		if ahead > 0 {
			err = errors.Join(err, &connectors.Error{Vendor: s.Vendor, Op: "decode", Kind: connectors.Malformed, Err: fmt.Errorf(
				"%d events are dated more than %s after they came, and would outlast all that follow: a clock is wrong, the CRM's or this machine's", ahead, clocksApart)})
		}
		if err != nil {
			letter := queue.DeadLetter{Stage: stageRead, Contacts: named(s, notices), Payload: d.Body}
			if err := p.bury(ctx, s, fmt.Sprintf("%s.%d.%d", m.Stream, m.Seq, i), letter, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// timely is n, unless it is of a time that has not come: the highest version of a fact wins, so one from the far future would stand for
// ever. What a property is then the CRM's own history tells, whatever order things came in; of other facts nothing is left, and their
// delivery becomes a dead letter. Facts that no version can outlast are taken as they are.
func (p *Pipeline) timely(s Source, n crm.Notice, received crm.Millis) crm.Notice {
	limit := int64(received) + clocksApart.Milliseconds()
	switch {
	case n.Ref != nil && n.Ref.AsOf > limit:
		n.Ref.AsOf = int64(received) // it happened by then at the latest
		return n
	case n.Removed != nil && n.Removed.Version > limit:
		return crm.Notice{}
	case n.Fact == nil || n.Fact.Version <= limit:
		return n
	}
	switch n.Fact.Kind {
	case crm.KindForget, crm.KindMerge:
		return n
	case crm.KindProperty:
		ref := s.CRM.ProfileRef(n.Fact.Contact)
		return crm.Notice{Ref: &ref, Account: n.Account}
	}
	return crm.Notice{}
}

// errNoWebhooks is of a delivery that came before the source's webhooks were turned off.
var errNoWebhooks = &connectors.Error{
	Op: "decode", Kind: connectors.Misconfigured, Err: errors.New("the source takes no webhooks any more: turn them on and send it again"),
}

// decodeDelivery turns a panic of a connector into an error: one bad body must not stop all the others.
func decodeDelivery(c connectors.Receiver, d delivery) (notices []crm.Notice, err error) {
	defer func() {
		if r := recover(); r != nil {
			notices, err = nil, fmt.Errorf("the decoder panicked: %T", r) // the value may quote the body
		}
	}()
	if c == nil {
		return nil, errNoWebhooks
	}
	return c.Decode(connectors.Delivery{Body: d.Body})
}

// named lists the contacts that notices are about, for the dead letter: erasing a contact has to find it.
func named(s Source, notices []crm.Notice) []string {
	var ids []string
	add := func(contacts ...string) {
		for _, id := range contacts {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	for _, n := range notices {
		switch {
		case n.Fact != nil:
			add(n.Fact.Contact)
		case n.Ref != nil:
			add(n.Ref.Contacts...)
			add(n.Ref.Left...)
			if s.CRM.IsPerson(*n.Ref) {
				add(n.Ref.ID)
			}
		case n.Removed != nil && n.Removed.Contact != "":
			add(n.Removed.Contact)
		}
	}
	return ids
}

// output gathers what a stage has to say and publishes it, a message a partition.
type output struct {
	p      *Pipeline
	source Source
	facts  map[int][]crm.Fact
	refs   map[string]crm.Ref
	gone   []crm.Removal
	count  int
}

func (p *Pipeline) newOutput(s Source) *output {
	return &output{p: p, source: s, facts: map[int][]crm.Fact{}, refs: map[string]crm.Ref{}}
}

func (o *output) add(n crm.Notice) {
	switch {
	case n.Fact != nil && n.Fact.Contact != "":
		o.addFact(*n.Fact)
	case n.Ref != nil:
		key := n.Ref.Type + "/" + n.Ref.ID
		if n.Ref.Noticed == 0 {
			n.Ref.Noticed = crm.At(o.p.now())
		}
		if old, ok := o.refs[key]; ok {
			n.Ref.Contacts, n.Ref.Left = append(n.Ref.Contacts, old.Contacts...), append(n.Ref.Left, old.Left...)
			n.Ref.AsOf = max(n.Ref.AsOf, old.AsOf)
			n.Ref.Noticed = min(n.Ref.Noticed, old.Noticed)
		}
		o.refs[key] = *n.Ref
	case n.Removed != nil:
		o.gone = append(o.gone, *n.Removed)
	}
}

func (o *output) addFact(f crm.Fact) {
	part := o.p.q.PartitionOf(o.source.Name, f.Contact)
	o.facts[part] = append(o.facts[part], f)
	o.count++
}

// publish returns when everything is durable. Facts first: a fact twice is no harm, a reference lost would be.
func (o *output) publish(ctx context.Context) error {
	var bundles []queue.Bundle
	for part, facts := range o.facts {
		for _, data := range o.p.packed(o.source.Name, facts) {
			bundles = append(bundles, queue.Bundle{Partition: part, Data: data})
		}
	}
	if len(bundles) > 0 {
		if err := o.p.q.PublishBundles(ctx, bundles); err != nil {
			return fmt.Errorf("publish facts: %w", err)
		}
	}
	if len(o.gone) > 0 {
		if err := o.p.noteRemovals(ctx, o.source.Name, o.gone); err != nil {
			return fmt.Errorf("note what is gone: %w", err)
		}
	}
	if len(o.refs) == 0 {
		return nil
	}
	fetches := make([]queue.FetchMsg, 0, len(o.refs))
	for _, ref := range o.refs {
		fetches = append(fetches, toFetch(o.source.Name, ref))
	}
	if err := o.p.q.PublishFetches(ctx, fetches, sinceEarlier); err != nil {
		return fmt.Errorf("publish fetches: %w", err)
	}
	return nil
}

// toFetch is the message of a reference. Of several of one record the latest replaces those that wait, so one that says more than which
// record it is, as that a contact has no longer to do with it, is a message of its own: what comes after it may not say so again.
func toFetch(source string, ref crm.Ref) queue.FetchMsg {
	m := queue.FetchMsg{Source: source, Type: ref.Type, ID: ref.ID, Data: encode(ref)}
	if said := (crm.Ref{Contacts: ref.Contacts, Left: ref.Left, AsOf: ref.AsOf}); len(said.Contacts)+len(said.Left) > 0 || said.AsOf != 0 {
		sum := sha256.Sum256(encode(said))
		m.ID += "~" + hex.EncodeToString(sum[:8])
	}
	return m
}

// sinceEarlier is the latest reference of a record in the place of an earlier one that may not have been fetched: the record has been
// unread since that one.
func sinceEarlier(earlier, latest []byte) []byte {
	was, err1 := decode[crm.Ref](earlier)
	ref, err2 := decode[crm.Ref](latest)
	if err1 != nil || err2 != nil || was.Noticed == 0 || was.Noticed >= ref.Noticed {
		return latest
	}
	ref.Noticed = was.Noticed
	return encode(ref)
}

// packed encodes facts as bundles none of which is larger than a message may be, nor of more facts than a commit takes.
func (p *Pipeline) packed(source string, facts []crm.Fact) [][]byte {
	data := encode(bundle{Source: source, Facts: facts})
	if len(facts) <= 1 || (len(data) <= p.q.MaxBundle() && len(facts) <= p.stepFacts()) {
		return [][]byte{data}
	}
	half := len(facts) / 2
	return append(p.packed(source, facts[:half]), p.packed(source, facts[half:])...)
}

// patient is how long a step waits for more whose last round took so long: on a slow or busy disk a round is dear, and what comes
// meanwhile costs the next one little more.
func patient(took time.Duration) time.Duration { return min(max(4*took, patience), mostPatience) }

// pull takes what waits, with a little patience for more while there is only little: small batches cost as much as large ones.
func pull(ctx context.Context, c *queue.Consumer, most, enough int, patience time.Duration) ([]*queue.Msg, error) {
	msgs, err := c.Fetch(ctx, most, 0, pullWait)
	if err != nil || len(msgs) == 0 {
		return msgs, err
	}
	until := time.Now().Add(patience)
	for len(msgs) < most && size(msgs) < enough {
		wait := time.Until(until)
		if wait <= 0 {
			break
		}
		more, err := c.Fetch(ctx, most-len(msgs), 0, wait)
		if err != nil {
			return msgs, nil // what is here is ours; the next pull meets the error again
		}
		msgs = append(msgs, more...)
	}
	return msgs, nil
}

func size(msgs []*queue.Msg) int {
	n := 0
	for _, m := range msgs {
		n += len(m.Data)
	}
	return n
}

func nakAll(msgs []*queue.Msg, delay time.Duration) {
	for _, m := range msgs {
		_ = m.Nak(delay) // without it the message comes again after the consumer's AckWait
	}
}
