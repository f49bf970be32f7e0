package cast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	faces "github.com/winnow-crm/winnow/cmd/internal/lab/stage"
	"github.com/winnow-crm/winnow/cmd/internal/lab/world"
)

// ServeOptions are those of a sandbox that runs by itself.
type ServeOptions struct {
	Start   func(world.Options) (world.Face, error)
	Sandbox world.Options // Now, Sent, Live and Transport are set by Serve
	Cast    bool          // play the cast
	Speed   float64       // simulated days a second; 0: 4
	Out     io.Writer
	Program string // how winnow is called here; default "winnow"
}

// warp is the portal's clock: simulated while the cast plays, the real one before and after.
type warp struct{ ms atomic.Int64 }

func (w *warp) Set(t time.Time) { w.ms.Store(t.UnixMilli()) }

func (w *warp) now() time.Time {
	if ms := w.ms.Load(); ms != 0 {
		return time.UnixMilli(ms).UTC()
	}
	return time.Now()
}

// Serve runs a sandbox until ctx ends, for trying `winnow serve` against it. The cast plays the months that end now:
// what it does is dated in the past, and delivered and signed now, as after an outage of the CRM.
func Serve(ctx context.Context, opt ServeOptions) (err error) {
	w := &warp{}
	opt.Sandbox.Now, opt.Sandbox.Sent, opt.Sandbox.Live = w.now, time.Now, true
	opt.Sandbox.RetryWait = cmp.Or(opt.Sandbox.RetryWait, time.Second)
	opt.Program = cmp.Or(opt.Program, "winnow")
	out := &lines{w: opt.Out}
	opt.Sandbox.Transport = &arrivals{next: http.DefaultTransport, out: out}
	s, err := opt.Start(opt.Sandbox)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	out.exports(s, opt.Sandbox, opt.Program)
	if opt.Sandbox.People > 0 {
		out.printf("# %d contacts\n", opt.Sandbox.People)
	}
	s.OnWrite(func(wr world.Write) {
		p, _ := s.Person(wr.Person)
		name := strings.TrimSpace(p.Profile.First + " " + p.Profile.Last)
		out.printf("# %s  %-8s %-24s %-2s %s\n",
			wr.Time.Format("2006-01-02 15:04"), wr.Person, name, p.Fields["rating"], p.Fields["status"])
	})
	if opt.Cast {
		if !reachable(ctx, opt.Sandbox.WebhookURL, out) {
			return nil
		}
		if err := playNow(ctx, s, w, opt.Speed); err != nil && ctx.Err() == nil {
			return err
		}
		w.ms.Store(0)
		out.printf("# the cast has played; the sandbox goes on in real time\n"+
			"# next: %s status, or owed, contacts and decisions; or in a browser http://127.0.0.1:8081/\n", opt.Program)
	}
	<-ctx.Done()
	return nil
}

// reachable waits until somebody listens where deliveries go, so that the cast does not play to an empty house. It
// returns false when ctx ends first.
func reachable(ctx context.Context, webhook string, out *lines) bool {
	u, err := url.Parse(webhook)
	if err != nil || u.Host == "" {
		return ctx.Err() == nil // nothing is delivered: it can be polled
	}
	for said := false; ; {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp",
			net.JoinHostPort(u.Hostname(), port(u)))
		if err == nil {
			_ = conn.Close()
			return true
		}
		if !said {
			out.printf("# waiting for winnow serve on %s\n", u.Host)
			said = true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// playNow plays the cast, moved by whole weeks so that it ends now.
func playNow(ctx context.Context, s world.CRM, w *warp, speed float64) error {
	if speed <= 0 {
		speed = 4
	}
	shift := time.Since(End).Truncate(7 * day)
	members := All()
	for i := range members {
		for j := range members[i].Steps {
			members[i].Steps[j].At = members[i].Steps[j].At.Add(shift)
		}
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / speed))
	defer tick.Stop()
	settle := func(ctx context.Context) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			return nil
		}
	}
	return play(ctx, s, members, Begin.Add(shift), End.Add(shift), w, settle, nil)
}

// lines prints from several goroutines.
type lines struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lines) printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.w, format, args...) // a closed terminal is no reason to stop
}

// exports prints the settings with which `winnow serve` works against this sandbox.
func (l *lines) exports(s world.Face, opt world.Options, program string) {
	source := s.Vendor()
	l.printf("# A sandbox %s listens on %s. In another terminal:\n", s.Title(), s.URL())
	if source != "hubspot" {
		l.printf("export WINNOW_SOURCES=%s\n", faces.Sources(source))
	}
	for _, setting := range s.Settings(source) {
		l.printf("export %s\n", setting)
	}
	if u, err := url.Parse(opt.WebhookURL); err == nil && u.Host != "" {
		l.printf("export WINNOW_LISTEN=:%s\nexport WINNOW_PUBLIC_URL=%s://%s\n", port(u), u.Scheme, u.Host)
	} else {
		l.printf("export WINNOW_%s_WEBHOOKS=off   # the sandbox was given no address to deliver to\n",
			strings.ToUpper(source))
	}
	if !opt.Fields {
		l.printf("%s setup %s\n", program, source)
	}
	l.printf("%s serve\n", program)
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}
