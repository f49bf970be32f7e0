package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/porttest"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/operate"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline/timing"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// asWinnow in the environment makes this test binary be winnow.
const asWinnow = "TEST_AS_WINNOW"

func TestMain(m *testing.M) {
	if os.Getenv(asWinnow) != "" {
		timing.Refetch = time.Second
		main()
		os.Exit(0)
	}
	for _, setting := range os.Environ() { // of a developer who runs Winnow from the same shell
		name, _, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "WINNOW_") && !strings.HasPrefix(name, "WINNOW_TEST_") {
			_ = os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// town is a sandbox HubSpot with contacts whose rating a human keeps changing, so that at any time it is known what has
// to stand in the CRM in the end.
type town struct {
	t        *testing.T
	box      *hubspot.Sandbox
	contacts []string

	mu   sync.Mutex
	last map[string]string // the last override of each contact
}

func newTown(t *testing.T, people int) *town {
	t.Helper()
	box, err := hubspot.Start(hubspot.Options{RateLimit: -1, SearchPerSecond: -1, Winnow: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	w := &town{t: t, box: box, last: map[string]string{}}
	for i := range people {
		w.contacts = append(w.contacts, box.CreateContact(map[string]string{
			"email": fmt.Sprintf("p%d@town.example", i),
		}))
	}
	return w
}

// change has a human set n overrides and a prospect write a mail now and then, and returns the events of it all.
func (w *town) change(rnd *rand.Rand, n int) []json.RawMessage {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range n {
		id := w.contacts[rnd.IntN(len(w.contacts))]
		letter := string("ABCD"[rnd.IntN(4)])
		if letter != w.last[id] {
			w.box.SetProperty(id, "winnow_override", letter)
			w.last[id] = letter
			time.Sleep(2 * time.Millisecond) // of two changes in one millisecond nobody could tell which came last
		}
		if rnd.IntN(10) == 0 {
			w.box.Email([]string{id}, hubspot.Email{
				Incoming: true, Subject: "a question", Text: "Could you tell me the price of two?",
			})
		}
	}
	return w.box.Events()
}

// send sends events to a hook until it is accepted, as HubSpot does, but sooner.
func (w *town) send(ctx context.Context, hook func() string, events []json.RawMessage) {
	for len(events) > 0 {
		n := min(len(events), 1+len(events)/2)
		for ctx.Err() == nil {
			w.box.SetWebhookURL(hook())
			status, err := w.box.Send(ctx, w.box.Pack(events[:n]))
			if err == nil && status/100 == 2 {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		events = events[n:]
	}
}

// wrong counts the contacts whose rating in the CRM is not the last override.
func (w *town) wrong() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for id, letter := range w.last {
		if r, _ := w.box.Contact(id); r.Properties["winnow_rating"] != letter {
			n++
		}
	}
	return n
}

// await returns once everything in the CRM is right.
func (w *town) await() {
	w.t.Helper()
	began := time.Now()
	waittest.Until(w.t, "every rating is that of the last change", func() bool { return w.wrong() == 0 })
	w.t.Logf("right %s after the last change", time.Since(began).Round(time.Millisecond))
}

// env is what a winnow of the town is started with.
func (w *town) env(dir, listen, admin string, more ...string) []string {
	return append([]string{
		asWinnow + "=1", "WINNOW_LISTEN=" + listen, "WINNOW_ADMIN_LISTEN=" + admin, "WINNOW_DATA_DIR=" + dir,
		"WINNOW_QUEUE_MIN_FREE=1MiB",
		"WINNOW_QUEUE_MAX_STORE=1GiB", "WINNOW_HUBSPOT_CLIENT_SECRET=sandbox-secret",
		"WINNOW_HUBSPOT_TOKEN=sandbox-token",
		"WINNOW_HUBSPOT_API_URL=" + w.box.URL(), "WINNOW_HUBSPOT_RATE_LIMIT=100000", "HOME=" + os.Getenv("HOME"),
		"PATH=" + os.Getenv("PATH"),
	}, more...)
}

// process is one running winnow.
type process struct {
	cmd    *exec.Cmd
	log    *bytes.Buffer
	logged chan struct{}
}

// start runs winnow and returns once it says that it has started.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return await(t, env, exec.Command(os.Args[0], args...))
}

// await runs a command that becomes winnow, and returns once it says that it has started.
func await(t *testing.T, env []string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, log: &bytes.Buffer{}, logged: make(chan struct{})}
	p.cmd.Env = env
	out, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started := make(chan bool, 1)
	go func() {
		defer close(p.logged)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.log.Write(append(lines.Bytes(), '\n'))
			if strings.Contains(lines.Text(), `"winnow started"`) {
				started <- true
			}
		}
		close(started)
	}()
	select {
	case ok := <-started:
		if !ok {
			t.Fatalf("winnow ended at once:\n%s", p.log)
		}
	case <-time.After(waittest.Hang):
		_ = p.cmd.Process.Kill()
		<-p.logged
		t.Fatalf("winnow did not start within %s:\n%s", waittest.Hang, p.log)
	}
	t.Cleanup(func() {
		p.kill()
		_ = p.cmd.Wait()
		if t.Failed() {
			t.Logf("the end of its log:\n%s", last(p.log, 4000))
		}
	})
	return p
}

func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) } // one that has ended needs no signal

