package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
)

//go:embed pages
var pages embed.FS

// policy lets a page show its own style and nothing else; it has no scripts.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'"

// Console is the pages for people: server-rendered, without scripts. Each shows an answer of the API, and is to be had
// as that too, under its name with .json.
type Console struct {
	answers *Answers
	access  *access
	style   []byte
	styleAt string // under which browsers keep it: it changes with what it holds
}

// NewConsole returns the pages that show what a answers.
func NewConsole(a *Answers) *Console {
	style, err := pages.ReadFile("pages/style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(style)
	return &Console{answers: a, style: style, styleAt: "/style-" + hex.EncodeToString(sum[:6]) + ".css"}
}

// handler serves the pages to those whom access lets in.
func (c *Console) handler(access *access) http.Handler {
	c.access = access
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+c.styleAt, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=31536000, immutable")
		_, _ = w.Write(c.style) // fails when the client has gone only
	})
	mux.HandleFunc("GET /icon.svg", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pages, "pages/icon.svg")
	})
	a, v := c.answers, &views{c.answers}
	show(c, mux, "/{$}", "today", v.status, todayOf, nil)
	show(c, mux, "/owed", "owed", v.owed, owedOf, owedTable)
	show(c, mux, "/contacts", "contacts", v.contacts, contactsOf, contactsTable)
	show(c, mux, "/decisions", "decisions", v.decisions, plain[api.Nothing, api.DecisionsPage], nil)
	show(c, mux, "/rules", "rules", v.rules, rulesOf, nil)
	show(c, mux, "/trends", "trends", v.trends, trendsOf, trendsTable)
	show(c, mux, "/sources", "sources", v.status, plain[api.Nothing, api.StatusPage], nil)
	show(c, mux, "/system", "system", v.system, systemOf, nil)
	mux.Handle("GET /contacts/{source}/{person...}", http.HandlerFunc(c.contact))
	looks := access.need(false, true, mux)

	acts := http.NewServeMux()
	order(c, acts, "/decisions/release", a.release)
	order(c, acts, "/decisions/refuse", a.refuse)
	order(c, acts, "/system/resend", a.resend)
	order(c, acts, "/system/discard", a.discard)
	order(c, acts, "/contacts/forget", a.forget)
	tries := http.NewServeMux()
	tries.HandleFunc("POST /rules/try", a.trying(a.try))
	tries.HandleFunc("POST /rules/stop", a.trying(a.stopTrying))
	posts := http.NewServeMux()
	posts.Handle("/", access.need(true, true, access.formed(acts)))
	posts.Handle("/rules/", access.need(false, true, access.formed(tries))) // nothing is changed by trying
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.ServeHTTP(w, r)
			return
		}
		looks.ServeHTTP(w, r)
	})
}

// view is what a template gets: the answer, and what is on every page.
type view struct {
	Title   string
	Page    string // its name, which the navigation marks
	Style   string
	Stamp   string // of forms
	May     bool   // act
	Asked   any    // the request
	Said    string // what an order came to
	Answer  any
	Drawn   any // what was made of the answer for this page alone
	Refresh int // after how many seconds the page is to be had anew; 0: when somebody asks
}

// refreshEvery is how often a page comes anew that shows how far something is, in seconds.
const refreshEvery = 3

// plain is for pages that show the answer as it is.
func plain[Q, A any](Q, A) any { return nil }

// show serves a page, its answer as JSON, and as a table where it has one.
func show[Q, A any](
	c *Console,
	mux *http.ServeMux,
	path, name string,
	ask func(context.Context, Q) (A, error),
	draw func(Q, A) any,
	table func(A) [][]string,
) {
	tmpl := parse(name)
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		q, a, err := answered(r, ask)
		v := view{Title: titles[name], Page: name, Asked: q, Answer: a, Said: r.FormValue("said")}
		if err == nil {
			v.Drawn = draw(q, a)
			if p, ok := any(a).(interface{ Moves() bool }); ok && p.Moves() {
				v.Refresh = refreshEvery
			}
		}
		c.render(w, r, tmpl, v, err)
	})
	file := "/" + name
	handle(mux, api.Call[Q, A]{Method: http.MethodGet, Path: file + ".json"}, ask)
	if table == nil {
		return
	}
	mux.HandleFunc("GET "+file+".csv", func(w http.ResponseWriter, r *http.Request) {
		_, a, err := answered(r, ask)
		if err != nil {
			fail(w, err)
			return
		}
		writeCSV(w, name, table(a))
	})
}

