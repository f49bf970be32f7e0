package words

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"

	"github.com/winnow-crm/winnow/connectors/crm"
)

//go:embed texts/*.yaml
var files embed.FS

// English is the language that has every message and stands in for none.
const English = "en"

// Languages are those in which Winnow speaks.
var Languages = []string{"de", "en", "es", "fr", "it", "nl", "pt"}

// texts are the messages of a language as they are written. The labels of the fields in English stand in
// crm.FieldTable.
func texts(lang string) map[string]string {
	data, err := files.ReadFile("texts/" + lang + ".yaml")
	if err != nil {
		panic(err) // embedded: cannot be absent
	}
	out := map[string]string{}
	if err := yaml.Unmarshal(data, &out); err != nil {
		panic(fmt.Sprintf("texts/%s.yaml: %v", lang, err)) // a fault of ours that every test meets
	}
	if lang == English {
		for _, spec := range crm.FieldTable {
			out[labelKey(spec.Field)], out[describeKey(spec.Field)] = spec.Label, spec.Description
			for _, o := range spec.Options {
				if worded(o.Value) {
					out[optionKey(o.Value)] = o.Label
				}
			}
		}
	}
	return out
}

func labelKey(f crm.Field) string    { return "field." + string(f) + ".label" }
func describeKey(f crm.Field) string { return "field." + string(f) + ".description" }
func optionKey(value string) string  { return "option." + value }

// worded reports whether an option is a word, which has a translation: a letter has none.
func worded(option string) bool { return len(option) > 1 }

// built are the languages, each made once it is asked for.
var built = func() map[string]func() *tongue {
	all := map[string]func() *tongue{}
	for _, lang := range Languages {
		all[lang] = sync.OnceValue(func() *tongue {
			t := &tongue{tag: language.MustParse(lang), messages: map[string]message{}}
			for key, text := range texts(lang) {
				m, err := parse(text)
				if err != nil {
					panic(fmt.Sprintf("texts/%s.yaml: %s: %v", lang, key, err))
				}
				t.messages[key] = m
			}
			return t.ready()
		})
	}
	return all
}()

// Catalogue says phrases to people: to ours in one language, to theirs in the one in which they write. It never changes
// once it is made.
type Catalogue struct {
	ours    *tongue
	lang    string
	own     map[string]*tongue // languages with messages of one's own
	ids     bool
	version string
}

// Own are messages that replace those of the catalogue, by language and key.
type Own map[string]map[string]string

// Fault is what is wrong with one of them.
type Fault struct {
	Language, Key string // the key is empty where it is the language
	Unknown       bool   // there is no such language, or no such message
	Why           string
}

// Check finds everything that is wrong with messages of one's own, sorted.
func Check(own Own) (faults []Fault) {
	for _, lang := range slices.Sorted(maps.Keys(own)) {
		if built[lang] == nil {
			why := "there is no such language; want one of " + strings.Join(Languages, ", ")
			faults = append(faults, Fault{lang, "", true, why})
			continue
		}
		for _, key := range slices.Sorted(maps.Keys(own[lang])) {
			is, known := built[lang]().messages[key]
			if !known {
				faults = append(faults, Fault{lang, key, true, "there is no such message"})
				continue
			}
			if why := unfit(own[lang][key], is); why != "" {
				faults = append(faults, Fault{lang, key, false, why})
			}
		}
	}
	return faults
}

// unfit says why a text cannot replace a message, empty where it can.
func unfit(text string, is message) string {
	m, err := parse(text)
	if err != nil {
		return err.Error()
	}
	if strings.TrimSpace(text) == "" {
		return "want a text"
	}
	can := is.names()
	for _, name := range m.names() {
		if !slices.Contains(can, name) {
			if len(can) == 0 {
				return fmt.Sprintf("{%s}: this message has no placeholders", name)
			}
			return fmt.Sprintf("{%s}: this message has the placeholders {%s}", name, strings.Join(can, "}, {"))
		}
	}
	return ""
}

// New is a catalogue for people who read a language, with messages of one's own, which Check has found no fault with.
// ids adds the row of the rule book to each reason.
func New(lang string, own Own, ids bool) *Catalogue {
	c := &Catalogue{lang: lang, own: map[string]*tongue{}, ids: ids}
	sum := sha256.New()
	fmt.Fprintln(sum, lang, ids)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		is := built[name]()
		t := &tongue{tag: is.tag, messages: maps.Clone(is.messages)}
		for _, key := range slices.Sorted(maps.Keys(own[name])) {
			t.messages[key], _ = parse(own[name][key])
			fmt.Fprintln(sum, name, key, own[name][key])
		}
		c.own[name] = t.ready()
	}
	for _, name := range Languages {
		data, _ := files.ReadFile("texts/" + name + ".yaml") // texts would have panicked
		_, _ = sum.Write(data)
	}
	c.ours = c.tongue(lang)
	c.version = hex.EncodeToString(sum.Sum(nil))[:12]
	return c
}

