package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

// The headers that carry a signature. Source: HubSpot docs, "Validating requests".
const (
	headerV3      = "X-HubSpot-Signature-v3"
	headerTime    = "X-HubSpot-Request-Timestamp" // milliseconds
	headerV1      = "X-HubSpot-Signature"
	headerVersion = "X-HubSpot-Signature-Version"
)

// maxAge is how old, and by our clock how far ahead, a signed delivery may be. Source: HubSpot docs, "Validating
// requests", v3 signature; the bound ahead is ours, because a timestamp far ahead could be replayed until then.
const maxAge = 5 * time.Minute

// Verify reports whether d was signed with one of the client secrets. Where the newest signature is present it alone
// counts: falling back to an older one would let whoever strips a header choose the weaker check.
func (c *Connector) Verify(d connectors.Delivery, now time.Time) error {
	return c.unverified(c.verify(d, now))
}

func (c *Connector) unverified(err error) error {
	if err == nil {
		return nil
	}
	_, stale := errors.AsType[notNow](err)
	return &connectors.Error{Vendor: Vendor, Op: "verify", Kind: connectors.Unauthenticated, Stale: stale, Err: err}
}

// Dated is when d was signed, which v3 alone says.
func (c *Connector) Dated(d connectors.Delivery) time.Time {
	ms, err := strconv.ParseInt(d.Header.Get(headerTime), 10, 64)
	if err != nil || ms < 0 || len(d.Header.Values(headerV3)) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// notNow is why a delivery is refused that was signed at another time than now.
type notNow string

func (e notNow) Error() string { return string(e) }

// aged refuses a delivery by how old it is by our clock; negative: ahead of it.
func aged(age, most time.Duration) error {
	switch by := age.Abs().Round(time.Second); {
	case age > most:
		return notNow(fmt.Sprintf("signed %s ago, the limit is %s: a replay, or this machine's clock is ahead", by, maxAge))
	case age < -most:
		return notNow(fmt.Sprintf("signed %s in the future, the limit is %s: this machine's clock is behind", by, maxAge))
	}
	return nil
}

// Screen refuses a delivery by its headers. What is only just too old is left to Verify, which tells a wrong clock from
// a wrong secret.
func (c *Connector) Screen(d connectors.Delivery, now time.Time) error {
	return c.unverified(screen(d, now))
}

func screen(d connectors.Delivery, now time.Time) error {
	if len(d.Header.Values(headerV3)) == 0 {
		if signature := d.Header.Get(headerV1); len(signature) != hex.EncodedLen(sha256.Size) {
			return errors.New("no signature, or one of another length")
		}
		return nil
	}
	given, err := base64.StdEncoding.DecodeString(d.Header.Get(headerV3))
	if err != nil || len(given) != sha256.Size {
		return errors.New("the v3 signature is not base64 of 32 bytes")
	}
	ms, err := strconv.ParseInt(d.Header.Get(headerTime), 10, 64)
	if err != nil || ms < 0 {
		return errors.New("the timestamp is missing or no number of milliseconds")
	}
	return aged(now.Sub(time.UnixMilli(ms)), 2*maxAge)
}

// Proof tells by which signature a delivery proves itself. The older ones are a plain hash of the secret and what
// follows: from one of them who does not know the secret makes that of a longer body (length extension), and they hold
// no time. Every event has an id and a time, so the same bytes are the same events.
func (c *Connector) Proof(d connectors.Delivery) connectors.Proof {
	if len(d.Header.Values(headerV3)) > 0 {
		return connectors.Proof{Name: "v3", Rank: 2, Unique: true}
	}
	p := connectors.Proof{
		Name: "v1", Rank: 1, Unique: true, Weak: "send it again for ever, and lengthen it",
		Back: c.opt.Source.Variable("REQUIRE_V3") + "=false",
	}
	if d.Header.Get(headerVersion) == "v2" {
		p.Name = "v2"
	}
	if c.cfg.RequireV3 == "false" {
		p.Rank = 0
	}
	return p
}

func (c *Connector) verify(d connectors.Delivery, now time.Time) error {
	if c.cfg.Webhooks == "off" {
		return errors.New("webhooks are switched off for this source")
	}
	if len(d.Header.Values(headerV3)) > 0 {
		return c.verifyV3(d, now)
	}
	if c.cfg.RequireV3 == "true" {
		return errors.New("no v3 signature, and the settings demand one")
	}
	signature := d.Header.Get(headerV1)
	if signature == "" {
		return errors.New("no signature")
	}
	switch version := d.Header.Get(headerVersion); version {
	case "", "v1":
		if c.signed(func(secret string) bool { return equalHex(signature, sum(secret, string(d.Body))) }) {
			return nil
		}
		return errors.New("wrong v1 signature: the client secret is another app's, or the body was changed")
	case "v2":
		return c.match(d, func(uri string) bool {
			return c.signed(func(secret string) bool {
				return equalHex(signature, sum(secret, d.Method+uri+string(d.Body)))
			})
		}, "v2")
	default:
		return errors.New("unknown signature version")
	}
}

func (c *Connector) verifyV3(d connectors.Delivery, now time.Time) error {
	stamp := d.Header.Get(headerTime)
	ms, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || ms < 0 {
		return errors.New("the timestamp is missing or no number of milliseconds")
	}
	given, err := base64.StdEncoding.DecodeString(d.Header.Get(headerV3))
	if err != nil {
		return errors.New("the v3 signature is not base64")
	}
	// The signature comes before the age, so that a wrong clock is not blamed for a wrong secret.
	err = c.match(d, func(uri string) bool {
		return c.signed(func(secret string) bool {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(d.Method + uri))
			mac.Write(d.Body)
			mac.Write([]byte(stamp))
			return hmac.Equal(mac.Sum(nil), given)
		})
	}, "v3")
	if err != nil {
		return err
	}
	return aged(now.Sub(time.UnixMilli(ms)), maxAge)
}

