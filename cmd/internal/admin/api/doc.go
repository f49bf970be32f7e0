// Package api is the admin API: what can be asked, with what, and what is answered, by name. The console's process
// answers it (package admin), the commands ask it. Requests go as a query or a form, so that curl can write them by
// hand; answers are JSON with names in snake_case, which only ever gain fields; an error is {"error": "..."}.
package api