// writeCSV answers with a table. A cell that a spreadsheet would take for a formula is marked as text.
func writeCSV(w http.ResponseWriter, name string, table [][]string) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="winnow-`+name+`.csv"`)
	out := csv.NewWriter(w)
	for _, row := range table {
		for i, cell := range row {
			row[i] = backtesting.Cell(cell)
		}
		_ = out.Write(row) // fails when the client has gone only
	}
	out.Flush()
}

// titles are what pages are called.
var titles = map[string]string{
	"today": "Today", "owed": "Owed", "contacts": "Contacts", "contact": "Contact", "decisions": "Decisions",
	"rules": "Rules", "trends": "Trends",
	"sources": "Sources", "system": "System",
}

func parse(name string) *template.Template {
	return template.Must(
		template.New("base.html").
			Funcs(helpers).
			ParseFS(pages, "pages/base.html", "pages/parts.html", "pages/"+name+".html"),
	)
}

// render answers with a page. One whose answer failed says so, in its place.
func (c *Console) render(w http.ResponseWriter, r *http.Request, tmpl *template.Template, v view, err error) {
	who, _ := r.Context().Value(callerKey{}).(caller)
	v.Style, v.Stamp, v.May = c.styleAt, c.access.stamp(r.Context()), who.act
	status := http.StatusOK
	if err != nil {
		status = statusOf(err)
		tmpl, v.Answer = failedPage, err.Error()
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, v); err != nil {
		refuse(w, http.StatusInternalServerError, "the page cannot be shown: "+err.Error())
		return
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // fails when the client has gone only
}

var failedPage = parse("failed")

// order carries out what a form asks for and leads back to the page that it is on. What cannot be undone is asked once
// more.
func order[Q, A any](c *Console, mux *http.ServeMux, path string, do func(context.Context, Q) (A, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var q Q
		err := asked(r, &q)
		if err == nil && r.PostFormValue("sure") != "yes" && r.PostFormValue("confirm") != "" {
			err = badRequest("tick the box that says that you are sure: this cannot be undone")
		}
		if err == nil {
			_, err = do(r.Context(), q)
		}
		page := "/" + strings.Split(strings.Trim(path, "/"), "/")[0]
		if err != nil {
			c.render(w, r, failedPage, view{Title: "Not done", Page: strings.Trim(page, "/")}, err)
			return
		}
		w.Header().Set("Location", page+"?said=done")
		w.WriteHeader(http.StatusSeeOther)
	})
}

// contact is the page of one contact, or with .json its answer.
func (c *Console) contact(w http.ResponseWriter, r *http.Request) {
	person, asJSON := strings.CutSuffix(r.PathValue("person"), ".json")
	q := api.ContactQuery{
		Person: api.Person{Source: r.PathValue("source"), Contact: person}, Draft: r.FormValue("draft"),
	}
	a, err := (&views{c.answers}).contact(r.Context(), q)
	if asJSON {
		if err != nil {
			fail(w, err)
			return
		}
		answer(w, http.StatusOK, a)
		return
	}
	title := a.Name
	if title == "" {
		title = fmt.Sprintf("%s/%s", q.Source, q.Contact)
	}
	v := view{Title: title, Page: "contacts", Asked: q, Answer: a}
	if err == nil {
		v.Drawn = contactOf(a)
	}
	c.render(w, r, contactPage, v, err)
}

var contactPage = parse("contact")
