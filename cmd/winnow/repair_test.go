package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// TestRepair loses files of a store, as a disk or a restoration does: serve refuses it and says what to do, repair
// takes it as it is and says what is missing, and serve reads that again. Of a whole store nothing is missing.
func TestRepair(t *testing.T) {
	w := newTown(t, 3)
	listen, dir := porttest.Free(t), t.TempDir()
	env := w.env(dir, listen, porttest.Free(t))
	hook := func() string { return "http://" + listen + "/hooks/hubspot" }
	w.box.SetWebhookURL(hook())
	p := start(t, env, "serve")
	id := w.contacts[0]
	w.box.Email([]string{id}, hubspot.Email{
		Incoming: true, Subject: "Offer", Text: "What would five of them cost?",
	})
	w.send(t.Context(), hook, w.box.Events())
	rated := func() bool { r, _ := w.box.Contact(id); return r.Properties["winnow_ball"] == "us" }
	waittest.Until(t, "a rating", rated)
	refused := func(want string, args ...string) {
		t.Helper()
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("winnow %s: %v, want a refusal with %q\n%s", strings.Join(args, " "), err, want, out)
		}
	}
	refused("another process", "repair")
	end := func(p *process) {
		t.Helper()
		p.signal(os.Interrupt)
		if err := p.cmd.Wait(); err != nil {
			t.Fatalf("the end of serve: %v\n%s", err, last(p.log, 3000))
		}
	}
	end(p)
	if got := winnow(t, env, "repair"); !strings.Contains(got, "nothing is missing") {
		t.Errorf("of a store that is whole repair says\n%s", got)
	}

	streams := filepath.Join(dir, "jetstream", "$G", "streams")
	for _, lost := range []string{
		filepath.Join(streams, "CONTACTS_0"), filepath.Join(streams, "CONTACTS_1", "msgs", "1.blk"),
	} {
		if _, err := os.Stat(lost); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(lost); err != nil {
			t.Fatal(err)
		}
	}
	refused("winnow repair", "serve")
	refused("CONTACTS_0", "serve")
	got := winnow(t, env, "repair")
	for _, want := range []string{
		"of CONTACTS_0", "of CONTACTS_1", "since an unknown day", "start winnow serve",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("repair says\n%s\nwant %q", got, want)
		}
	}
	p = start(t, env, "serve")
	waittest.Until(t, "what was lost is known again", func() bool {
		return strings.Contains(winnowOr(env, "explain", "hubspot", id, "--history"), "CONVERSATION")
	})
	waittest.Until(t, "the letters of it have gone", func() bool {
		return strings.Contains(winnowOr(env, "deadletters"), "no dead letters")
	})
	if !rated() {
		t.Error("what stood in the CRM is gone")
	}
	end(p)
	if got := winnow(t, env, "repair"); !strings.Contains(got, "nothing is missing") {
		t.Errorf("afterwards repair says\n%s", got)
	}
}

// winnowOr is what a command prints, whether it succeeds or not.
func winnowOr(env []string, args ...string) string {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = env
	out, _ := cmd.CombinedOutput()
	return string(out)
}
