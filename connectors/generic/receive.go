package generic

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/body"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/generic/proof"
)

// granted are the secrets that the CRM gave us for its webhooks.
type granted struct {
	mu      sync.Mutex
	secrets []string
}

func (g *granted) put(secrets []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.secrets = secrets
}

func (g *granted) get() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.secrets
}

// receiver takes deliveries.
type receiver struct {
	*source
	proof *proof.Verifier
	read  *records // for events that are whole records
}

func newReceiver(c *source, read *records) *receiver {
	return &receiver{c, proof.New(c.m.Hooks.Proof), read}
}

// Verify checks what proves a delivery.
func (c *receiver) Verify(d connectors.Delivery, now time.Time) error {
	return c.unproven(c.proof.Verify(d, c.provenBy(), now))
}

// Screen refuses a delivery by what it brings before its body.
func (c *receiver) Screen(d connectors.Delivery, now time.Time) error {
	return c.unproven(c.proof.Screen(d, c.provenBy(), now))
}

// Dated is when a delivery was signed, where its signature covers the time.
func (c *receiver) Dated(d connectors.Delivery) time.Time { return c.proof.Dated(d) }

func (c *receiver) provenBy() proof.Secrets {
	return proof.Secrets{
		Sign: slices.Concat(revealed(c.cfg.HookSecret), c.secrets.get()), Keys: revealed(c.cfg.HookKey),
	}
}

func (c *receiver) unproven(err error) error {
	switch {
	case errors.Is(err, proof.ErrStale):
		return &connectors.Error{
			Vendor: Vendor, Op: "verify", Kind: connectors.Unauthenticated, Stale: true, Err: err,
		}
	case errors.Is(err, proof.ErrUnread):
		return c.fail("verify", connectors.Malformed, err)
	case err != nil:
		return c.fail("verify", connectors.Unauthenticated, err)
	}
	return nil
}

// Keep keeps what expressions look at, and of the body all but its secrets.
func (c *receiver) Keep(d connectors.Delivery) (kept connectors.Delivery, text bool) {
	h := c.m.Hooks
	headers := h.Keep.Headers
	if h.Body == "cloudevents" {
		headers = append(slices.Clone(headers), "Content-Type")
		for name := range d.Header {
			if strings.HasPrefix(strings.ToLower(name), "ce-") {
				headers = append(headers, name)
			}
		}
	}
	kept = d.Kept(h.Keep.Query, headers)
	secret := h.Secret
	for _, p := range h.Proof {
		if p.Key != nil && p.Key.Body != "" {
			secret = append(slices.Clone(secret), p.Key.Body)
		}
		if p.Key != nil && p.Key.Path > 0 {
			kept.Path = withoutSegment(kept.Path, p.Key.Path)
		}
	}
	kept.Body = without(kept.Body, secret)
	return kept, h.Texts
}

// withoutSegment takes the key out of a path. What follows keeps its place.
func withoutSegment(path string, n int) string {
	segments := strings.Split(path, "/")
	if n <= len(segments) {
		segments[n-1] = "-"
	}
	return strings.Join(segments, "/")
}