var inEnglish = sync.OnceValue(func() *Catalogue { return New(English, nil, false) })

// Default is the catalogue in English as it comes.
func Default() *Catalogue { return inEnglish() }

// Version stands for all that the catalogue says: when it changes, what was written of a contact may read otherwise.
func (c *Catalogue) Version() string { return c.version }

// tongue is a language, that of our people where there is none of that name.
func (c *Catalogue) tongue(lang string) *tongue {
	if t := c.own[lang]; t != nil {
		return t
	}
	if b := built[lang]; b != nil {
		return b()
	}
	return c.ours
}

// Complete reports what is missing in phrases: a message that there is not, or what fills one of its placeholders.
func Complete(says ...crm.Phrase) error {
	for _, p := range says {
		m, ok := built[English]().messages[p.Key]
		if !ok {
			return fmt.Errorf("there is no message %q", p.Key)
		}
		for _, name := range m.names() {
			fills := func(a crm.Arg) bool { return a.Name == name && (a.Days == nil || len(a.Days) > 0) }
			if !slices.ContainsFunc(p.Args, fills) {
				return fmt.Errorf("%s: nothing fills {%s}", p.Key, name)
			}
		}
	}
	return nil
}

// Fill says a rating's reasons and its advice to our people, and proposes the farewell where one is due.
func (c *Catalogue) Fill(r *crm.Rating) {
	for i := range r.Reasons {
		if says := r.Reasons[i].Says; says != nil {
			r.Reasons[i].Text = c.Reason(says)
		}
	}
	r.Action, r.Message = c.Advice(r.Advice), c.Farewell(r)
}

// Filled is a copy of a rating that is filled.
func (c *Catalogue) Filled(r crm.Rating) crm.Rating {
	r.Reasons = slices.Clone(r.Reasons)
	c.Fill(&r)
	return r
}

// Reason completes "This contact ...".
func (c *Catalogue) Reason(says []crm.Phrase) string {
	if len(says) == 1 {
		return c.ours.say(says[0].Key, says[0].Args...)
	}
	parts := make([]string, len(says))
	for i, p := range says {
		parts[i] = c.ours.say(p.Key, p.Args...)
	}
	return c.ours.list(parts)
}

// Advice are sentences.
func (c *Catalogue) Advice(says []crm.Phrase) string {
	parts := make([]string, len(says))
	for i, p := range says {
		parts[i] = c.ours.say(p.Key, p.Args...)
	}
	return strings.Join(parts, " ")
}

// Farewell is the last message that is proposed for a pending contact, in the language in which they write.
func (c *Catalogue) Farewell(r *crm.Rating) string {
	if r.Status != crm.Pending {
		return ""
	}
	return strings.TrimSpace(c.tongue(r.Language).say("farewell." + string(r.Ground)))
}

// Line is a reason on a line: points, and a sentence.
func (c *Catalogue) Line(r crm.Reason) string {
	text := c.Reason(r.Says)
	if c.ids {
		text += " (" + r.ID + ")"
	}
	if r.Sub == "" {
		return text
	}
	return fmt.Sprintf("%+d %s", r.Points, text)
}

// More says that so many reasons are left out.
func (c *Catalogue) More(n int) string { return c.ours.say("reasons.more", Number("n", n)) }

// Fields are the fields of Winnow with labels and descriptions for our people.
func (c *Catalogue) Fields() []crm.FieldSpec {
	list := slices.Clone(crm.FieldTable)
	for i := range list {
		s := &list[i]
		s.Label, s.Description = c.ours.say(labelKey(s.Field)), c.ours.say(describeKey(s.Field))
		if s.Type == crm.Flag {
			s.Options = []crm.Option{
				{Value: "true", Label: c.ours.say("flag.true")}, {Value: "false", Label: c.ours.say("flag.false")},
			}
			continue
		}
		s.Options = slices.Clone(s.Options)
		for k := range s.Options {
			if o := &s.Options[k]; worded(o.Value) {
				o.Label = c.ours.say(optionKey(o.Value))
			}
		}
	}
	return list
}

// Print writes the messages that can be replaced, in the form in which they are read.
func Print(out io.Writer, lang string) error {
	all := texts(lang)
	if _, err := fmt.Fprintf(out, "%s:\n", lang); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		text, err := yaml.Marshal(map[string]string{key: all[key]})
		if err != nil {
			return err
		}
		lines := strings.TrimRight(string(text), "\n")
		if _, err := fmt.Fprintf(out, "  %s\n", strings.ReplaceAll(lines, "\n", "\n  ")); err != nil {
			return err
		}
	}
	return nil
}

// Keys are all messages, sorted.
func Keys() []string { return slices.Sorted(maps.Keys(texts(English))) }
