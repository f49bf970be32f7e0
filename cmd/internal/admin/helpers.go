package admin

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/cmd/internal/backtesting"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// helpers are what templates call.
var helpers = template.FuncMap{
	"day": func(m crm.Millis) string {
		if m == 0 {
			return ""
		}
		return m.Time().Format("2 Jan 2006")
	},
	"instant": func(m crm.Millis) string {
		if m == 0 {
			return ""
		}
		return m.Time().Format("2 Jan 2006 15:04") + " UTC"
	},
	"iso": func(m crm.Millis) string { return m.Time().Format(time.RFC3339) },
	"clock": func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.UTC().Format("2 Jan 15:04:05") + " UTC"
	},
	"words": func(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "_", " ") },
	"listed": func(v any) string {
		return strings.ReplaceAll(strings.Join(strings.Fields(fmt.Sprint(v)), ", "), "_", " ")
	},
	"money":  api.Money,
	"bytes":  func(n uint64) string { return humanize.IBytes(n) },
	"size":   func(n int) string { return humanize.IBytes(uint64(max(n, 0))) },
	"person": personURL,
	"signed": func(n int) string { return fmt.Sprintf("%+d", n) },
	"breakable": func(name string) template.HTML { // a line may end behind an underscore
		return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(name), "_", "_<wbr>"))
	},
	"moved":  func(move string) string { return strings.Replace(move, ">", " to ", 1) },
	"per100": func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
	"some":   func(n int, one, many string) string { return some(n, one, many) },
	"fields": strings.Fields,
	"comma":  func(n int) string { return humanize.Comma(int64(n)) },
	"status": func(t backtesting.Tally, of crm.Status) int { return t.Statuses[of] },
	"duration": func(seconds int) string {
		if seconds < 90 {
			return some(max(seconds, 1), "second", "seconds")
		}
		if seconds < 90*60 {
			return some((seconds+30)/60, "minute", "minutes")
		}
		return some((seconds+1800)/3600, "hour", "hours")
	},
}

// personURL is where a contact's page is.
func personURL(source, contact string) string {
	parts := strings.Split(contact, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return "/contacts/" + url.PathEscape(source) + "/" + strings.Join(parts, "/")
}

func some(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(int64(n)) + " " + many
}
