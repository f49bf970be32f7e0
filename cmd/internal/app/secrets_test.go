package app

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/lab/cast"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
)

// castClock moves a world's clock as the cast plays.
type castClock struct{ w *world }

func (c castClock) Set(t time.Time) { c.w.now.Store(t.UnixNano()) }

// TestNothingPrivateIsKept plays the whole cast and searches what Winnow printed, answered and stored: no secret and no
// message text anywhere, and no address but in a delivery that waits or is dead. On the way people look at them all.
func TestNothingPrivateIsKept(t *testing.T) {
	if testing.Short() {
		t.Skip("plays eight months")
	}
	t.Parallel()
	w := newWorld(t, hubspot.Options{}, "WINNOW_HUBSPOT_RATE_LIMIT=100000", "WINNOW_LOG_LEVEL=debug",
		"WINNOW_PARTITIONS=2")
	w.now.Store(cast.Begin.UnixNano())
	members := cast.All()
	settle := func(ctx context.Context) error {
		if err := w.box.Flush(ctx); err != nil {
			return err
		}
		return w.app.Pipeline.Idle(ctx)
	}
	if err := cast.Play(t.Context(), hubspot.Face{Sandbox: w.box}, members, castClock{w}, settle, nil); err != nil {
		t.Fatal(err)
	}
	t.Run("in a browser", w.looksFull)                                       // which has people's names looked up
	bad := w.box.Sign([]byte(`{"wrong":"` + strings.Repeat("x", 50) + `"}`)) // one dead letter and one refusal
	if status, err := w.box.Send(t.Context(), bad); err != nil || status/100 != 2 {
		t.Fatalf("a body that cannot be read: %d %v", status, err)
	}
	bad.Header.Set("X-HubSpot-Signature-v3", "wrong")
	if status, err := w.box.Send(t.Context(), bad); err != nil || status != 401 {
		t.Fatalf("a wrong signature: %d %v", status, err)
	}
	w.settle()

	said := map[string]string{"log": w.log.String()}
	for _, path := range []string{"/metrics", "/readyz", "/livez", "/api/deadletters"} {
		_, said[path] = w.admin(path)
	}
	for _, m := range members {
		_, said["explain "+m.Name] = w.admin("/api/explain?source=hubspot&contact=" + m.Contact)
	}
	if len(said["log"]) < 1000 || !strings.Contains(said["/metrics"], "winnow_facts_total") ||
		!strings.Contains(said["explain "+members[0].Name], "rating") {
		t.Fatal("there is too little output for this test to mean anything")
	}
	if err := w.app.Pipeline.Trim(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	stored := files(t, w.dir)

	readable := false
	for _, data := range stored {
		readable = readable || bytes.Contains(data, []byte("emails/"))
	}
	if !readable {
		t.Fatal("the store's files do not show even the ids of facts: they are compressed or encrypted, and nothing " +
			"can be found in them")
	}
	private := append([]string{"sandbox-secret", "sandbox-token"}, textsOf(w.box)...)
	if len(private) < 200 {
		t.Fatalf("only %d private strings to look for", len(private))
	}
	for _, s := range private {
		for where, text := range said {
			if strings.Contains(text, s) {
				t.Errorf("%s shows %q", where, s)
			}
		}
		for name, data := range stored {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds %q", name, s)
			}
		}
	}
	address := regexp.MustCompile(`[a-z0-9._-]+@[a-z0-9-]+\.example`)
	for where, text := range said {
		if found := address.FindString(text); found != "" {
			t.Errorf("%s shows the address %s", where, found)
		}
	}
	for name, data := range stored {
		if strings.Contains(name, "DELIVERIES") || strings.Contains(name, "DEADLETTERS") {
			continue // what was read leaves these files later than the stream
		}
		if found := address.Find(data); found != nil {
			t.Errorf("%s holds the address %s", name, found)
		}
	}
}

// textsOf are stretches of what people wrote in the sandbox's mails and calls, long enough to stand nowhere by chance.
func textsOf(box *hubspot.Sandbox) []string {
	var out []string
	for _, id := range box.Objects("emails") {
		r, _ := box.Object("emails", id)
		for line := range strings.Lines(r.Properties["hs_email_text"]) {
			if line = strings.TrimSpace(line); len(line) >= 25 {
				out = append(out, line[:25])
			}
		}
		if s := r.Properties["hs_email_subject"]; len(s) >= 12 {
			out = append(out, s)
		}
	}
	return out
}

// files reads every file below dir; what vanishes meanwhile is not there.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		all[strings.TrimPrefix(path, dir)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
