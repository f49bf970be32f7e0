// Package admin is the admin side over HTTP: is the process alive and ready, its metrics, and the admin API behind a
// token.
package admin

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxBody bounds a request to the admin API, in bytes. Settings to try and answers about dead letters are far smaller.
const maxBody = 1 << 20

// Options is what the console shows.
type Options struct {
	// nil error: deliveries can be taken in; a joined error is shown as one reason each
	Ready    *Probe
	Live     *Probe // an error: the process must be restarted
	Gatherer prometheus.Gatherer
	Tokens   []Token      // none: only this machine may ask, which the listen address has to ensure
	Answers  http.Handler // gets every request under /api/, path unchanged; nil: there is none
	Console  *Console     // nil: there are no pages
}

// New returns the handler of the admin port. /livez and /readyz answer everybody, because probes of container platforms
// carry no token; everything else asks for it. Without a token requests must name this machine as their host, so that a
// web page cannot reach the port by a name of its own that resolves to 127.0.0.1.
func New(o Options) http.Handler {
	metrics := promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: 10 * time.Second,
		EnableOpenMetrics: true, // which has exemplars, for those who ask for it
	})
	mux := http.NewServeMux()
	mux.Handle("GET /livez", o.Live)
	mux.Handle("GET /readyz", o.Ready)
	access := newAccess(o.Tokens)
	mux.Handle("GET /metrics", access.need(false, true, metrics))
	if o.Console != nil {
		mux.Handle("/", http.MaxBytesHandler(o.Console.handler(access), maxBody))
	}
	if o.Answers != nil {
		answers := http.MaxBytesHandler(http.NewCrossOriginProtection().Handler(o.Answers), maxBody)
		mux.Handle("GET /api/", access.need(false, false, answers))
		mux.Handle("/api/", access.need(true, false, answers))
	}
	return secured(access.open(), mux)
}

// Server returns a server for New's handler, with time limits on what a client may take. Answers may take long: an
// explanation reads the store, a backtest all of it.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10,
	}
}

// secured adds the headers that keep browsers from doing anything with an answer but show it, and checks the host.
func secured(open bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if open && !local(r.Host) {
			refuse(
				w,
				http.StatusMisdirectedRequest,
				"ask for this port as 127.0.0.1 or localhost, or set WINNOW_ADMIN_TOKEN",
			)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// local reports whether a Host header names this machine.
func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"error": message})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // fails when the client has gone only
}
