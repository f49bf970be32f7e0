package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/winnow-crm/winnow/connectors/generic/jq"
)

// MaxFile is how large a mapping may be, in bytes.
const MaxFile = 1 << 20

// Load reads a mapping. Its error is a Faults.
func Load(source []byte) (*Mapping, error) {
	if len(source) > MaxFile {
		return nil, Faults{{1, 1, "", "the file is larger than 1 MiB"}}
	}
	d := &decoder{lines: strings.Split(string(source), "\n"), places: map[string]*yaml.Node{}}
	var doc yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(source)).Decode(&doc); err != nil {
		return nil, Faults{unreadable(err)}
	}
	if len(doc.Content) != 1 {
		return nil, Faults{{1, 1, "", "the file is empty"}}
	}
	m := new(Mapping)
	d.value(doc.Content[0], reflect.ValueOf(m).Elem(), "", "none")
	m.check(d)
	return m, d.sorted()
}

var yamlLine = regexp.MustCompile(`line (\d+): (.*)`)

// unreadable is what YAML itself refuses. Its column is not known.
func unreadable(err error) Fault {
	if errors.Is(err, io.EOF) {
		return Fault{1, 1, "", "the file is empty"}
	}
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1]) // the pattern lets digits through alone
		return Fault{max(1, line), 1, "", "this is no YAML: " + m[2]}
	}
	return Fault{1, 1, "", "this is no YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
}

// Outcomes are those that have a reply.
var outcomes = []string{"stored", "not_verified", "full", "unreadable", "too_large"}

// check says what fits into no struct: what is missing, and what contradicts.
func (m *Mapping) check(d *decoder) {
	say := d.faultIn
	if m.Version != 1 {
		say("version", "want version: 1")
	}
	m.API.check(say)
	people := 0
	for _, name := range sortedKeys(m.Records) {
		if r := m.Records[name]; r != nil {
			r.check(d, m)
			if r.Person != nil {
				people++
			}
		}
	}
	if people == 0 {
		say("records", "none of them is a person: there is nobody to rate")
	}
	m.checkKinds(say)
	m.requests(func(r *Request) { r.check(d) })
	if m.Hooks != nil {
		m.Hooks.check(d, m, say)
	}
	if _, err := regexp.Compile(m.Fields.Ours); err != nil {
		say("fields.ours", "this is no regular expression: %v", err)
	}
	m.checkWrite(say)
	m.checkShow(say)
}

// checkShow sees to it that everyone has a card and that a page stands on the CRM's own host.
func (m *Mapping) checkShow(say func(where, format string, args ...any)) {
	if m.Show == nil {
		return
	}
	if m.Show.Card == nil || !m.Show.Card.Name.Set() {
		say("show.card", "want name: what people are called")
	}
	for _, name := range sortedKeys(m.Records) {
		if r := m.Records[name]; r != nil && r.Person != nil && r.Read == nil {
			say("show.card", "records.%s has no read: nothing tells what such people are called", name)
		}
	}
	if m.Show.Find != nil && !m.Show.Find.IDs.Set() {
		say("show.find", "ids is missing: whom the answer names")
	}
	for _, name := range sortedKeys(m.Show.Link) {
		m.checkPage(say, "show.link."+name, name, m.Show.Link[name])
	}
	for _, name := range sortedKeys(m.Show.Also) {
		for i, path := range m.Show.Also[name] {
			m.checkPage(say, fmt.Sprintf("show.also.%s[%d]", name, i), name, path)
		}
		if r := m.Records[name]; r != nil && r.Person == nil {
			say("show.also."+name, "%s is no person: nobody is found by its page", name)
		}
	}
}

// checkPage says what is wrong with the address of a page.
func (m *Mapping) checkPage(say func(where, format string, args ...any), where, name string, path Template) {
	if m.Records[name] == nil {
		say(where, "no record is named %q%s", name, jq.Nearest(name, sortedKeys(m.Records)))
	}
	if !strings.HasPrefix(path.text, "/") || strings.ContainsAny(path.plain(), "\\ \t\n") {
		say(where, "%q: want a path that begins with /: a page is on the CRM's own host", path.text)
	}
}

