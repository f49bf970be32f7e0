package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/hubspot"
)

// plain is the least that a HubSpot customer has to set.
var plain = []string{"WINNOW_HUBSPOT_CLIENT_SECRET=s3cret-of-the-app", "WINNOW_HUBSPOT_TOKEN=t0ken-of-the-app"}

func load(t *testing.T, environ ...string) *Config {
	t.Helper()
	c, err := Load(append(slices.Clone(plain), environ...))
	if err != nil {
		t.Fatalf("these settings were refused:\n%v", err)
	}
	return c
}

// refused loads settings that must be refused and returns what was said.
func refused(t *testing.T, environ ...string) string {
	t.Helper()
	c, err := Load(append(slices.Clone(plain), environ...))
	if err == nil {
		t.Fatalf("%q was accepted", environ)
	}
	if c == nil || len(c.Describe()) == 0 {
		t.Errorf("beside an error there must be something to describe")
	}
	return err.Error()
}

func TestTwoVariablesAreEnough(t *testing.T) {
	c := load(t)
	type settings struct {
		Listen, AdminListen, DataDir string
		Mode                         Mode
		Roles                        Roles
		MaxBody                      Bytes
		Grace, Poll, Settle          time.Duration
		Level                        zapcore.Level
		Breaker                      Breaker
	}
	got := settings{
		c.Listen, c.AdminListen, c.DataDir, c.Mode, c.Roles, c.MaxBody, c.Grace, c.PollInterval, c.Rules.Settle(),
		c.LogLevel, c.Breaker,
	}
	want := settings{
		Listen: ":8080", AdminListen: "127.0.0.1:8081", DataDir: "./winnow-data", Mode: Advise, Roles: allRoles,
		MaxBody: 1 << 20,
		Grace:   20 * time.Second, Poll: 10 * time.Minute, Settle: 5 * time.Minute, Level: zapcore.InfoLevel,
		Breaker: Breaker{Count: 20, Share: 0.05, Window: 24 * time.Hour},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if len(c.Sources) != 1 || c.Sources[0].Source != (crm.Source{Name: "hubspot", Vendor: "hubspot"}) ||
		c.Sources[0].Definition.New == nil {
		t.Errorf("sources %+v: want hubspot alone, with its definition", c.Sources)
	}
	if got := c.Sources[0].Config.(*hubspot.Config).Token.Reveal(); got != "t0ken-of-the-app" {
		t.Errorf("the source's token is %q", got)
	}
}

func TestValuesAreRead(t *testing.T) {
	c := load(
		t, "WINNOW_ROLES=write, receive", "WINNOW_MODE=enforce", "WINNOW_MAX_BODY=2MB",
		"WINNOW_ADMIN_LISTEN=0.0.0.0:9000", "WINNOW_ADMIN_TOKEN=a-t0ken-of-the-console",
		"WINNOW_PUBLIC_URL=https://hooks.example.com/", "WINNOW_NATS_URL=nats://a:4222,nats://b:4222,nats://c:4222",
		"WINNOW_BREAKER_SHARE=0.1",
		"WINNOW_QUEUE_MIN_FREE=1GiB", "WINNOW_QUEUE_KEY=k3y-of-16-or-more", "WINNOW_PARTITIONS=32",
		"WINNOW_RULES_SETTLE=10m", "WINNOW_LOG_LEVEL=debug",
	)
	if !c.Roles.Has(Receive) || !c.Roles.Has(Write) || len(c.Roles) != 2 || c.Roles[0] != Receive {
		t.Errorf("roles %v: want receive and write, in the order of the flow", c.Roles)
	}
	if c.MaxBody != 2_000_000 || c.Mode != Enforce || c.PublicURL != "https://hooks.example.com" ||
		c.Breaker.Share != 0.1 || c.LogLevel != zapcore.DebugLevel {
		t.Errorf("read %+v", c)
	}
	if got := c.Rules.Settle(); got != 10*time.Minute {
		t.Errorf("WINNOW_RULES_SETTLE=10m was read as %s", got)
	}
	q := c.QueueConfig()
	if q.Replicas != 3 || q.MinFree != 1<<30 || q.Key != "k3y-of-16-or-more" || q.Partitions != 32 ||
		!slices.Equal(q.Sources, []string{"hubspot"}) {
		t.Errorf("the queue is told %+v; want three replicas over three servers", q)
	}
}

func TestEmptyIsUnset(t *testing.T) {
	c := load(t, "WINNOW_GRACE=", "WINNOW_MODE=", "WINNOW_SOURCES=", "WINNOW_RULES_SETTLE=", "WINNOW_HUBSPOT_API_URL=")
	if c.Grace != 20*time.Second || c.Mode != Advise || c.Sources[0].Name != "hubspot" ||
		c.Rules.Settle() != 5*time.Minute {
		t.Errorf("an empty value must leave the default: %+v", c)
	}
	if got := c.Sources[0].Config.(*hubspot.Config).API.URL; got != "https://api.hubapi.com" {
		t.Errorf("API_URL is %q, want its default", got)
	}
}

func TestEverythingWrongIsReportedAtOnce(t *testing.T) {
	said := refused(
		t, "WINNOW_GRACE=soon", "WINNOW_MODE=brave", "WINNOW_ROLES=receive,sing", "WINNOW_MAX_BODY=much",
		"WINNOW_PARTITIONS=many", "WINNOW_BREAKER_SHARE=120%",
		"WINNOW_ADMIN_LISTEN=:8081", "WINNOW_LISTEN=8080", "WINNOW_PUBLIC_URL=hooks.example.com/winnow",
		"WINNOW_NATS_REPLICAS=2", "WINNOW_NATS_CREDS=/nowhere/x.creds",
		"WINNOW_LISTNE=:1", "WINNOW_HUBSPOT_TIMEOUT=fast", "WINNOW_LOG_LEVEL=loud", "WINNOW_POLL_INTERVAL=-1m",
	)
	for _, want := range []string{
		`WINNOW_GRACE: "soon": want a duration`, `WINNOW_MODE: "brave": want shadow, advise or enforce`,
		"WINNOW_ROLES: ", "sing", `WINNOW_MAX_BODY: "much": want a size`,
		`WINNOW_PARTITIONS: "many": want a whole number`, `WINNOW_BREAKER_SHARE: "120%": want a share`,
		"WINNOW_ADMIN_LISTEN: :8081 can be reached", "set WINNOW_ADMIN_TOKEN",
		`WINNOW_LISTEN: "8080" is no listen address`, "WINNOW_PUBLIC_URL: want an address",
		"WINNOW_NATS_REPLICAS: 2: want 1, 3 or 5", "WINNOW_NATS_CREDS: has no effect",
		"WINNOW_NATS_CREDS: stat /nowhere/x.creds",
		"WINNOW_LISTNE: there is no such setting; did you mean WINNOW_LISTEN?",
		`WINNOW_HUBSPOT_TIMEOUT: "fast": want a duration`,
		`WINNOW_LOG_LEVEL: "loud"`, "WINNOW_POLL_INTERVAL: -1m0s: want a pause",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q in:\n%s", want, said)
		}
	}
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "WINNOW_") {
			t.Errorf("a line does not begin with its variable: %q", line)
		}
	}
}

