package config

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"
)

// leastSkew is how far a clock may always be off.
const leastSkew = 30 * time.Second

const leastKey = 16 // characters of WINNOW_QUEUE_KEY

// leastBody is what a delivery may always have: HubSpot puts up to 100 events into one, each of some 400 bytes.
const leastBody = 64 << 10

const defaultPayload = 8 << 20 // bytes: what the embedded queue takes where WINNOW_QUEUE_MAX_PAYLOAD says nothing

// check reports what is wrong with settings that can be read, each by the name of its variable.
func (c *Config) check() []error {
	var problems []error
	complain := func(name, format string, args ...any) {
		problems = append(problems, problem(prefix+"_"+name, format, args...))
	}

	if c.checkListen("LISTEN", c.Listen, complain); c.checkListen("ADMIN_LISTEN", c.AdminListen, complain) {
		problems = append(problems, c.checkAdmin()...)
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
			u.RawQuery != "" || u.Fragment != "" {
			complain("PUBLIC_URL", "want an address such as https://winnow.example.com, or "+
				"https://gateway.example.com/winnow behind a gateway")
		} else if strings.Contains(u.Path, "/hooks") {
			complain("PUBLIC_URL", "leave /hooks out: it is what comes before that")
		}
		c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	}
	if c.LogLevel > zapcore.ErrorLevel {
		complain("LOG_LEVEL", "%s would hide errors; want debug, info, warn or error", c.LogLevel)
	}
	c.checkTimes(complain)
	for _, s := range c.Sources {
		c.checkOwn(s, complain)
	}
	if c.Partitions < 0 || c.Partitions > 1024 || c.Partitions == 0 && c.isSet("PARTITIONS") {
		complain("PARTITIONS", "%d: want 1 to 1024, or nothing", c.Partitions)
	}
	if c.Breaker.Count < 1 {
		complain("BREAKER_COUNT", "%d: want 1 or more", c.Breaker.Count)
	}
	if c.Breaker.Share == 0 {
		complain("BREAKER_SHARE", "want more than nothing, such as 5%%")
	}
	if c.Breaker.Window <= 0 {
		complain("BREAKER_WINDOW", "%s: want a window such as 24h", c.Breaker.Window)
	}
	c.checkQueue(complain)
	c.checkNATS(complain)
	c.checkTLS(complain)
	return problems
}

func (c *Config) checkTimes(complain complainer) {
	if c.Grace <= 0 {
		complain("GRACE", "%s: work in hand needs some time at shutdown; want 20s or so", c.Grace)
	}
	if c.ClockSkew < leastSkew {
		complain("CLOCK_SKEW", "%s: answers tell whole seconds and take their time; want %s or more, such as 3m",
			c.ClockSkew, leastSkew)
	}
	if c.PollInterval < 0 {
		complain("POLL_INTERVAL", "%s: want a pause such as 10m, or 0 where webhooks are enough", c.PollInterval)
	}
}

// checkOwn checks what a source has of its own. What it leaves to the settings for all is checked with those.
func (c *Config) checkOwn(s Source, complain complainer) {
	own := func(name string) string { return strings.TrimPrefix(s.Variable(name), prefix+"_") }
	every := *s.Own.PollInterval
	if every < 0 && every != c.PollInterval {
		complain(own("POLL_INTERVAL"), "%s: want a pause such as 10m, or 0 where webhooks are enough", every)
	}
	if s.Config != nil && s.Config.PolledAlone() && every == 0 {
		complain("POLL_INTERVAL",
			"0: source %s has no webhooks, so that nothing would be heard of it; want a pause such as 10m", s.Name)
	}
	if s.Own.MaxBody != c.MaxBody {
		c.checkBody(own("MAX_BODY"), s.Own.MaxBody, complain)
	}
}

// checkBody checks how large a delivery may be.
func (c *Config) checkBody(name string, most Bytes, complain complainer) {
	payload := int64(cmp.Or(c.Queue.MaxPayload, defaultPayload))
	switch {
	case most < leastBody:
		complain(name,
			"%s: a delivery of many events would be refused; want %s or more, such as 1MiB", most, Bytes(leastBody))
	// the other half is for headers and for deliveries that travel together
	case c.NATS.URL == "" && int64(most) > payload/2:
		complain(name,
			"%s does not fit a message of the queue, %s; raise WINNOW_QUEUE_MAX_PAYLOAD to twice as much", most,
			Bytes(payload))
	}
}

// Missing are the roles that nobody can take: over an embedded store there is this process alone.
func (c *Config) Missing() []string {
	var names []string
	for _, r := range allRoles {
		if c.NATS.URL == "" && !c.Roles.Has(r) {
			names = append(names, string(r))
		}
	}
	return names
}

// isSet reports whether a setting was given.
func (c *Config) isSet(name string) bool {
	return slices.ContainsFunc(c.rows, func(r Row) bool { return r.Name == prefix+"_"+name && r.From != fromDefault })
}