// without takes keys out of a body, wherever in a list of events they stand. A body that has none of them keeps its
// bytes.
func without(b []byte, keys []string) []byte {
	if len(keys) == 0 {
		return b
	}
	v, err := body.JSON(b)
	if err != nil {
		return b
	}
	found := false
	for _, key := range keys {
		found = remove(v, strings.Split(key, ".")) || found
	}
	if !found {
		return b
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSpace(out.Bytes())
}

func remove(v any, path []string) bool {
	if list, ok := v.([]any); ok {
		found := false
		for _, e := range list {
			found = remove(e, path) || found
		}
		return found
	}
	m, ok := v.(map[string]any)
	if !ok {
		return false
	}
	inner, there := m[path[0]]
	if len(path) > 1 {
		return remove(inner, path[1:])
	}
	delete(m, path[0])
	return there
}

// event is one event of a delivery, and what became of it.
type event struct {
	name    string
	value   any
	notices []crm.Notice
	ignored string // why it says nothing
	err     error
}

// Decode returns what the events of a delivery lead to.
func (c *receiver) Decode(d connectors.Delivery) ([]crm.Notice, error) {
	events, err := c.events(d)
	if err != nil {
		return nil, c.fail("decode", connectors.Malformed, err)
	}
	var out []crm.Notice
	var bad []error
	for i, e := range events {
		if e.err != nil {
			bad = append(bad, fmt.Errorf("event %d: %w", i+1, e.err))
		}
		out = append(out, e.notices...)
	}
	if len(bad) > 0 {
		return out, c.fail("decode", connectors.Malformed, errors.Join(bad[:min(len(bad), 5)]...))
	}
	return out, nil
}

// value is the body of a delivery as expressions see it.
func (c *receiver) value(d connectors.Delivery) (any, error) {
	switch c.m.Hooks.Body {
	case "xml":
		return body.XML(d.Body)
	case "form":
		return body.Form(d.Body)
	case "cloudevents":
		return body.CloudEvents(d.Header, d.Body)
	}
	return body.JSON(d.Body)
}

// events are those of a delivery, each with what it leads to.
func (c *receiver) events(d connectors.Delivery) ([]event, error) {
	value, err := c.value(d)
	if err != nil {
		return nil, err
	}
	vars := c.delivered(d, value)
	list, err := c.each(value, vars)
	if err != nil {
		return nil, fmt.Errorf("hooks.each: %w", err)
	}
	account, err := c.m.Hooks.Account.Text(value, vars)
	if err != nil {
		return nil, fmt.Errorf("hooks.account: %w", err)
	}
	seen := map[string]bool{}
	out := make([]event, 0, len(list))
	for _, v := range list {
		e := event{value: v}
		if e.name, err = c.m.Hooks.Event.Text(v, vars); err != nil {
			e.err = fmt.Errorf("hooks.event: %w", err)
		} else {
			vars["$event"] = e.name
			c.decide(&e, vars, d, seen)
		}
		for i := range e.notices {
			e.notices[i].Account = account
		}
		out = append(out, e)
	}
	return out, nil
}

// delivered are the variables of a delivery.
func (c *receiver) delivered(d connectors.Delivery, value any) jq.Vars {
	query := map[string]any{}
	for name := range d.Query {
		query[name] = d.Query.Get(name)
	}
	vars := jq.Vars{
		"$settings": c.set, "$me": c.me.get(), "$method": d.Method, "$path": d.Path, "$query": query,
		"$header": headerValues(d.Header),
		"$body":   value, "$ours": c.ours,
	}
	if d.Received != 0 {
		vars["$received"] = int(d.Received)
	}
	return vars
}

func (c *receiver) each(value any, vars jq.Vars) ([]any, error) {
	if c.m.Hooks.Each.Set() {
		return c.m.Hooks.Each.All(value, vars)
	}
	if list, ok := value.([]any); ok {
		return list, nil
	}
	return []any{value}, nil
}

// decide says what an event leads to.
func (c *receiver) decide(e *event, vars jq.Vars, d connectors.Delivery, seen map[string]bool) {
	if _, ok := e.value.(map[string]any); !ok {
		e.err = errors.New("it is no object")
		return
	}
	key, err := c.m.Hooks.Key.Text(e.value, vars)
	if err != nil {
		e.err = fmt.Errorf("hooks.key: %w", err)
		return
	}
	if key != "" && seen[key] {
		e.ignored = "the same event stands in the delivery before"
		return
	}
	seen[key] = true
	why, err := c.m.Hooks.Ignore.First(e.value, vars)
	switch {
	case err != nil:
		e.err = fmt.Errorf("hooks.ignore: %w", err)
		return
	case jq.Truth(why):
		if e.ignored, _ = why.(string); e.ignored == "" {
			e.ignored = "hooks.ignore says so"
		}
		return
	}
	for i := range c.m.Hooks.Rules {
		r := &c.m.Hooks.Rules[i]
		fits, err := applies(r, e, vars)
		if err != nil {
			e.err = fmt.Errorf("hooks.rules[%d].when: %w", i+1, err)
			return
		}
		if fits {
			if err := c.follow(r, e, vars, d); err != nil {
				e.err = fmt.Errorf("hooks.rules[%d]: %w", i+1, err)
			}
			return
		}
	}
	e.ignored = "no rule fits the event " + shown(e.name)
	e.notices = []crm.Notice{{Passed: "event without a rule"}}
}

// shown is the name of an event for people: a short word, or nothing of it.
func shown(name string) string {
	if name == "" {
		return "without a name: hooks.event finds none"
	}
	if codeWord.MatchString(name) {
		return name
	}
	return "of no plain name"
}

// applies reports whether a rule is for an event.
func applies(r *mapping.Rule, e *event, vars jq.Vars) (bool, error) {
	if len(r.On) > 0 && !slices.ContainsFunc(r.On, func(p string) bool { return glob(p, e.name) }) {
		return false, nil
	}
	if !r.When.Set() {
		return true, nil
	}
	v, err := r.When.First(e.value, vars)
	return jq.Truth(v), err
}

// glob compares a name with a pattern in which * is anything.
func glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// moment is when what an event tells happened: by the vendor, or else by the receipt.
func moment(e mapping.Expr, value any, vars jq.Vars, received crm.Millis) (crm.Millis, error) {
	v, err := e.First(value, vars)
	if err != nil {
		return 0, err
	}
	t, ok := jq.Instant(v)
	if !ok {
		return 0, errTime
	}
	if at := crm.At(t); at > 0 {
		return at, nil
	}
	return max(received, 1), nil
}

var (
	errTime = errors.New("a time is neither RFC 3339 nor milliseconds: say utc, zone(...) or seconds")
	errNoID = errors.New("it names no record")
)

// follow does what a rule says.
func (c *receiver) follow(r *mapping.Rule, e *event, vars jq.Vars, d connectors.Delivery) error {
	if r.Ignore != "" {
		e.ignored = r.Ignore
		return nil
	}
	at, err := moment(r.At, e.value, vars, d.Received)
	if err != nil {
		return fmt.Errorf("at: %w", err)
	}
	if r.Merged != nil {
		return c.merged(r.Merged, e, vars, at)
	}
	if r.Take.Set() {
		return c.take(r, e, vars, d)
	}
	typ, err := c.typeNamed(r, e, vars)
	if err != nil {
		return err
	}
	ids, err := recordIDs(r.ID, e.value, vars)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if r.Gone.Set() {
			e.notices = append(e.notices, c.gone(typ, id, int64(at), max(d.Received, 1)))
			continue
		}
		ref := crm.Ref{Type: typ, ID: id}
		if ref.Contacts, err = c.people(r.People, e.value, vars); err != nil {
			return fmt.Errorf("people: %w", err)
		}
		if ref.Left, err = c.people(r.Left, e.value, vars); err != nil {
			return fmt.Errorf("left: %w", err)
		}
		if len(ref.Contacts)+len(ref.Left) > 0 {
			ref.AsOf = int64(at)
		}
		e.notices = append(e.notices, crm.Notice{Ref: &ref})
	}
	return nil
}

