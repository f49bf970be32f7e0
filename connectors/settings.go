package connectors

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Problems gathers everything that is wrong with a source's settings, so that an operator mends it in one go. Each line
// has the whole name of the variable and what to do.
type Problems struct {
	Prefix string // WINNOW_<SOURCE>, as Config.Validate gets it

	found []error
}

// Add takes note of what is wrong with one variable, which is named without the prefix.
func (p *Problems) Add(name, format string, args ...any) {
	p.found = append(p.found, fmt.Errorf("%s_%s: %s", p.Prefix, name, fmt.Sprintf(format, args...)))
}

// AddAll takes note of each line of an error; nil is none.
func (p *Problems) AddAll(name string, err error) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		p.Add(name, "%s", line)
	}
}

// WantOnOff takes note of a value that is neither on nor off.
func (p *Problems) WantOnOff(name, value string) {
	if value != "on" && value != "off" {
		p.Add(name, "want on or off")
	}
}

// WantURL takes note of a value that is not the address of a server, and of one over plain HTTP to another machine
// where plain does not allow it: on the way anybody reads the credential and everything else. It never says the value:
// a password may be in it.
func (p *Problems) WantURL(name, value, example string, plain bool) {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "":
		p.Add(name, "want %s, without user and query", example)
	case u.Scheme == "http" && !plain && !near(u.Hostname()):
		p.Add(name, "over http whoever is on the way reads the token and every record; want https, or "+
			"%s_API_PLAIN_HTTP=true where the network is trusted", p.Prefix)
	}
}

// WantPace takes note of a rate limit or a time-out of requests with which nothing can be done.
func (p *Problems) WantPace(limit int, timeout time.Duration) {
	if limit < 1 {
		p.Add("RATE_LIMIT", "want at least 1")
	}
	if timeout < time.Second {
		p.Add("TIMEOUT", "want at least 1s")
	}
}

// near reports whether a host is this machine, or one beside it by its address.
func near(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && (ip.Unmap().IsLoopback() || ip.IsLinkLocalUnicast())
}

// Err is all of it in one error, in the order of the names; nil where nothing is wrong.
func (p *Problems) Err() error {
	slices.SortFunc(p.found, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(p.found...)
}
