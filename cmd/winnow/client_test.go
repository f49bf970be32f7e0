package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
)

func TestParseSince(t *testing.T) {
	now := time.Date(2026, 3, 2, 15, 4, 5, 0, time.UTC)
	for s, want := range map[string]string{
		"365d": "2025-03-02T00:00:00Z", "36500d": "1926-03-27T00:00:00Z", "2026-01-31": "2026-01-31T00:00:00Z",
		"2026-03-02T10:00:00+01:00": "2026-03-02T09:00:00Z",
	} {
		if got, err := parseSince(s, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s is %s, %v; want %s", s, got, err, want)
		}
	}
	for s, want := range map[string]string{
		"": "want a number of days", "0d": "want a number of days", "-5d": "want a number of days",
		"999999d": "want a number of days", "12h": "want a number of days", "01/02/2026": "want a number of days",
		"2026-03-03": "lies ahead",
	} {
		if got, err := parseSince(s, now); err == nil || !strings.Contains(err.Error(), "--since") ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%q is %s, %v; want %q", s, got, err, want)
		}
	}
}

func TestHealthcheckOfNobody(t *testing.T) {
	nobody := porttest.Free(t)
	file := filepath.Join(t.TempDir(), "listen")
	if err := os.WriteFile(file, []byte(nobody+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, given := range [][2]string{{nobody, ""}, {"", file}} {
		t.Setenv("WINNOW_ADMIN_LISTEN", given[0])
		t.Setenv("WINNOW_ADMIN_LISTEN_FILE", given[1])
		cmd := healthcheckCommand()
		cmd.SetArgs(nil)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err == nil ||
			!strings.Contains(err.Error(), "no winnow answers at "+nobody) {
			t.Errorf("%v", err)
		}
	}
}

// TestNewStoreIsSaid: a backfill may come first and make the store, but where one was meant to be there that must not
// pass unseen.
func TestNewStoreIsSaid(t *testing.T) {
	for name, value := range map[string]string{
		"WINNOW_HUBSPOT_TOKEN": "t", "WINNOW_HUBSPOT_CLIENT_SECRET": "s",
		"WINNOW_HUBSPOT_API_URL": "http://127.0.0.1:1",
		"WINNOW_DATA_DIR":        filepath.Join(t.TempDir(), "store"), "WINNOW_ADMIN_LISTEN": "127.0.0.1:1",
		"WINNOW_NATS_URL": "",
	} {
		t.Setenv(name, value)
	}
	cfg, err := config.Load(os.Environ())
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = write
	c, err := dial(t.Context(), cfg, nil, pipeline.RoleFetch)
	os.Stderr = stderr
	_ = write.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	said, err := io.ReadAll(read)
	if err != nil || !strings.Contains(string(said), "a new one is made there") {
		t.Errorf("said %q, %v", said, err)
	}
}