// typeNamed is the type of records that a rule is about.
func (c *receiver) typeNamed(r *mapping.Rule, e *event, vars jq.Vars) (string, error) {
	t := r.Read
	if r.Gone.Set() {
		t = r.Gone
	}
	typ, _, err := t.Fill(e.value, vars, nil)
	if err != nil {
		return "", err
	}
	of := c.m.Records[typ]
	if of == nil || r.Read.Set() && of.Read == nil {
		return "", errors.New("it is about a type of records that the mapping does not have")
	}
	return typ, nil
}

// recordIDs are the ids that an expression names; default .id.
func recordIDs(e mapping.Expr, value any, vars jq.Vars) ([]string, error) {
	var found []any
	if e.Set() {
		var err error
		if found, err = e.All(value, vars); err != nil {
			return nil, fmt.Errorf("id: %w", err)
		}
	} else if m, ok := value.(map[string]any); ok {
		found = []any{m["id"]}
	}
	var out []string
	for _, v := range found {
		id := jq.Text(v)
		if id == "" || v == true || len(id) > 200 {
			return nil, errNoID
		}
		out = append(out, id)
	}
	if len(out) == 0 {
		return nil, errNoID
	}
	return out, nil
}

// people are those whom an expression names.
func (c *source) people(e mapping.Expr, value any, vars jq.Vars) ([]string, error) {
	found, err := e.All(value, vars)
	if err != nil {
		return nil, err
	}
	return c.persons(found), nil
}

// persons are those whom values name, each once.
func (c *source) persons(values []any) []string {
	var out []string
	for _, v := range values {
		if who := c.person(jq.Text(v)); who != "" && !slices.Contains(out, who) {
			out = append(out, who)
		}
	}
	return out
}