func (p *process) kill() {
	p.signal(syscall.SIGCONT)
	p.signal(syscall.SIGKILL)
	<-p.logged
}

// TestTwoProcesses shares one NATS between two winnows; one is killed, and later one is stopped past its leases and
// woken again.
func TestTwoProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	ns, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true,
		NoLog: true, MaxPayload: 8 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	go ns.Start()
	defer func() { ns.Shutdown(); ns.WaitForShutdown() }()
	if !ns.ReadyForConnections(waittest.Hang) {
		t.Fatal("the NATS server did not start")
	}
	w := newTown(t, 60)
	listen := []string{porttest.Free(t), porttest.Free(t)}
	envs := make([][]string, 2)
	for i := range envs {
		envs[i] = w.env("", listen[i], porttest.Free(t), "WINNOW_NATS_URL="+ns.ClientURL(), "WINNOW_PARTITIONS=8")
	}
	var mu sync.Mutex
	to := 0
	hook := func() string {
		mu.Lock()
		defer mu.Unlock()
		return "http://" + listen[to] + "/hooks/hubspot"
	}
	aim := func(i int) { mu.Lock(); defer mu.Unlock(); to = i }
	w.box.SetWebhookURL(hook())
	a, b := start(t, envs[0], "serve"), start(t, envs[1], "serve")
	rnd := rand.New(rand.NewPCG(5, 6))
	w.send(t.Context(), hook, w.change(rnd, 300))
	w.await()

	t.Run("one is killed", func(t *testing.T) {
		w.t = t
		aim(1)
		a.kill()
		_ = a.cmd.Wait() // killed: its error is no news
		w.send(t.Context(), hook, w.change(rnd, 300))
		w.await() // its leases last 10 s
	})
	a = start(t, envs[0], "serve")
	w.send(t.Context(), hook, w.change(rnd, 100))
	w.await()

	t.Run("one is stopped past its leases and woken", func(t *testing.T) {
		w.t = t
		aim(0)
		done := make(chan struct{})
		go func() { // in the midst of work
			defer close(done)
			w.send(t.Context(), hook, w.change(rnd, 400))
		}()
		time.Sleep(100 * time.Millisecond)
		b.signal(syscall.SIGSTOP)
		<-done
		for range 8 {
			time.Sleep(2 * time.Second)
			w.send(t.Context(), hook, w.change(rnd, 50))
		}
		w.await()
		b.signal(syscall.SIGCONT)
		w.send(t.Context(), hook, w.change(rnd, 100))
		w.await()      // what was on its way to the sleeper is delivered again after a minute
		for range 30 { // whatever the woken one had in hand has landed by now
			time.Sleep(100 * time.Millisecond)
			if n := w.wrong(); n > 0 {
				w.await() // a stale rating may show for a moment, but it must not remain
			}
		}
	})
	for i, p := range []*process{a, b} {
		p.signal(syscall.SIGTERM)
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("process %d: %v\n%s", i, err, last(p.log, 3000))
		}
	}
}

func last(b *bytes.Buffer, n int) string {
	s := b.String()
	return s[max(0, len(s)-n):]
}

// winnow runs a command to its end and returns what it printed.
func winnow(t *testing.T, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("winnow %s: %v\n%s%s", strings.Join(args, " "), err, &out, &errs)
	}
	return out.String() + errs.String()
}

