package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/connectors/hubspot"
)

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "mounted")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFiles(t *testing.T) {
	c, err := Load([]string{
		"WINNOW_HUBSPOT_CLIENT_SECRET_FILE=" + file(t, "s3cret\r\n"), "WINNOW_HUBSPOT_TOKEN_FILE=" + file(t, "t0ken"),
		"WINNOW_RULES_SETTLE_FILE=" + file(t, "7m\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	h := c.Sources[0].Config.(*hubspot.Config)
	if h.ClientSecret.Reveal() != "s3cret" || h.Token.Reveal() != "t0ken" {
		t.Errorf("read %q and %q; the newline at the end is no part of a secret", h.ClientSecret.Reveal(),
			h.Token.Reveal())
	}
	if got := c.Rules.Settle().String(); got != "7m0s" {
		t.Errorf("WINNOW_RULES_SETTLE_FILE was read as %s", got)
	}
}

func TestFilesThatCannotBe(t *testing.T) {
	for name, c := range map[string]struct{ environ, want string }{
		"missing": {
			"WINNOW_ADMIN_TOKEN_FILE=/nowhere/at/all",
			"WINNOW_ADMIN_TOKEN: WINNOW_ADMIN_TOKEN_FILE: open /nowhere/at/all",
		},
		"directory": {"WINNOW_ADMIN_TOKEN_FILE=" + t.TempDir(), "WINNOW_ADMIN_TOKEN: "},
		"too large": {"WINNOW_ADMIN_TOKEN_FILE=" + file(t, strings.Repeat("x", maxFile+1)), "larger than"},
		"binary":    {"WINNOW_ADMIN_TOKEN_FILE=" + file(t, "a\x00b"), "NUL"},
		"unknown": {
			"WINNOW_ADMIN_TOKN_FILE=" + file(t, "x"),
			"WINNOW_ADMIN_TOKN_FILE: there is no such setting; did you mean WINNOW_ADMIN_TOKEN?",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if said := refused(t, c.environ); !strings.Contains(said, c.want) {
				t.Errorf("nothing says %q in:\n%s", c.want, said)
			}
		})
	}
	said := refused(t, "WINNOW_HUBSPOT_TOKEN_FILE="+file(t, "other"))
	if !strings.Contains(said, "WINNOW_HUBSPOT_TOKEN: set in WINNOW_HUBSPOT_TOKEN_FILE as well") ||
		strings.Contains(said, "WINNOW_HUBSPOT_TOKEN: not set") {
		t.Errorf("both given: %s", said)
	}
}

// TestFilesOfEverybody: what anybody on the machine may write is no secret of ours.
func TestFilesOfEverybody(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the mode of a file says nothing there")
	}
	name := file(t, "-----BEGIN NATS USER JWT-----")
	for _, env := range [][]string{
		{"WINNOW_ADMIN_TOKEN_FILE=" + name},
		{"WINNOW_NATS_URL=tls://nats:4222", "WINNOW_NATS_CREDS=" + name},
		{"WINNOW_TLS_CERT=" + file(t, "x"), "WINNOW_TLS_KEY=" + name},
		{"WINNOW_ADMIN_TLS_CERT=" + file(t, "x"), "WINNOW_ADMIN_TLS_KEY=" + name},
	} {
		for mode, ok := range map[os.FileMode]bool{0o600: true, 0o640: true, 0o644: true, 0o666: false, 0o602: false} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
			_, err := Load(append(env, "WINNOW_HUBSPOT_CLIENT_SECRET=s3cret", "WINNOW_HUBSPOT_TOKEN=t0ken"))
			if said := err != nil && strings.Contains(err.Error(), "can be written by everybody"); said == ok {
				t.Errorf("%v with mode %o: %v", env, mode, err)
			}
		}
	}
}

// Of a setting that is a file itself, NAME_FILE names that file; its content would be no path.
func TestPathsAreNotOpened(t *testing.T) {
	creds := file(t, "-----BEGIN NATS USER JWT-----")
	c := load(t, "WINNOW_NATS_URL=tls://nats:4222", "WINNOW_NATS_CREDS_FILE="+creds)
	if got := c.QueueConfig().Creds; got != creds {
		t.Errorf("the credentials file is %q, want %q", got, creds)
	}
}
