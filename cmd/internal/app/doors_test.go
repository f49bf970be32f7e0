package app

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

type connKey struct{}

// door is a server behind a listener that has few connections. What comes with the word genuine is verified before its
// body is read, and answered once release is closed.
func door(t *testing.T, most int) (ln *bounded, release chan struct{}) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln, release = bound(inner, most), make(chan struct{})
	srv := ln.serve(&http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Signature") == "genuine" {
				c, _ := r.Context().Value(connKey{}).(*counted)
				c.verified()
				<-release
			}
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "here")
		}),
	})
	tells := srv.ConnContext
	srv.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(tells(ctx, conn), connKey{}, conn)
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return ln, release
}

// crowd opens connections that begin with what is given and then say nothing.
func crowd(t *testing.T, ln *bounded, n int, begin string) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_, _ = io.WriteString(c, begin) // it may have given way already
	}
}

func ask(ln *bounded, signature string) error {
	req, err := http.NewRequest(http.MethodPost, "http://"+ln.Addr().String(), strings.NewReader("[]"))
	if err != nil {
		return err
	}
	req.Header.Set("Signature", signature)
	client := &http.Client{Timeout: waittest.Hang, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "here" {
		return fmt.Errorf("answered %q", body)
	}
	return nil
}

// TestConnectionsGiveWay: whoever holds more connections open than there may be keeps nobody out, wherever in a request
// they stay; and what is verified does not give way.
func TestConnectionsGiveWay(t *testing.T) {
	for name, begin := range map[string]string{
		"silent":              "",
		"a part of the head":  "POST / HTTP/1.1\r\nHost: x\r\nSig",
		"a part of the body":  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx",
		"a request and a bit": "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nxPO",
	} {
		t.Run(name, func(t *testing.T) {
			ln, release := door(t, 8)
			held := make(chan error, 1)
			go func() { held <- ask(ln, "genuine") }()
			waittest.Until(t, "the verified one is in hand", func() bool { return ln.atWork() == 1 })
			crowd(t, ln, 40, begin)
			for range 3 {
				if err := ask(ln, "guessed"); err != nil {
					t.Error(err)
				}
			}
			close(release)
			if err := <-held; err != nil {
				t.Errorf("the verified one: %v", err)
			}
			ln.mu.Lock()
			defer ln.mu.Unlock()
			if ln.all.open > 8 {
				t.Errorf("%d connections are open", ln.all.open)
			}
		})
	}
}

// atWork is how many connections do not give way.
func (b *bounded) atWork() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.open - b.all.strangers.Len() - b.all.known.Len()
}

// TestWhichGivesWay: of one address beyond its share its own oldest, else the oldest of all that never had a verified
// request, and only then one that waits for its next.
func TestWhichGivesWay(t *testing.T) {
	b := bound(nil, 4)
	b.share = 2
	open := func(from string) (c, gone *counted) {
		c = &counted{of: b, from: from}
		return c, b.add(c)
	}
	crm, _ := open("crm")
	crm.verified()
	one, _ := open("a")
	two, _ := open("a")
	if three, gone := open("a"); gone != one || three.closed {
		t.Error("beyond the share of an address another one than its oldest gave way")
	}
	proxied, _ := open("")
	if _, gone := open("b"); gone != two {
		t.Error("beyond all another one than the oldest stranger gave way")
	}
	proxied.idle() // refused, it keeps its place
	crm.idle()
	order := []string{"a", "", "b"}
	for i := range 4 {
		if _, gone := open("new" + fmt.Sprint(i)); gone == crm {
			t.Errorf("the known one gave way before strangers, at %d", i)
		} else if i < len(order) && gone.from != order[i] {
			t.Errorf("%q gave way, want one of %q", gone.from, order[i])
		}
	}
	if b.all.open != 4 || b.all.known.Len() != 1 || len(b.from) != 4 {
		t.Errorf("%d are open, %d of them known, of %d addresses", b.all.open, b.all.known.Len(), len(b.from))
	}
}

// TestServerLogIsBounded: what anybody can cause makes few lines, none of them an error, and no address.
func TestServerLogIsBounded(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	srv := hookServer(nil, zap.New(core))
	for range 100 {
		srv.ErrorLog.Print("http: TLS handshake error from 192.0.2.7:4711: EOF")
	}
	if logged.Len() != 1 {
		t.Fatalf("%d lines", logged.Len())
	}
	line := logged.All()[0]
	what, _ := line.ContextMap()["what"].(string)
	if line.Level >= zap.ErrorLevel || strings.Contains(what, "192.0.2.7") ||
		!strings.Contains(what, "TLS handshake error") {
		t.Errorf("%s: %q", line.Level, what)
	}
}