// BelievesHost reports whether the host for which a delivery was signed is taken from the request of whoever sends it,
// beyond this machine.
func (c *Config) BelievesHost() bool {
	return c.PublicURL == "" && c.Roles.Has(Receive) && !Loopback(c.Listen)
}

type complainer = func(name, format string, args ...any)

func (c *Config) checkListen(name, address string, complain complainer) bool {
	_, port, err := net.SplitHostPort(address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
		complain(name, "%q is no listen address; want host:port or :port, such as 127.0.0.1:8081 or :8080", address)
		return false
	}
	return true
}

// Loopback reports whether a listen address can be reached from this machine only.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *Config) checkQueue(complain complainer) {
	if c.Queue.MaxPayload > 64<<20 {
		complain("QUEUE_MAX_PAYLOAD", "%s: want 64MiB at most", c.Queue.MaxPayload)
	} else {
		c.checkBody("MAX_BODY", c.MaxBody, complain)
	}
	if c.Queue.Streams < 0 || c.Queue.Streams > 64 {
		complain("QUEUE_STREAMS", "%d: want 1 to 64, or nothing", c.Queue.Streams)
	}
	if key := c.Queue.Key.Reveal(); key != "" && len(key) < leastKey {
		complain("QUEUE_KEY",
			"shorter than %d characters, which can be guessed; want a random one, such as openssl rand -hex 32 makes",
			leastKey)
	}
	if c.DataDir == "" {
		complain("DATA_DIR", "want a directory")
	}
}

func (c *Config) checkNATS(complain complainer) {
	files := []struct {
		name string
		path Path
	}{
		{"NATS_CREDS", c.NATS.Creds},
		{"NATS_TLS_CA", c.NATS.TLS.CA},
		{"NATS_TLS_CERT", c.NATS.TLS.Cert},
		{"NATS_TLS_KEY", c.NATS.TLS.Key},
	}
	for _, f := range files {
		if f.path == "" {
			continue
		}
		if c.NATS.URL == "" {
			complain(f.name, "has no effect on the embedded queue; set WINNOW_NATS_URL as well, or remove it")
		}
		if err := checkFile(f.path); err != nil {
			complain(f.name, "%v", err)
		}
	}
	if (c.NATS.TLS.Cert == "") != (c.NATS.TLS.Key == "") {
		complain("NATS_TLS_CERT",
			"a client certificate needs its key and the other way round; set WINNOW_NATS_TLS_KEY too")
	}
	if !slices.Contains([]int{0, 1, 3, 5}, c.NATS.Replicas) {
		complain("NATS_REPLICAS", "%d: want 1, 3 or 5", c.NATS.Replicas)
	}
	for _, server := range c.servers() {
		u, err := url.Parse(server)
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			complain("NATS_URL", "%q: want servers such as nats://nats-1:4222,nats://nats-2:4222", redact(server))
		}
	}
}

func (c *Config) servers() []string {
	var servers []string
	for s := range strings.SplitSeq(c.NATS.URL, ",") {
		if s = strings.TrimSpace(s); s != "" {
			servers = append(servers, s)
		}
	}
	return servers
}

// replicas is 3 where three servers are named and nothing else was asked for, because R1 in a cluster loses the store
// with its node.
func (c *Config) replicas() int {
	if c.NATS.Replicas == 0 && len(c.servers()) >= 3 {
		return 3
	}
	return c.NATS.Replicas
}

// checkTLS checks the files of both ports, as far as that goes without reading them.
func (c *Config) checkTLS(complain complainer) {
	for _, f := range []struct {
		name string
		path Path
	}{
		{"TLS_CERT", c.TLS.Cert},
		{"TLS_KEY", c.TLS.Key},
		{"TLS_CLIENT_CA", c.TLS.ClientCA},
		{"ADMIN_TLS_CERT", c.AdminTLS.Cert},
		{"ADMIN_TLS_KEY", c.AdminTLS.Key},
	} {
		if f.path == "" {
			continue
		}
		if err := checkFile(f.path); err != nil {
			complain(f.name, "%v", err)
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		complain("TLS_CERT", "a certificate needs its key and the other way round; set WINNOW_TLS_KEY too")
	}
	if (c.AdminTLS.Cert == "") != (c.AdminTLS.Key == "") {
		complain("ADMIN_TLS_CERT", "a certificate needs its key and the other way round; set WINNOW_ADMIN_TLS_KEY too")
	}
	if c.TLS.ClientCA != "" && c.TLS.Cert == "" {
		complain("TLS_CLIENT_CA",
			"clients show certificates over TLS only; set WINNOW_TLS_CERT too, or have the proxy ask for them")
	}
	if len(c.TLS.ClientSources) > 0 && c.TLS.ClientCA == "" {
		complain("TLS_CLIENT_SOURCES", "says of whom a certificate is asked for; set WINNOW_TLS_CLIENT_CA too")
	}
	for _, name := range c.TLS.ClientSources {
		if !slices.Contains(c.Sources.Names(), name) {
			complain("TLS_CLIENT_SOURCES", "%q is no source; there are %s", name, strings.Join(c.Sources.Names(), ", "))
		}
	}
}
