package app

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestConnectionsThatSayNothing: whoever holds more of them open than there may be keeps nobody out.
func TestConnectionsThatSayNothing(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln := bound(inner, 8)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }), ReadHeaderTimeout: time.Minute, ConnState: ln.state}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ln) }()
	defer func() { _ = srv.Close(); <-done }()
	for range 40 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	client := &http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	for range 3 {
		resp, err := client.Get("http://" + inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if string(body) != "here" {
			t.Errorf("answered %q", body)
		}
	}
	ln.mu.Lock()
	defer ln.mu.Unlock()
	if len(ln.open) > 8 {
		t.Errorf("%d connections are open", len(ln.open))
	}
}

// TestServerLogIsBounded: what anybody can cause makes few lines, none of them an error, and no address.
func TestServerLogIsBounded(t *testing.T) {
	core, logged := observer.New(zap.DebugLevel)
	l := serverLog(zap.New(core))
	for range 100 {
		l.Print("http: TLS handshake error from 192.0.2.7:4711: EOF")
	}
	if logged.Len() != 1 {
		t.Fatalf("%d lines", logged.Len())
	}
	line := logged.All()[0]
	what, _ := line.ContextMap()["what"].(string)
	if line.Level >= zap.ErrorLevel || strings.Contains(what, "192.0.2.7") || !strings.Contains(what, "TLS handshake error") {
		t.Errorf("%s: %q", line.Level, what)
	}
}
