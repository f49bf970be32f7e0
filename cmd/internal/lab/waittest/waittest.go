// Package waittest is how tests wait: for what has to come about, never for a time in which a fast machine would have
// done it.
package waittest

import (
	"os"
	"testing"
	"time"
)

// Hang is how long a test waits for something before it takes it that it will never come: no measure of speed, and long
// enough for a machine that is busy with other things.
const Hang = 5 * time.Minute

// Until returns once done reports true, and fails the test after Hang.
func Until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(Hang); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", Hang, what)
		}
	}
}

// Long reports whether the tests that have a long form take it: WINNOW_TEST_LONG=1.
func Long() bool { return os.Getenv("WINNOW_TEST_LONG") != "" }