// signed reports whether a signature is right by one of the client secrets.
func (c *Connector) signed(right func(secret string) bool) bool {
	return slices.ContainsFunc(c.secrets, func(s connectors.Secret) bool { return right(s.Reveal()) })
}

// match tries the URL that the vendor was told, in both readings of its escapes, and where none fits, the URLs that a
// first set-up confuses with it, so that the error can name the one that would have been right.
func (c *Connector) match(d connectors.Delivery, right func(uri string) bool, version string) error {
	origins := c.origins(d)
	for i, origin := range origins {
		for _, uri := range forms(origin, d.URL) {
			if !right(uri) {
				continue
			}
			if i == 0 {
				return nil
			}
			says := "says " + origins[0]
			if c.opt.PublicURL == "" {
				says = "is not set and the request came to " + origins[0]
			}
			return fmt.Errorf("the signature is right for %s%s but WINNOW_PUBLIC_URL %s: set it to %s, the origin of "+
				"the target URL in HubSpot",
				origin, d.URL.EscapedPath(), says, origin)
		}
	}
	return fmt.Errorf("wrong %s signature: the client secret is another app's, the target URL in HubSpot is not %s%s "+
		"(a proxy may have taken a part of its path away), or the body was changed",
		version, origins[0], d.URL.EscapedPath())
}

// origins are the addresses before /hooks under which HubSpot may have called, which are origins but for a gateway's
// path: the one that counts first, then those that are mistaken for it, which are only good for saying so. A proxy may
// have kept the host that was called in a header of its own.
func (c *Connector) origins(d connectors.Delivery) []string {
	public := strings.TrimRight(c.opt.PublicURL, "/")
	if public == "" {
		public = d.URL.Scheme + "://" + d.URL.Host
	}
	all := []string{public}
	_, publicHost, _ := strings.Cut(public, "://")
	forwarded, _, _ := strings.Cut(d.Header.Get("X-Forwarded-Host"), ",")
	for _, host := range []string{publicHost, d.URL.Host, strings.TrimSpace(forwarded)} {
		for _, scheme := range []string{"https", "http"} {
			if o := scheme + "://" + host; host != "" && !slices.Contains(all, o) {
				all = append(all, o)
			}
		}
	}
	return all
}

// forms are the readings of the URL that HubSpot may have signed: as it stands, and with the escapes decoded that its
// documentation lists for v3 (its own libraries decode none), each with and without the slash at its end, which proxies
// add and take away.
func forms(origin string, u *url.URL) []string {
	query := ""
	if u.RawQuery != "" || u.ForceQuery {
		query = "?" + u.RawQuery
	}
	path := origin + strings.TrimRight(u.EscapedPath(), "/")
	var out []string
	for _, raw := range []string{path + query, path + "/" + query} {
		out = append(out, raw)
		if decoded := decodeURI.Replace(raw); decoded != raw {
			out = append(out, decoded)
		}
	}
	return out
}

// decodeURI decodes the escapes that HubSpot says it decodes, in one pass. Source: HubSpot docs, "Validating requests",
// v3.
var decodeURI = func() *strings.Replacer {
	var pairs []string
	for _, char := range ":/?@!$'()*,;" {
		escape := fmt.Sprintf("%%%02X", char)
		pairs = append(pairs, escape, string(char))
		if lower := strings.ToLower(escape); lower != escape {
			pairs = append(pairs, lower, string(char))
		}
	}
	return strings.NewReplacer(pairs...)
}()

func sum(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func equalHex(given, want string) bool {
	return subtle.ConstantTimeCompare([]byte(strings.ToLower(given)), []byte(want)) == 1
}