// TestCommands runs the commands as a user would, beside a running winnow and without one.
func TestCommands(t *testing.T) {
	w := newTown(t, 3)
	listen, dir := porttest.Free(t), t.TempDir()
	env := w.env(dir, listen, porttest.Free(t), "WINNOW_RULES_ROLES=owner")
	hook := func() string { return "http://" + listen + "/hooks/hubspot" }
	w.box.SetWebhookURL(hook())
	p := start(t, env, "serve")
	id := w.contacts[0]
	w.box.Email([]string{id}, hubspot.Email{Incoming: true, Subject: "Offer", Text: "What would five of them cost?"})
	w.send(t.Context(), hook, w.box.Events())
	if status, err := w.box.Send(t.Context(), w.box.Sign([]byte("not what HubSpot sends"))); err != nil ||
		status != 204 {
		t.Fatalf("a signed body that cannot be read: %d %v, want 204", status, err)
	}
	waittest.Until(t, "a rating", func() bool { r, _ := w.box.Contact(id); return r.Properties["winnow_ball"] == "us" })
	check := func(state string) {
		t.Helper()
		for _, c := range []struct {
			args []string
			want []string
		}{
			{[]string{"explain", "hubspot", id, "--history"}, []string{"rating", "next move", "us", "CONVERSATION"}},
			{[]string{"explain", "hubspot", id, "--json"}, []string{`"owed_reply_since"`}},
			{[]string{"deadletters"}, []string{"malformed", "read"}},
			{[]string{"breaker", "status", "hubspot"}, []string{"closed"}},
			{[]string{"config", "--set"}, []string{
				"[redacted]", "that the rules look at, read from every source\nrole\n", "all settings can be used",
			}},
			{[]string{"rules"}, []string{"short_answers", "A06"}},
		} {
			got := winnow(t, env, c.args...)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: winnow %s: %q is not in\n%s", state, strings.Join(c.args, " "), want, got)
				}
			}
			if strings.Contains(got, "sandbox-secret") || strings.Contains(got, "sandbox-token") {
				t.Errorf("winnow %s shows a secret", strings.Join(c.args, " "))
			}
		}
	}
	check("beside a running one")
	// Who looks needs none of the CRM's secrets, but has to know where to look.
	bare := slices.DeleteFunc(slices.Clone(env), func(v string) bool {
		return strings.HasPrefix(v, "WINNOW_HUBSPOT_CLIENT_SECRET=") || strings.HasPrefix(v, "WINNOW_HUBSPOT_TOKEN=")
	})
	if len(bare) != len(env)-2 {
		t.Errorf("%d settings are not secrets, of %d", len(bare), len(env))
	}
	if got := winnow(t, bare, "explain", "hubspot", id); !strings.Contains(got, "next move") {
		t.Errorf("explain without the CRM's secrets: %s", got)
	}
	refused := func(env []string, want string) {
		t.Helper()
		cmd := exec.Command(os.Args[0], "deadletters")
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("deadletters: %v, want a refusal with %q\n%s", err, want, out)
		}
	}
	refused(append(slices.Clone(bare), "WINNOW_ADMIN_LISTEN=nowhere"), "WINNOW_ADMIN_LISTEN")
	if got := winnow(t, env, "healthcheck"); !strings.Contains(got, "true") {
		t.Errorf("healthcheck: %s", got)
	}
	if got := winnow(t, env, "backfill", "hubspot", "--since", "30d"); !strings.Contains(got, "done:") ||
		!strings.Contains(got, "the running winnow goes on") {
		t.Errorf("backfill: %s", got)
	}
	p.signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("SIGTERM: %v\n%s", err, p.log)
	}
	check("over the store alone")
	refused(bare, "no winnow runs at")
	refused(bare, "WINNOW_HUBSPOT_CLIENT_SECRET")
	if got := winnow(t, env, "backfill", "hubspot", "--since", "20d"); !strings.Contains(got, "read and rated\nnow "+
		"start winnow serve") {
		t.Errorf("backfill without a running winnow: %s", got)
	}
	if got := winnow(t, env, "forget", "hubspot", id, "--now", "--yes"); !strings.Contains(got, "is forgotten") ||
		!strings.Contains(got, "compacted") {
		t.Errorf("forget: %s", got)
	}
	cmd := exec.Command(os.Args[0], "explain", "hubspot", id)
	cmd.Env = env
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "nothing is known") {
		t.Errorf("explain of a forgotten contact: %v\n%s", err, out)
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	for _, c := range []struct {
		args []string
		want string
		env  string
	}{
		{[]string{"forget", "hubspto", id, "--yes"}, "there are: hubspot", ""},
		{[]string{"forget", "hubspot", "404", "--yes"}, "nothing is known", ""},
		{[]string{"explain", "hubspto", id}, "there are: hubspot", ""},
		{[]string{"deadletters", "--source", "hubspto"}, "there are: hubspot", ""},
		{[]string{"deadletters", "--stage", "reed"}, "read, fetch, rate, write", ""},
		{[]string{"learn", "--source", "hubspto"}, "there are: hubspot", ""},
		{[]string{"deadletters"}, "WINNOW_DATA_DIR", "WINNOW_DATA_DIR=" + elsewhere},
		{[]string{"forget", "hubspot", id, "--yes"}, "WINNOW_DATA_DIR", "WINNOW_DATA_DIR=" + elsewhere},
	} {
		cmd := exec.Command(os.Args[0], c.args...)
		cmd.Env = append(slices.Clone(env), c.env)
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("winnow %s: %v, want a refusal with %q\n%s", strings.Join(c.args, " "), err, c.want, out)
		}
	}
	if _, err := os.Stat(elsewhere); err == nil {
		t.Error("a command made a store where there was none")
	}
	got := winnow(t, env, "forget", "hubspot", "404", "--unknown", "--yes")
	if !strings.Contains(got, "was not known") {
		t.Errorf("forget of somebody unknown: %s", got)
	}
	if got := winnow(t, env, "forget", "hubspot", id, "--yes"); !strings.Contains(got, "is forgotten") {
		t.Errorf("forget once more: %s", got)
	}
	if got := winnow(t, env, "deadletters", "discard", "--all", "--yes"); !strings.Contains(got, "discard: 1") {
		t.Errorf("discard: %s", got)
	}
	if got := winnow(t, env, "deadletters"); !strings.Contains(got, "no dead letters") {
		t.Errorf("after discarding: %s", got)
	}
}

