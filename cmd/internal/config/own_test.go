package config

import (
	"strings"
	"testing"
	"time"
)

// TestOwnSettings: each source may have an interval, a mode and a limit of its own; else those of all hold.
func TestOwnSettings(t *testing.T) {
	environ := []string{
		"WINNOW_SOURCES=eu=hubspot,us=hubspot", "WINNOW_EU_TOKEN=t0ken", "WINNOW_EU_CLIENT_SECRET=s3cret",
		"WINNOW_US_TOKEN=t0ken", "WINNOW_US_CLIENT_SECRET=s3cret",
		"WINNOW_MODE=shadow", "WINNOW_EU_MODE=enforce", "WINNOW_EU_POLL_INTERVAL=0", "WINNOW_EU_MAX_BODY=2MiB",
	}
	c, err := Load(environ)
	if err != nil {
		t.Fatal(err)
	}
	eu, us := c.Sources[0].Own, c.Sources[1].Own
	if *eu.PollInterval != 0 || eu.Mode != Enforce || eu.MaxBody != 2<<20 {
		t.Errorf("eu has %v %v %v", *eu.PollInterval, eu.Mode, eu.MaxBody)
	}
	if *us.PollInterval != 10*time.Minute || us.Mode != Shadow || us.MaxBody != 1<<20 {
		t.Errorf("us has %v %v %v, want what holds for all", *us.PollInterval, us.Mode, us.MaxBody)
	}
	for setting, want := range map[string]string{
		"WINNOW_EU_POLL_INTERVAL=-1m": "WINNOW_EU_POLL_INTERVAL", "WINNOW_EU_MAX_BODY=1KiB": "WINNOW_EU_MAX_BODY",
		"WINNOW_EU_MODE=loud":    "WINNOW_EU_MODE",
		"WINNOW_EU_WEBHOOKS=off": "source eu has no webhooks",
	} {
		if _, err := Load(append(environ, setting)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want a complaint of %s", setting, err, want)
		}
	}
}