func TestPhrases(t *testing.T) {
	if c := load(t,
		"WINNOW_PHRASES=opt_out: lose my number, no more calls; urgent: line down"); len(c.Phrases[crm.OptOut]) != 2 ||
		len(c.Phrases[crm.Urgent]) != 1 {
		t.Errorf("%v", c.Phrases)
	}
	if said := refused(t, "WINNOW_PHRASES=optout: lose my number; urgent: line*"); !strings.Contains(said,
		"WINNOW_PHRASES: ") || !strings.Contains(said, `intent "optout"`) ||
		!strings.Contains(said, `"line*": a phrase is plain words`) {
		t.Error(said)
	}
}

// TestGivenIsMeant: a setting that is given is not taken for one that is not.
func TestGivenIsMeant(t *testing.T) {
	for _, c := range []struct {
		env  []string
		says string
	}{
		{[]string{"WINNOW_QUEUE_KEY=fifteen-letters"}, "WINNOW_QUEUE_KEY: shorter than 16 characters"},
		{[]string{"WINNOW_QUEUE_KEY=sixteen-letters-"}, ""},
		{[]string{"WINNOW_PARTITIONS=0"}, "WINNOW_PARTITIONS: 0: want 1 to 1024"},
		{[]string{"WINNOW_PARTITIONS=1"}, ""},
	} {
		_, err := Load(append(slices.Clone(plain), c.env...))
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%v: %v, want %q", c.env, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "fifteen") {
			t.Errorf("the key is in the error: %v", err)
		}
	}
}

func TestRolesThatNobodyTakes(t *testing.T) {
	for env, want := range map[string]string{
		"": "", "WINNOW_ROLES=poll,receive,read,fetch,rate": "write",
		"WINNOW_ROLES=receive WINNOW_NATS_URL=nats://a:4222": "",
	} {
		if got := strings.Join(load(t, strings.Fields(env)...).Missing(), " "); got != want {
			t.Errorf("%q: %q, want %q", env, got, want)
		}
	}
}