// TestMisuse gives commands what they cannot use: each says what is wrong with it and fails.
func TestMisuse(t *testing.T) {
	for args, want := range map[string]string{
		"explain hubspot":                        "winnow explain: want <source> <contact>",
		"deadletters show":                       "want <number>",
		"breaker bogus":                          `no "bogus"`,
		"stauts":                                 `no "stauts"; did you mean status`,
		"status of":                              `unknown command "of"`,
		"forget hubspot 4711":                    "--yes",
		"serve --port 1":                         "settings come from the environment",
		"backfill hubspot --since 2099-01-01":    "lies ahead",
		"bench --rounds 0":                       "--rounds",
		"bench --duration 0s":                    "--duration",
		"sandbox --cast --speed -1":              "--speed",
		"sandbox --contacts -1":                  "--contacts",
		"backtest --env nowhere --since -3d":     "--since",
		"simulate --people 0":                    "--people",
		"deadletters resend":                     "--all",
		"setup hubspot hubspot":                  "want <source>",
		"play":                                   "winnow play: want <file> ...",
		"test":                                   "winnow test: want <story.txtar> ...",
		"deadletters discard 1 --all --nonsense": "see winnow deadletters discard --help",
	} {
		cmd := exec.Command(os.Args[0], strings.Fields(args)...)
		cmd.Env = []string{asWinnow + "=1", "WINNOW_DATA_DIR=" + t.TempDir()}
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), want) ||
			cmd.ProcessState.ExitCode() != exitUsage {
			t.Errorf("winnow %s: %v, want %d and a refusal with %q\n%s", args, err, exitUsage, want, out)
		}
	}
	cmd := exec.Command(os.Args[0], "version")
	cmd.Env = []string{asWinnow + "=1"}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "winnow ") {
		t.Errorf("winnow version: %v\n%s", err, out)
	}
}

func TestBreakerText(t *testing.T) {
	at := crm.At(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	for want, b := range map[string]operate.BreakerState{
		"closed; 1 announcement within the window; it holds beyond 20":                                                                        {Announced: 1, Most: 20},
		"tripped at 2026-03-02T09:00:00Z; nothing is announced until winnow breaker release eu":                                               {Open: true, Tripped: at},
		"tripped at 2026-03-02T09:00:00Z, refused by a person at 2026-03-02T09:00:00Z; nothing is announced until winnow breaker release eu":  {Open: true, Tripped: at, Refused: at},
		"closed; 55 announcements within the window; released by a person at 2026-03-02T09:00:00Z, for a day, after which it holds beyond 20": {Announced: 55, Most: 20, Released: at},
	} {
		if got := breakerText("eu", b); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
