package admin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// Page is what the console shows at /: how each source stands and what waits for a person. It names no contact.
type Page struct {
	Version string
	Mode    string
	Model   string
	Now     time.Time
	Sources []Source
	Letters []Letter // oldest first, the first of them where there are many
	Waiting int      // dead letters in all
}

// Source is one CRM account on the page.
type Source struct {
	Name, Vendor       string
	ReadUpTo           time.Time
	Behind             time.Duration // how far that is back
	Read, Fetch, Write uint64        // what waits at each stage
	Ratings            []Count       // A to D
	Flagged            int           // pending or disqualified
	Overdue            int           // wait for our answer for too long
	Held               string        // why nothing is announced against its contacts, "" where nothing keeps it
}

// Count is how many contacts have a rating.
type Count struct {
	Letter   string
	Contacts int
}

// Letter is one dead letter on the page.
type Letter struct {
	Number                           uint64
	Since                            time.Time
	Stage, Source, Kind, Reason, Fix string
}

// shownPage is a Page with what the console adds.
type shownPage struct {
	Page
	NotReady []string
}

const style = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 72rem; color: #1c2430; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #d8dde4; vertical-align: top }
.n { text-align: right; font-variant-numeric: tabular-nums }
.dim { color: #5a6675 } .bad { color: #a01818; font-weight: 600 } .good { color: #17662f }
code { font-size: .9em }
@media (prefers-color-scheme: dark) { body { color: #e4e8ee; background: #14181e } th, td { border-color: #333b46 } .dim { color: #9aa5b3 } .bad { color: #ff8f8f } .good { color: #7fd69a } a { color: #8fbaff } }
`

const markup = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Winnow</title><style>` + style + `</style></head>
<body>
<h1>Winnow</h1>
<p class="dim">version {{.Version}}, mode {{.Mode}}, rules {{.Model}}, as of {{.Now.Format "2006-01-02 15:04:05 MST"}}</p>
{{if .NotReady}}<p class="bad">Not ready to take deliveries:</p><ul>{{range .NotReady}}<li>{{.}}</li>{{end}}</ul>{{else}}<p class="good">Ready to take deliveries.</p>{{end}}
<h2>Sources</h2>
<table>
<tr><th>Source</th><th>Read up to</th><th class="n">To read</th><th class="n">To fetch</th><th class="n">To write</th>
{{- range $l := letters}}<th class="n">{{$l}}</th>{{end}}<th class="n">Pending or disqualified</th><th class="n">Overdue replies</th><th>Announcements</th></tr>
{{range .Sources -}}
<tr><td>{{.Name}} <span class="dim">{{.Vendor}}</span></td>
<td>{{if .ReadUpTo.IsZero}}-{{else}}{{.ReadUpTo.Format "2006-01-02 15:04:05"}}{{if ge .Behind.Seconds 60.0}} <span class="bad">{{.Behind}} behind</span>{{end}}{{end}}</td>
<td class="n">{{.Read}}</td><td class="n">{{.Fetch}}</td><td class="n">{{.Write}}</td>
{{- range .Ratings}}<td class="n">{{.Contacts}}</td>{{end}}<td class="n">{{.Flagged}}</td><td class="n">{{.Overdue}}</td>
<td>{{if .Held}}<span class="bad">held back: {{.Held}}</span>{{else}}go out{{end}}</td></tr>
{{end -}}
</table>
<h2>Dead letters</h2>
{{if .Letters}}<p>{{.Waiting}} wait for a person. <code>winnow deadletters</code> shows, sends again and discards them.</p>
<table>
<tr><th class="n">Number</th><th>Since</th><th>Stage</th><th>Source</th><th>Kind</th><th>Reason and what to do</th></tr>
{{range .Letters -}}
<tr><td class="n">{{.Number}}</td><td>{{.Since.Format "2006-01-02 15:04"}}</td><td>{{.Stage}}</td><td>{{.Source}}</td><td>{{.Kind}}</td><td>{{.Reason}}<br><span class="dim">{{.Fix}}</span></td></tr>
{{end -}}
</table>{{else}}<p>There are none.</p>{{end}}
<h2>More</h2>
<p><a href="/metrics">metrics</a>, <a href="/readyz">readyz</a>, <a href="/livez">livez</a>. A rating with its reasons: <code>winnow explain &lt;source&gt; &lt;contact&gt;</code>.</p>
</body>
</html>
`

// page answers / with what show returns. It runs no scripts, and of styles its own alone.
func page(show func(context.Context) (Page, error), ready *probe) http.Handler {
	tmpl := template.Must(template.New("page").Funcs(template.FuncMap{"letters": func() []string { return crm.Letters }}).Parse(markup))
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := show(r.Context())
		if err != nil {
			refuse(w, http.StatusInternalServerError, err.Error())
			return
		}
		shown := shownPage{Page: p}
		if err := ready.result(r.Context()); err != nil {
			shown.NotReady = reasons(err)
		}
		var b bytes.Buffer
		if err := tmpl.Execute(&b, shown); err != nil {
			refuse(w, http.StatusInternalServerError, "the page cannot be shown: "+err.Error())
			return
		}
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = b.WriteTo(w) // fails when the client has gone only
	})
}

// forBrowsers lets a browser give the token as the password of any user, because it cannot send it otherwise. It stands
// before what only shows: a browser sends a password along with what other sites make it ask for, too.
func forBrowsers(token connectors.Secret, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	bearer := authorised(token, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, ok := r.BasicAuth(); ok && token.Equal(given) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Add("WWW-Authenticate", `Basic realm="winnow: WINNOW_ADMIN_TOKEN is the password", charset="UTF-8"`)
		bearer.ServeHTTP(w, r)
	})
}