// gone says that a record is there no more, as of a time (ms); seen is when we heard of it, which tells of two versions
// of one second which is the later.
func (c *source) gone(typ, id string, at int64, seen crm.Millis) crm.Notice {
	if p := c.m.Records[typ].Person; p != nil {
		f := crm.Deleted(crm.Person{Kind: p.Kind, ID: id}.String(), at)
		f.Seq = int64(seen)
		return crm.Notice{Fact: f}
	}
	return crm.Removed(typ, id, at)
}

// merged tells both sides of a merge, or of a conversion from one kind to another.
func (c *receiver) merged(m *mapping.Merged, e *event, vars jq.Vars, at crm.Millis) error {
	from, err := c.people(m.From, e.value, vars)
	if err != nil {
		return fmt.Errorf("merged.from: %w", err)
	}
	into, err := c.people(m.Into, e.value, vars)
	if err != nil {
		return fmt.Errorf("merged.into: %w", err)
	}
	if len(from) == 0 || len(into) != 1 {
		return errNoID
	}
	for _, loser := range from {
		if loser != into[0] {
			e.notices = append(e.notices, c.joined(into[0], loser, int64(at))...)
		}
	}
	return nil
}

// joined are the notices of a merge.
func (c *source) joined(winner, loser string, at int64) []crm.Notice {
	p, out := crm.ParsePerson(winner), crm.Merged(winner, loser, at)
	if typ := c.typeOf(p.Kind); c.m.Records[typ].Read != nil {
		out = append(out, crm.Notice{Ref: &crm.Ref{Type: typ, ID: p.ID}})
	}
	return out
}

// take makes facts of an event that is the whole record. Nothing is read for it, so it concerns those alone whom it
// names.
func (c *receiver) take(rule *mapping.Rule, e *event, vars jq.Vars, d connectors.Delivery) error {
	typ, _, err := rule.Take.Fill(e.value, vars, nil)
	if err != nil {
		return err
	}
	if c.m.Records[typ] == nil {
		return errors.New("it is about a type of records that the mapping does not have")
	}
	r := c.read.newRecord(typ, e.value, c.recordVars(vars), max(d.Received, 1))
	if rule.ID.Set() {
		ids, err := recordIDs(rule.ID, e.value, vars)
		if err != nil {
			return err
		}
		r.id = ids[0]
	}
	if r.id == "" {
		return errNoID
	}
	e.notices, err = c.read.taken(r)
	if err == nil && len(e.notices) == 0 {
		e.ignored = "records." + typ + ".when says that it says nothing, or it concerns nobody"
	}
	if own, ok := errors.AsType[*connectors.Error](err); ok {
		return own.Err
	}
	return err
}

func (c *receiver) recordVars(vars jq.Vars) jq.Vars {
	return jq.Vars{"$settings": c.set, "$me": vars["$me"], "$received": vars["$received"]}
}

// Reply is the mapping's answer, or the usual one.
func (c *receiver) Reply(_ connectors.Delivery, o connectors.Outcome) connectors.Reply {
	r := connectors.DefaultReply(o)
	own, ok := c.m.Hooks.Replies[string(o)]
	if !ok {
		return r
	}
	r.Status = own.Status
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if own.Type != "" {
		r.Header.Set("Content-Type", own.Type)
	}
	r.Body = []byte(own.Body)
	return r
}

// Handshake answers a request that delivers nothing, where the mapping knows such.
func (c *receiver) Handshake(d connectors.Delivery) (connectors.Reply, bool) {
	s := c.m.Hooks.Shake
	if s == nil {
		return connectors.Reply{}, false
	}
	value, _ := body.JSON(d.Body) // a handshake mostly has none
	vars := c.delivered(d, value)
	is, err := s.When.First(value, vars)
	if err != nil || !jq.Truth(is) {
		return connectors.Reply{}, false
	}
	r := connectors.Reply{Status: cmp.Or(s.Status, http.StatusOK), Header: http.Header{}}
	text, err := s.Body.Text(value, vars)
	if err != nil || len(text) > 4096 {
		return connectors.Reply{}, false
	}
	r.Body = []byte(text)
	for name, t := range s.Headers {
		if fillHeader(r.Header, name, t, call{input: value}, vars) != nil {
			return connectors.Reply{}, false
		}
	}
	return r, true
}
