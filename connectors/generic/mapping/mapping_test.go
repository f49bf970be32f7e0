package mapping

import (
	"strings"
	"testing"
)

const small = `version: 1
title: Toy
api: {auth: bearer}
records:
  Person:
    person:
      properties: {opt_out: .optOut}
    read: {get: "/people/{$id}"}
    changed: .modified | utc
`

func TestLoad(t *testing.T) {
	m, err := Load([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	r := m.Records["Person"]
	method, path := r.Read.Method()
	if r.Part() != "person" || method != "GET" || path.String() != "/people/{$id}" {
		t.Errorf("%s %s %s", r.Part(), method, path)
	}
	v, err := r.Changed.First(map[string]any{"modified": "2026-03-02 09:30:00"}, nil)
	if v != "2026-03-02T09:30:00Z" || err != nil {
		t.Errorf("%v, %v", v, err)
	}
}

// Each fault is told by its line and column, all at once.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		change func(string) string
		want   []string
	}{
		"unknown key": {add("recods: {}"), []string{"10:1: recods: there is no such key; did you mean records?"}},
		"no YAML":     {add("a: [b"), []string{"this is no YAML"}},
		"nothing":     {func(string) string { return "" }, []string{"1:1: the file is empty"}},
		"comments":    {func(string) string { return "# soon\n" }, []string{"1:1: the file is empty"}},
		"a key twice": {add("title: X"), []string{"10:1: title is here twice"}},
		"syntax":      {replace(".modified | utc", ".modified |"), []string{"9:"}},
		"function": {
			replace(".modified | utc", ".modified | utcc"),
			[]string{"9:26: records.Person.changed: there is no function utcc with 0 arguments; did you mean utc?"},
		},
		"variable": {
			replace("{$id}", "{$idd}"),
			[]string{"8:27: records.Person.read.get: there is no $idd here: there are", "did you mean $id?"},
		},
		"brace": {replace("{$id}", "{$id"), []string{"8:26: records.Person.read.get: a { that is not closed"}},
		"environment": {
			replace(".modified | utc", "env.HOME"),
			[]string{"9:14: records.Person.changed: env is not to be had here"},
		},
		"the clock": {replace(".modified | utc", "now"), []string{"now is not to be had here", "$received"}},
		"modules":   {replace(".modified | utc", `import "a" as a; .`), []string{"import is not to be had here"}},
		"another host": {
			replace(`"/people/{$id}"`, `"https://evil.example/{$id}"`),
			[]string{"8:11: records.Person.read: the path", "no request leaves that host"},
		},
		"a host behind slashes": {
			replace(`"/people/{$id}"`, `"//evil.example/{$id}"`),
			[]string{"no request leaves that host"},
		},
		"the credential in a URL": {replace("{$id}", "{$auth.token}"), []string{"there is no $auth here"}},
		"two methods": {
			replace(`{get: "/people/{$id}"}`, `{get: /a, post: /b}`),
			[]string{"GET and POST: one request has one method"},
		},
		"several": {
			func(s string) string {
				return strings.Replace(s, "version: 1", "version: 2", 1) + "api2: 1\nwrite: {batch: many}\n"
			},
			[]string{
				"1:10: version: want version: 1", "10:1: api2: there is no such key",
				`11:16: write.batch: want a whole number, not "many"`,
			},
		},
		"a plain word": {
			replace("auth: bearer", "auth: barer"),
			[]string{`3:13: api.auth: "barer": want bearer, basic, header, oauth or none; did you mean bearer?`},
		},
		"what is missing stands where it belongs": {
			add("hooks:\n  body: jsn\n  proof: [{key: {query: key}}]"),
			[]string{`11:9: hooks.body: "jsn"`, "11:3: hooks.rules: is missing"},
		},
		"no people": {
			replace("    person:\n      properties: {opt_out: .optOut}", "    note: true"),
			[]string{"none of them is a person", "people is missing"},
		},
		"no proof": {add("hooks: {rules: [{read: Person}]}"), []string{"hooks.proof: is missing"}},
		"odd rule": {
			add("hooks: {proof: [{key: {query: key}}], rules: [{read: Persn}]}"),
			[]string{`no record is named "Persn"; did you mean Person?`},
		},
		"lost events": {
			add("hooks: {proof: [{key: {query: key}}], rules: [{read: Person}], replies: {full: {status: 200}}}"),
			[]string{"hooks.replies.full.status: 200: what is not stored must not be answered with 2xx"},
		},
		"secrets that would be stored": {
			add("hooks: {proof: [{key: {body: token}}], rules: [{read: Person}], body: form, secret: [token]}"),
			[]string{
				"10:17: hooks.proof[1]: key.body: a body that is form is stored as it is",
				"hooks.secret: a body that is form is stored as it is",
			},
		},
		"unsigned body": {
			add("hooks: {proof: [{hmac: {header: X, over: '{time}'}}], rules: [{read: Person}]}"),
			[]string{"{body} has to be in it"},
		},
		"a card without a name": {
			add("show: {card: {nmae: .name}}"),
			[]string{
				"10:15: show.card.nmae: there is no such key; did you mean name?",
				"10:14: show.card: want name: what people are called",
			},
		},
		"a page elsewhere": {
			add("show: {card: {name: .name}, link: {Person: 'https://evil.example/{$id}', Persn: '/{$id}'}}"),
			[]string{
				`10:44: show.link.Person: "https://evil.example/{$id}": want a path that begins with /`,
				`show.link.Persn: no record is named "Persn"; did you mean Person?`,
			},
		},
		"other pages": {
			func(s string) string {
				return s + "  Mail: {message: {}, read: {get: '/mails/{$id}'}, people: .to}\n" +
					"show:\n  card: {name: .name}\n" +
					"  also: {Person: ['people/{$id}'], Mail: ['/{$id}'], Persn: ['/{$id}']}\n"
			},
			[]string{
				`show.also.Person[0]: "people/{$id}": want a path that begins with /`,
				"show.also.Mail: Mail is no person",
				`show.also.Persn[0]: no record is named "Persn"; did you mean Person?`,
			},
		},
		"whom an address finds": {
			add("show: {card: {name: .name}, find: {get: '//evil.example', query: {q: '{$emial}'}}}"),
			[]string{
				"show.find: ids is missing", "no request leaves that host",
				"there is no $emial here", "did you mean $email?",
			},
		},
		"nothing tells their names": {
			func(s string) string {
				s = strings.Replace(s, `    read: {get: "/people/{$id}"}`+"\n", "", 1)
				return s + "show: {card: {name: .name}}\n"
			},
			[]string{"show.card: records.Person has no read: nothing tells what such people are called"},
		},
		"in a block": {
			replace("changed: .modified | utc", "changed: |\n      .modified\n      | utcc"),
			[]string{"11:9: records.Person.changed: there is no function utcc"},
		},
		"an alias of a fault": {
			replace("changed: .modified | utc", "changed: &x .modified | utcc\n    created: *x"),
			[]string{
				"9:29: records.Person.changed: there is no function utcc",
				"records.Person.created: there is no function utcc",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load([]byte(c.change(small)))
			if err == nil {
				t.Fatal("it is taken")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q:\n%v", want, err)
				}
			}
		})
	}
}

func add(line string) func(string) string {
	return func(s string) string { return s + line + "\n" }
}

func replace(from, to string) func(string) string {
	return func(s string) string {
		if !strings.Contains(s, from) {
			panic("nothing to replace: " + from)
		}
		return strings.Replace(s, from, to, 1)
	}
}