// TestBelievesHost: who may reach the port may say for which host something was signed, unless we know it.
func TestBelievesHost(t *testing.T) {
	for env, want := range map[string]bool{
		"": true, "WINNOW_LISTEN=127.0.0.1:8080": false, "WINNOW_PUBLIC_URL=https://a.example": false,
		"WINNOW_ROLES=rate WINNOW_NATS_URL=nats://a:4222": false,
	} {
		if got := load(t, strings.Fields(env)...).BelievesHost(); got != want {
			t.Errorf("%q: %v, want %v", env, got, want)
		}
	}
}

// TestPollingNothing: webhooks may be enough, but not where there are none.
func TestPollingNothing(t *testing.T) {
	if _, err := Load(append(slices.Clone(plain), "WINNOW_POLL_INTERVAL=0")); err != nil {
		t.Errorf("refused with webhooks: %v", err)
	}
	if said := refused(t, "WINNOW_POLL_INTERVAL=0", "WINNOW_HUBSPOT_WEBHOOKS=off"); !strings.Contains(said,
		"WINNOW_POLL_INTERVAL: 0: source hubspot has no webhooks") {
		t.Errorf("without webhooks: %s", said)
	}
}

func TestListenAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8081": true, "127.8.8.8:0": true, "[::1]:8081": true, "localhost:8081": true,
		":8081": false, "0.0.0.0:8081": false, "[::]:8081": false, "192.168.1.5:8081": false,
		"example.com:8081": false, "127.0.0.1": false,
	} {
		if got := Loopback(address); got != want {
			t.Errorf("Loopback(%q) is %v, want %v", address, got, want)
		}
	}
	load(t, "WINNOW_ADMIN_LISTEN=[::1]:8081")
	load(t, "WINNOW_ADMIN_LISTEN=:8081", "WINNOW_ADMIN_TOKEN=sixteen-of-these")
	load(t, "WINNOW_ADMIN_LISTEN=127.0.0.1:8081", "WINNOW_ADMIN_TOKEN=fifteen-of-them")
	said := refused(t, "WINNOW_ADMIN_LISTEN=:8081", "WINNOW_ADMIN_TOKEN=fifteen-of-them")
	if !strings.Contains(said, "WINNOW_ADMIN_TOKEN: shorter than 16") || strings.Contains(said, "fifteen-of-them") {
		t.Errorf("a token that can be guessed: %s", said)
	}
}

func TestBodyMustFitAMessage(t *testing.T) {
	if said := refused(t, "WINNOW_MAX_BODY=6MiB"); !strings.Contains(said,
		"WINNOW_MAX_BODY: 6MiB does not fit a message of the queue, 8MiB") {
		t.Error(said)
	}
	if said := refused(t, "WINNOW_MAX_BODY=10"); !strings.Contains(said,
		"WINNOW_MAX_BODY: 10B: a delivery of many events would be refused; want 64KiB or more") {
		t.Error(said)
	}
	load(t, "WINNOW_MAX_BODY=6MiB", "WINNOW_QUEUE_MAX_PAYLOAD=12MiB")
}

// Unrelated variables that end like a field's name must not be taken for settings: envconfig would with a careless tag.
func TestOnlyPrefixedNamesAreRead(t *testing.T) {
	t.Setenv("LISTEN", ":1")
	t.Setenv("TOKEN", "not ours")
	t.Setenv("MODE", "enforce")
	t.Setenv("WINNOW_MODE", "shadow") // of the process, not of the given environment
	t.Setenv("WINNOW_HUBSPOT_TOKEN", "")
	_ = os.Unsetenv("WINNOW_HUBSPOT_TOKEN") // until the test ends
	c := load(t)
	if c.Listen != ":8080" || c.Mode != Advise {
		t.Errorf("read from elsewhere: %+v", c)
	}
	if got := os.Getenv("WINNOW_MODE"); got != "shadow" {
		t.Errorf("the process's own WINNOW_MODE became %q", got)
	}
	if got, set := os.LookupEnv("WINNOW_HUBSPOT_TOKEN"); set {
		t.Errorf("the given environment stayed in the process's: %q", got)
	}
}