func (m *Mapping) checkWrite(say func(where, format string, args ...any)) {
	if m.Write != nil {
		for _, t := range m.Write.Together {
			if t != "kind" && t != "values" {
				say("write.together", "%q: want kind, values or both", t)
			}
		}
		if m.Write.Batch > 1 && !m.Write.Result.Set() && !m.Write.Success.Set() && !m.API.Success.Set() {
			say("write", "a batch needs result, or success, by which it is known that all were written")
		}
	}
}

var auths = []string{"", "none", "bearer", "basic", "header", "oauth"}

// plainPath is a path that leads nowhere else.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9_.~-]*)+/?$`)

func (a *API) check(say func(where, format string, args ...any)) {
	if !slices.Contains(auths, a.Auth) {
		say("api.auth", "%q: want bearer, basic, header, oauth or none%s", a.Auth, jq.Nearest(a.Auth, auths))
	}
	if (a.Auth == "header") != (a.Header != "") {
		say("api", "auth: header and header: <name> go together")
	}
	if (a.Auth == "oauth") != (a.Token != "") {
		say("api", "auth: oauth and token: <path> go together")
	}
	for name, path := range map[string]string{"api.base": a.Base, "api.token": a.Token} {
		if path != "" && !plainPath.MatchString(path) {
			say(name, "%q: want a path that begins with one /", path)
		}
	}
	for _, l := range a.Limits {
		if l.Calls < 1 || l.Per <= 0 {
			say("api.limits", "want calls and per, as calls: 100 and per: 1m")
		}
	}
}

// parts are what a record may be, by key.
func (r *Record) parts() []string {
	var out []string
	for _, p := range []struct {
		is   bool
		name string
	}{
		{r.Person != nil, "person"},
		{r.Message != nil, "message"},
		{r.Call != nil, "call"},
		{r.Meeting != nil, "meeting"},
		{r.Task != nil, "task"},
		{r.Deal != nil, "deal"},
		{r.Quote != nil, "quote"},
		{r.Note, "note"},
	} {
		if p.is {
			out = append(out, p.name)
		}
	}
	return out
}

// Part is what the record is: person, message, call ...
func (r *Record) Part() string { return r.parts()[0] }

func (r *Record) check(d *decoder, m *Mapping) {
	say := func(format string, args ...any) { d.faultAt(r.line, r.column, r.where, format, args...) }
	switch parts := r.parts(); {
	case len(parts) == 0:
		say("want one of person, message, call, meeting, task, deal, quote, note: what such a record is")
	case len(parts) > 1:
		say("%s: a record is one of them", strings.Join(parts, " and "))
	}
	if r.Read == nil && r.List != nil {
		say("list without read: what is found has to be read")
	}
	if r.Person == nil && !r.People.Set() {
		say("people is missing: whom such a record concerns")
	}
	if r.Deals.Set() && len(m.dealTypes()) == 0 {
		say("deals: no record is a deal")
	}
	if r.Message != nil && !slices.Contains([]string{"", "email", "chat", "form", "sms"}, r.Message.Channel) {
		say("message.channel: %q: want email, chat, form or sms", r.Message.Channel)
	}
	if r.Person != nil && r.Person.Status != nil && (r.Person.Status.Field == "" || r.Person.Status.Closed == "") {
		say("person.status: want field and closed")
	}
}

func (m *Mapping) dealTypes() (out []string) {
	for _, name := range sortedKeys(m.Records) {
		if r := m.Records[name]; r != nil && r.Deal != nil {
			out = append(out, name)
		}
	}
	return out
}

// Deals is the type of deals, empty where none are read.
func (m *Mapping) Deals() string {
	if types := m.dealTypes(); len(types) > 0 {
		return types[0]
	}
	return ""
}

var kindWord = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

