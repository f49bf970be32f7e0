package main

import (
	"net"
	"strings"
	"testing"
	"time"
)

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)
	for s, want := range map[string]string{
		"365d": "2025-03-02T00:00:00Z", "36500d": "1926-03-27T00:00:00Z", "2026-01-31": "2026-01-31T00:00:00Z", "2026-03-02T10:00:00+01:00": "2026-03-02T09:00:00Z",
	} {
		if got, err := parseSince(s, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v; want %s", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"": "want a number of days", "0d": "want a number of days", "-5d": "want a number of days", "999999d": "want a number of days",
		"12h": "want a number of days", "01/02/2026": "want a number of days", "2026-03-03": "lies ahead",
	} {
		if got, err := parseSince(s, now); err == nil || !strings.Contains(err.Error(), "--since") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %s, %v; want %q", s, got, err, want)
		}
	}
}

func TestHealthcheckOfNobody(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // nobody listens there now
	t.Setenv("WINNOW_ADMIN_LISTEN", l.Addr().String())
	cmd := healthcheckCommand()
	cmd.SetArgs(nil)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "no winnow answers at "+l.Addr().String()) {
		t.Errorf("%v", err)
	}
}