func TestNothingShowsASecret(t *testing.T) {
	environ := []string{
		"WINNOW_HUBSPOT_CLIENT_SECRET=hush-1", "WINNOW_HUBSPOT_TOKEN=hush-2", "WINNOW_ADMIN_TOKEN=hush-3",
		"WINNOW_QUEUE_KEY=hush-4",
		"WINNOW_HUBSPOT_OAUTH_CLIENT_SECRET=hush-5", "WINNOW_HUBSPOT_OAUTH_REFRESH_TOKEN=hush-6",
		"WINNOW_HUBSPOT_TOKENS=hush-7", "WINNOW_NATS_URL=http://user:hush-8@nats:4222",
		"WINNOW_GRACE=x",
	}
	c, err := Load(environ)
	if err == nil {
		t.Fatal("these settings contradict each other and were accepted")
	}
	shown := fmt.Sprintf("%v\n%+v\n%#v\n", err, c.Describe(), c.AdminToken)
	if strings.Contains(shown, "hush") {
		t.Errorf("a secret is shown:\n%s", shown)
	}
	for _, r := range c.Describe() {
		if want := strings.HasSuffix(r.Name, "_TOKEN") || strings.HasSuffix(r.Name, "_SECRET"); want && !r.Secret {
			t.Errorf("%s is not marked as secret", r.Name)
		}
	}
}

func TestKubernetesAndTestVariablesAreNotOurs(t *testing.T) {
	load(
		t, "WINNOW_SERVICE_HOST=10.0.0.7", "WINNOW_SERVICE_PORT=8080", "WINNOW_SERVICE_PORT_HOOKS=8080",
		"WINNOW_PORT=tcp://10.0.0.7:8080", "WINNOW_PORT_8080_TCP=tcp://10.0.0.7:8080",
		"WINNOW_PORT_8080_TCP_PROTO=tcp", "WINNOW_PORT_8080_TCP_PORT=8080", "WINNOW_PORT_8080_TCP_ADDR=10.0.0.7",
		"WINNOW_ADMIN_SERVICE_HOST=10.0.0.8",
		"WINNOW_TEST_CONTAINERS=required",
	)
	said := refused(t, "WINNOW_PORT=8080", "WINNOW_SALESFORCE_API_URL=", "WINNOW_HOST=")
	if strings.Contains(said, "SALESFORCE") || strings.Contains(said, "WINNOW_HOST") {
		t.Errorf("an empty value is none, but: %s", said)
	}
	if said := refused(t, "WINNOW_PORT=8080"); !strings.Contains(said, "WINNOW_PORT: there is no such setting") {
		t.Errorf("a port set by hand must be refused: %s", said)
	}
}

func TestDescribeSaysWhereFrom(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte("t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := load(t, "WINNOW_GRACE=30s", "WINNOW_ADMIN_TOKEN_FILE="+secret)
	rows := map[string]Row{}
	for _, r := range c.Describe() {
		if _, twice := rows[r.Name]; twice {
			t.Errorf("%s is described twice", r.Name)
		}
		rows[r.Name] = r
	}
	for name, want := range map[string]Row{
		"WINNOW_GRACE":                 {Default: "20s", Value: "30s", From: "environment"},
		"WINNOW_MODE":                  {Default: "advise", Value: "advise", From: "default"},
		"WINNOW_ADMIN_TOKEN":           {Value: "[redacted]", From: "file " + secret, Secret: true},
		"WINNOW_QUEUE_KEY":             {From: "default", Secret: true},
		"WINNOW_HUBSPOT_CLIENT_SECRET": {Value: "[redacted]", From: "environment", Secret: true},
	} {
		got := rows[name]
		got.Group, got.Name, got.Meaning = "", "", ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A secret that cannot be right is said at the start, with the name of its variable and what is odd, and never what it
// is.
func TestOddSecretsAreSaid(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("\ufeffpat-eu1-from-a-file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load([]string{
		"WINNOW_SOURCES=eu=hubspot,us=hubspot", "WINNOW_EU_TOKEN_FILE=" + file,
		`WINNOW_EU_CLIENT_SECRET="s3cret-value"`,
		"WINNOW_US_TOKEN=Bearer pat-na1-abc", "WINNOW_US_CLIENT_SECRET=${US_SECRET}",
		"WINNOW_QUEUE_KEY=correct horse battery staple", "WINNOW_ADMIN_TOKEN=a b",
	})
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	for _, want := range []string{
		"WINNOW_EU_TOKEN: begins with a byte-order mark", "WINNOW_EU_CLIENT_SECRET: is in quotes",
		"WINNOW_US_TOKEN: begins with the name of an authorization",
		"WINNOW_US_CLIENT_SECRET: was not filled in", "WINNOW_ADMIN_TOKEN: holds a blank", file,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want it to say %q", want)
		}
	}
	for _, not := range []string{"WINNOW_QUEUE_KEY", "s3cret-value", "pat-", "US_SECRET}"} {
		if strings.Contains(err.Error(), not) {
			t.Errorf("the error holds %q", not)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}