func (m *Mapping) checkKinds(say func(where, format string, args ...any)) {
	taken := map[string]string{}
	people := 0
	for _, name := range sortedKeys(m.Records) {
		r := m.Records[name]
		if r == nil || r.Person == nil {
			continue
		}
		people++
		kind := r.Person.Kind
		if kind != "" && !kindWord.MatchString(kind) {
			say("records."+name+".person.kind", "%q: want a word in lower case", kind)
		}
		if other, twice := taken[kind]; twice {
			say(
				"records."+name+".person.kind",
				"%q is the kind of %s too: each kind has one type of records",
				kind,
				other,
			)
		}
		taken[kind] = name
	}
	if people > 1 && taken[""] != "" {
		say("records."+taken[""]+".person.kind", "is missing: there are several kinds of people")
	}
	if len(m.dealTypes()) > 1 {
		say("records", "%s are deals: one type of records may be", strings.Join(m.dealTypes(), " and "))
	}
}

// requests calls each with every request in the mapping.
func (m *Mapping) requests(each func(*Request)) {
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Map:
			for _, k := range v.MapKeys() {
				e := reflect.New(v.Type().Elem()).Elem()
				e.Set(v.MapIndex(k))
				walk(e)
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			if r, ok := v.Addr().Interface().(*Request); ok {
				each(r)
				return
			}
			for i := range v.NumField() {
				if v.Type().Field(i).IsExported() {
					walk(v.Field(i))
				}
			}
		}
	}
	walk(reflect.ValueOf(m))
}

func (h *Hooks) check(d *decoder, m *Mapping, say func(where, format string, args ...any)) {
	if len(h.Proof) == 0 {
		say("hooks.proof", "is missing: what proves a delivery. Without it anybody could send some")
	}
	for _, p := range h.Proof {
		p.check(d)
	}
	if bodies := []string{"", "json", "xml", "form", "cloudevents"}; !slices.Contains(bodies, h.Body) {
		say("hooks.body", "%q: want json, xml, form or cloudevents%s", h.Body, jq.Nearest(h.Body, bodies))
	}
	h.checkSecrets(d, say)
	for outcome, r := range h.Replies {
		if !slices.Contains(outcomes, outcome) {
			say(
				"hooks.replies."+outcome,
				"want one of %s%s",
				strings.Join(outcomes, ", "),
				jq.Nearest(outcome, outcomes),
			)
		}
		h.checkReply(outcome, r, say)
	}
	if len(h.Rules) == 0 {
		say("hooks.rules", "is missing: what events lead to")
	}
	for _, r := range h.Rules {
		r.check(d, m)
	}
}

// checkSecrets refuses secrets in a body out of which they cannot be taken before it is stored.
func (h *Hooks) checkSecrets(d *decoder, say func(where, format string, args ...any)) {
	if h.Body != "xml" && h.Body != "form" {
		return
	}
	const stays = "a body that is %s is stored as it is, and a secret in it too: want it elsewhere, as in the query"
	if len(h.Secret) > 0 {
		say("hooks.secret", stays, h.Body)
	}
	for _, p := range h.Proof {
		if p.Key != nil && p.Key.Body != "" {
			d.faultAt(p.line, p.column, p.where, "key.body: "+stays, h.Body)
		}
	}
}

// checkReply refuses answers that lose deliveries.
func (h *Hooks) checkReply(outcome string, r Reply, say func(where, format string, args ...any)) {
	taken := r.Status >= 200 && r.Status < 300
	switch {
	case r.Status < 200 || r.Status > 599:
		say("hooks.replies."+outcome+".status", "%d: want a status of HTTP", r.Status)
	case outcome == "stored" && !taken:
		say("hooks.replies.stored.status", "%d: what is stored is answered with 2xx, or it comes again", r.Status)
	case outcome != "stored" && taken:
		say(
			"hooks.replies."+outcome+".status",
			"%d: what is not stored must not be answered with 2xx: it would be lost",
			r.Status,
		)
	case outcome == "full" && (r.Status == 400 || r.Status == 410 || r.Status == 429):
		say("hooks.replies.full.status", "%d makes several CRMs drop the event, or the webhook, for good", r.Status)
	}
}

