package hubspot

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// hook is a subscription with its id.
type hook struct {
	id      int64
	typ     string
	generic bool
}

// queue holds the events that wait for delivery.
type queue struct {
	mu     sync.Mutex
	events []event
	nextID int64
	lost   int // events given up after the last attempt
	held   bool
	wake   chan struct{} // tells deliverLive that there is something

	url     string
	signed  string
	simple  map[string][]hook // by type, and for object.* by type and kind: "object.creation contacts"
	watched map[string][]hook // by kind and property: "contacts email", "contacts *"
}

// event is one webhook event. Which fields it has depends on its type.
type event struct {
	hook    hook
	id      int64
	at      int64
	src     *source
	object  int64 // 0 where the event has none: associations
	typeID  string
	attempt int

	flag            string // creation, deletion
	property, value string
	primary, winner int64 // merge
	merged          []int64
	moved           int
	from, to        *record // association
	linkType        int
	removed, first  bool
	message         int64 // conversation
	messageType     string
}

func (q *queue) init(opt Options) error {
	q.url, q.signed = opt.WebhookURL, opt.SignedURL
	q.simple, q.watched = map[string][]hook{}, map[string][]hook{}
	q.wake = make(chan struct{}, 1)
	q.nextID = 1_000_000
	for i, sub := range opt.Subscriptions {
		object, what, _ := strings.Cut(sub.Type, ".")
		h := hook{id: int64(7001 + i), typ: sub.Type, generic: object == "object"}
		k := kindByName[object]
		if h.generic {
			k = kindByName[sub.Object]
		}
		if k == nil && object != "conversation" {
			return fmt.Errorf("subscription %q %q: no such type of record", sub.Type, sub.Object)
		}
		switch {
		case what == "propertyChange" && k != nil:
			key := k.name + " " + sub.Property
			q.watched[key] = append(q.watched[key], h)
		case h.generic:
			key := sub.Type + " " + k.name
			q.simple[key] = append(q.simple[key], h)
		default:
			q.simple[sub.Type] = append(q.simple[sub.Type], h)
		}
	}
	return nil
}

// hooksFor are the subscriptions that a change of a property concerns.
func (q *queue) hooksFor(k *kind, property string) []hook {
	hooks := append([]hook(nil), q.watched[k.name+" "+property]...)
	return append(hooks, q.watched[k.name+" *"]...)
}

// add queues an event.
func (q *queue) add(e event) {
	q.mu.Lock()
	q.nextID++
	e.id = q.nextID
	q.events = append(q.events, e)
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// notify queues an event for every subscription to a type of event about a kind of record, generic or of the kind's
// own.
func (s *Sandbox) notify(what string, r *record, src *source, fill func(*event)) {
	for _, key := range [2]string{"object." + what + " " + r.kind.name, r.kind.single + "." + what} {
		for _, h := range s.queue.simple[key] {
			e := event{hook: h, at: s.now(), object: r.id, src: src}
			if h.generic {
				e.typeID = r.kind.typeID
			}
			fill(&e)
			s.queue.add(e)
		}
	}
}

// changed queues what a new value of a property sets off.
func (s *Sandbox) changed(r *record, f *field) {
	for _, h := range f.def.hooks {
		e := event{hook: h, at: f.at, object: r.id, src: f.src, property: f.def.Name, value: f.value}
		if h.generic {
			e.typeID = r.kind.typeID
		}
		s.queue.add(e)
	}
}

// associated queues the events of a new or removed association: one from each side, and a primary one twice.
func (s *Sandbox) associated(a, b *record, removed bool) {
	for _, pair := range [2][2]*record{{a, b}, {b, a}} {
		s.notify("associationChange", pair[0], s.user, func(e *event) {
			e.object, e.from, e.to, e.removed = 0, pair[0], pair[1], removed
			e.linkType = linkType(pair[0].kind, pair[1].kind)
		})
	}
}

// append writes the event as HubSpot does. Source: HubSpot documentation, "Webhooks API", payloads.
func (e *event) append(b []byte, portal, app int64) []byte {
	num := func(name string, v int64) {
		b = append(append(append(b, ",\""...), name...), "\":"...)
		b = strconv.AppendInt(b, v, 10)
	}
	str := func(name, v string) {
		b = append(append(append(b, ",\""...), name...), "\":"...)
		b = appendString(b, v)
	}
	flag := func(name string, v bool) {
		b = append(append(append(b, ",\""...), name...), "\":"...)
		b = strconv.AppendBool(b, v)
	}
	b = append(b, `{"eventId":`...)
	b = strconv.AppendInt(b, e.id, 10)
	num("subscriptionId", e.hook.id)
	num("portalId", portal)
	num("appId", app)
	num("occurredAt", e.at)
	str("subscriptionType", e.hook.typ)
	num("attemptNumber", int64(e.attempt))
	if e.object != 0 {
		num("objectId", e.object)
	}
	if e.typeID != "" && e.from == nil {
		str("objectTypeId", e.typeID)
	}
	if e.flag != "" {
		str("changeFlag", e.flag)
	}
	if e.property != "" {
		str("propertyName", e.property)
		str("propertyValue", e.value)
		if e.hook.generic {
			flag("isSensitive", false)
		}
	}
	if e.primary != 0 {
		num("primaryObjectId", e.primary)
		ids, _ := json.Marshal(e.merged) // integers always have a JSON form
		b = append(append(b, `,"mergedObjectIds":`...), ids...)
		num("newObjectId", e.winner)
		num("numberOfPropertiesMoved", int64(e.moved))
	}
	if e.from != nil {
		str("associationType", strings.ToUpper(e.from.kind.single+"_TO_"+e.to.kind.single))
		num("fromObjectId", e.from.id)
		num("toObjectId", e.to.id)
		flag("associationRemoved", e.removed)
		flag("isPrimaryAssociation", e.first)
		if e.hook.generic {
			str("fromObjectTypeId", e.from.kind.typeID)
			str("toObjectTypeId", e.to.kind.typeID)
			num("associationTypeId", int64(e.linkType))
			str("associationCategory", "HUBSPOT_DEFINED")
		}
	}
	if e.message != 0 {
		num("messageId", e.message)
		str("messageType", e.messageType)
	}
	if e.src != nil {
		str("changeSource", e.src.kind)
		str("sourceId", e.src.id)
	}
	return append(b, '}')
}