func (r *Rule) check(d *decoder, m *Mapping) {
	say := func(format string, args ...any) { d.faultAt(r.line, r.column, r.where, format, args...) }
	var named []string
	for _, a := range []struct {
		name string
		t    Template
	}{{"read", r.Read}, {"take", r.Take}, {"gone", r.Gone}} {
		if !a.t.Set() {
			continue
		}
		named = append(named, a.name)
		of := m.Records[a.t.text]
		switch {
		case a.t.computed():
		case of == nil:
			say("%s: no record is named %q%s", a.name, a.t.text, jq.Nearest(a.t.text, sortedKeys(m.Records)))
		case a.name == "read" && of.Read == nil:
			say("read: records.%s has no read: say take where the event is the whole record", a.t.text)
		}
	}
	if r.Merged != nil {
		named = append(named, "merged")
		if !r.Merged.From.Set() || !r.Merged.Into.Set() {
			say("merged: want from and into")
		}
	}
	if r.Ignore != "" {
		named = append(named, "ignore")
	}
	switch {
	case len(named) == 0:
		say("want one of read, take, gone, merged, ignore: what such an event leads to")
	case len(named) > 1:
		say("%s: a rule says one of them", strings.Join(named, " and "))
	}
}

// computed reports whether a template has expressions.
func (t Template) computed() bool {
	return slices.ContainsFunc(t.parts, func(p part) bool { return p.jq != nil })
}

func (p *Proof) check(d *decoder) {
	say := func(format string, args ...any) { d.faultAt(p.line, p.column, p.where, format, args...) }
	n := 0
	for _, is := range []bool{p.HMAC != nil, p.Standard != nil, p.Key != nil, p.Basic} {
		if is {
			n++
		}
	}
	if n != 1 {
		say("want one of hmac, standard, key, basic")
	}
	if k := p.Key; k != nil {
		places := 0
		for _, is := range []bool{k.Header != "", k.Query != "", k.Path > 0, k.Body != ""} {
			if is {
				places++
			}
		}
		if places != 1 {
			say("key: want one of header, query, path, body: where the key stands")
		}
	}
	if h := p.HMAC; h != nil {
		if err := h.valid(); err != nil {
			say("hmac: %v", err)
		}
	}
}

var (
	errPlace  = errors.New("want header or query: where the signature stands")
	errHash   = errors.New("hash: want sha256, sha1 or sha512")
	errSecret = errors.New("secret: want text, base64 or hex")
	errInside = errors.New("inside: want base64 or hex")
	errUnit   = errors.New("unit: want s or ms")
	errTime   = errors.New("time: want header.<name>, query.<name> or value.<name>")
	errValue  = errors.New("value: want one of {hex}, {base64} and {base64url} in it, once")
	errBody   = errors.New("over: {body} has to be in it: a signature that leaves the body out proves nothing of it")
	errSigned = errors.New("over: the time has to be signed: want {time} in it")
)

var timePlace = regexp.MustCompile(`^(header|query|value)\.[A-Za-z0-9_-]+$`)

func (h *HMAC) valid() error {
	var signs int
	for _, s := range []string{"{hex}", "{base64}", "{base64url}"} {
		signs += strings.Count(h.Value, s)
	}
	switch {
	case (h.Header == "") == (h.Query == ""):
		return errPlace
	case !slices.Contains([]string{"", "sha256", "sha1", "sha512"}, h.Hash):
		return errHash
	case !slices.Contains([]string{"", "text", "base64", "hex"}, h.Secret):
		return errSecret
	case !slices.Contains([]string{"", "base64", "hex"}, h.Inside):
		return errInside
	case !slices.Contains([]string{"", "s", "ms"}, h.Unit):
		return errUnit
	case h.Time != "" && !timePlace.MatchString(h.Time):
		return errTime
	case h.Value != "" && signs != 1:
		return errValue
	case h.Over != "" && !strings.Contains(h.Over, "{body}"):
		return errBody
	case h.Time != "" && !strings.Contains(h.Over, "{time}"):
		return errSigned
	}
	return nil
}
