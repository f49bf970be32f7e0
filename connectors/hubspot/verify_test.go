package hubspot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
)

// mac is HMAC-SHA-256 written out, apart from what Verify uses. Source: RFC 2104.
func mac(secret, message string) []byte {
	key := make([]byte, 64)
	if len(secret) > 64 {
		sum := sha256.Sum256([]byte(secret))
		copy(key, sum[:])
	} else {
		copy(key, secret)
	}
	inner, outer := make([]byte, 64), make([]byte, 64)
	for i := range key {
		inner[i], outer[i] = key[i]^0x36, key[i]^0x5c
	}
	first := sha256.Sum256(append(inner, message...))
	second := sha256.Sum256(append(outer, first[:]...))
	return second[:]
}

// sign makes a delivery as HubSpot does, with a v3 signature alone.
func sign(body []byte, secret string, at time.Time) connectors.Delivery {
	u, _ := url.Parse("https://winnow.example.com/hooks/hubspot")
	stamp := fmt.Sprint(at.UnixMilli())
	return connectors.Delivery{Method: "POST", URL: u, Body: body, Header: http.Header{
		"Content-Type":                []string{"application/json"},
		"X-Hubspot-Request-Timestamp": []string{stamp},
		"X-Hubspot-Signature-V3": []string{
			base64.StdEncoding.EncodeToString(mac(secret, "POST"+u.String()+string(body)+stamp)),
		},
	}}
}

func TestKnownAnswers(t *testing.T) {
	raw, err := os.ReadFile("testdata/signatures/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		At      time.Time
		Vectors []struct{ Name, Version, Secret, Method, URL, Body, Timestamp, Signature string }
	}
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Vectors) < 15 {
		t.Fatalf("%d vectors, %v", len(file.Vectors), err)
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			u, err := url.Parse(v.URL)
			if err != nil {
				t.Fatal(err)
			}
			d := connectors.Delivery{Method: v.Method, URL: u, Body: []byte(v.Body), Header: http.Header{}}
			if v.Version == "v3" {
				d.Header.Set(headerV3, v.Signature)
				d.Header.Set(headerTime, v.Timestamp)
			} else {
				d.Header.Set(headerV1, v.Signature)
				d.Header.Set(headerVersion, v.Version)
			}
			set := func(c *Config) { c.ClientSecret = connectors.Secret(v.Secret) }
			c := connectTo(t, "http://127.0.0.1:1", set)
			if err := c.Verify(d, file.At); err != nil {
				t.Errorf("refused: %v", err)
			}
			rotating := connectTo(t, "http://127.0.0.1:1", func(c *Config) {
				c.ClientSecret = connectors.Secret("new, " + v.Secret + " ,")
			})
			if err := rotating.Verify(d, file.At); err != nil {
				t.Errorf("refused while the secret is rotated: %v", err)
			}
			d.Body = append(d.Body, ' ')
			if c.Verify(d, file.At) == nil {
				t.Error("accepted with another body")
			}
			strict := connectTo(t, "http://127.0.0.1:1", func(c *Config) { set(c); c.RequireV3 = "true" })
			d.Body = []byte(v.Body)
			if err := strict.Verify(d, file.At); (err == nil) != (v.Version == "v3") {
				t.Errorf("with REQUIRE_V3: %v", err)
			}
		})
	}
}

// TestProof: an older signature ranks below v3 unless the settings take it, and only beside a v3 one is it not looked
// at.
func TestProof(t *testing.T) {
	header := func(pairs ...string) connectors.Delivery {
		d := connectors.Delivery{Header: http.Header{}}
		for i := 0; i < len(pairs); i += 2 {
			d.Header.Set(pairs[i], pairs[i+1])
		}
		return d
	}
	for name, c := range map[string]struct {
		set  string
		d    connectors.Delivery
		want string
		rank int
	}{
		"v3":            {"", header(headerV3, "x"), "v3", 2},
		"v3 beside v1":  {"", header(headerV3, "", headerV1, "x"), "v3", 2},
		"v1":            {"", header(headerV1, "x"), "v1", 1},
		"v2":            {"", header(headerV1, "x", headerVersion, "v2"), "v2", 1},
		"v1, allowed":   {"false", header(headerV1, "x"), "v1", 0},
		"v3 beside it":  {"0", header(headerV3, "x"), "v3", 2},
		"nothing":       {"", header(), "v1", 1},
		"v1, never yet": {"true", header(headerV1, "x"), "v1", 1},
	} {
		got := connectTo(t, "http://127.0.0.1:1", func(cfg *Config) { cfg.RequireV3 = c.set }).Proof(c.d)
		if got.Name != c.want || got.Rank != c.rank || !got.Unique || (got.Weak == "") != (c.want == "v3") {
			t.Errorf("%s: %+v", name, got)
		}
		if c.want == "v1" && got.Back != "WINNOW_HUBSPOT_REQUIRE_V3=false" {
			t.Errorf("%s: the way back is %q", name, got.Back)
		}
	}
}

func TestVerify(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	body := []byte(`[]`)
	good := func() connectors.Delivery { return sign(body, "s3cret", now) }
	v1 := func(d connectors.Delivery, secret string) {
		d.Header.Set(headerV1, fmt.Sprintf("%x", sha256.Sum256([]byte(secret+string(d.Body)))))
		d.Header.Set(headerVersion, "v1")
	}
	other := func(origin string) connectors.Delivery {
		d := good()
		stamp := d.Header.Get(headerTime)
		d.Header.Set(headerV3, base64.StdEncoding.EncodeToString(mac("s3cret", "POST"+origin+"/hooks/hubspot"+
			string(body)+stamp)))
		return d
	}
	for name, c := range map[string]struct {
		d    connectors.Delivery
		at   time.Time
		want string // part of the error; "" for none
	}{
		"exactly five minutes": {good(), now.Add(5 * time.Minute), ""},
		"a moment more":        {good(), now.Add(5*time.Minute + time.Millisecond), "clock is ahead"},
		"four minutes ahead":   {good(), now.Add(-4 * time.Minute), ""},
		"an hour ahead":        {good(), now.Add(-time.Hour), "clock is behind"},
		"http instead of https": {
			other("http://winnow.example.com"), now,
			"right for http://winnow.example.com/hooks/hubspot but WINNOW_PUBLIC_URL says https://winnow.example.com",
		},
		"another host altogether": {
			other("https://elsewhere.example"), now, "a proxy may have taken a part of its path away",
		},
		"a wrong v3 beside a v1": {func() connectors.Delivery {
			d := good()
			d.Header.Set(headerV3, base64.StdEncoding.EncodeToString(mac("other", "x")))
			v1(d, "s3cret")
			return d
		}(), now, "wrong v3 signature"},
		"an empty v3 beside a v1": {func() connectors.Delivery {
			d := good()
			d.Header.Set(headerV3, "")
			v1(d, "s3cret")
			return d
		}(), now, "wrong v3 signature"},
		"v1 alone": {func() connectors.Delivery {
			d := connectors.Delivery{Method: "POST", URL: good().URL, Body: body, Header: http.Header{}}
			v1(d, "s3cret")
			return d
		}(), now, ""},
		"v1 of an empty secret": {func() connectors.Delivery {
			d := connectors.Delivery{Method: "POST", URL: good().URL, Body: body, Header: http.Header{}}
			v1(d, "")
			return d
		}(), now, "wrong v1 signature"},
		"no signature": {connectors.Delivery{
			Method: "POST", URL: good().URL, Body: body, Header: http.Header{},
		}, now, "no signature"},
		"a timestamp that is no number": {func() connectors.Delivery {
			d := good()
			d.Header.Set(headerTime, "now")
			return d
		}(), now, "timestamp"},
		"not base64": {func() connectors.Delivery {
			d := good()
			d.Header.Set(headerV3, "!!")
			return d
		}(), now, "base64"},
	} {
		t.Run(name, func(t *testing.T) {
			err := connectTo(t, "http://127.0.0.1:1", nil).Verify(c.d, c.at)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && err == nil:
				t.Error("accepted")
			case c.want != "" && !strings.Contains(err.Error(), c.want):
				t.Errorf("%v: does not say %q", err, c.want)
			}
		})
	}
}

// TestScreen: by its headers a delivery is refused that has no signature, one of another layout, or one of long ago.
// What is just too old could be right by another clock, and only the body tells.
func TestScreen(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	but := func(pairs ...string) connectors.Delivery {
		d := sign([]byte("[]"), "s3cret", now)
		d.Body = nil
		for i := 0; i < len(pairs); i += 2 {
			if d.Header.Set(pairs[i], pairs[i+1]); pairs[i+1] == "" {
				d.Header.Del(pairs[i])
			}
		}
		return d
	}
	short := base64.StdEncoding.EncodeToString(make([]byte, 31))
	for name, c := range map[string]struct {
		d      connectors.Delivery
		at     time.Time
		passes bool
		stale  bool
	}{
		"signed":                    {d: but(), at: now, passes: true},
		"signed just now":           {d: but(), at: now.Add(9 * time.Minute), passes: true},
		"just ahead":                {d: but(), at: now.Add(-9 * time.Minute), passes: true},
		"signed long ago":           {d: but(), at: now.Add(11 * time.Minute), stale: true},
		"far ahead":                 {d: but(), at: now.Add(-11 * time.Minute), stale: true},
		"a v3 that is too short":    {d: but(headerV3, short), at: now},
		"a v3 that is not base64":   {d: but(headerV3, strings.Repeat("!", 44)), at: now},
		"no time":                   {d: but(headerTime, ""), at: now},
		"a time that is no number":  {d: but(headerTime, "now"), at: now},
		"a time before 1970":        {d: but(headerTime, "-1"), at: time.UnixMilli(0)},
		"v1":                        {d: but(headerV3, "", headerV1, strings.Repeat("0", 64)), at: now, passes: true},
		"a v1 that is too short":    {d: but(headerV3, "", headerV1, strings.Repeat("0", 63)), at: now},
		"a bad v3 beside a good v1": {d: but(headerV3, short, headerV1, strings.Repeat("0", 64)), at: now},
		"no signature":              {d: but(headerV3, ""), at: now},
	} {
		err := connectTo(t, "http://127.0.0.1:1", nil).Screen(c.d, c.at)
		if (err == nil) != c.passes || connectors.IsStale(err) != c.stale {
			t.Errorf("%s: %v, called stale: %t", name, err, connectors.IsStale(err))
		}
	}
}

// The usual fault of a first set-up: a proxy in front of us, and the public URL not set, or set to something else.
func TestAnotherPublicURLIsNamed(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	stamp := fmt.Sprint(now.UnixMilli())
	body := "[]"
	d := connectors.Delivery{Method: "POST", Body: []byte(body), Header: http.Header{}}
	d.URL, _ = url.Parse("http://crm-hooks.example.com/hooks/hubspot?key=private")
	d.Header.Set(headerTime, stamp)
	d.Header.Set(headerV3, base64.StdEncoding.EncodeToString(mac("s3cret",
		"POSThttps://crm-hooks.example.com/hooks/hubspot?key=private"+body+stamp)))
	for _, public := range []string{"", "https://winnow.internal:8080", "http://crm-hooks.example.com"} {
		c := connectTo(t, "http://127.0.0.1:1", nil)
		c.opt.PublicURL = public
		err := c.Verify(d, now)
		if err == nil || !strings.Contains(err.Error(),
			"right for https://crm-hooks.example.com/hooks/hubspot but WINNOW_PUBLIC_URL") {
			t.Errorf("public URL %q: %v", public, err)
		}
		if err != nil && strings.Contains(err.Error(), "private") {
			t.Errorf("the query is in the error: %v", err)
		}
	}
	c := connectTo(t, "http://127.0.0.1:1", nil)
	if c.opt.PublicURL = ""; !strings.Contains(c.Verify(d, now).Error(), "is not set") {
		t.Errorf("a setting that is not set is said to be: %v", c.Verify(d, now))
	}
	c.opt.PublicURL = "https://wrong.example.com"
	proxied := d
	proxied.URL, _ = url.Parse("http://10.0.0.7:8080/hooks/hubspot?key=private")
	if err := c.Verify(proxied, now); !strings.HasPrefix(err.Error(), "hubspot: verify: wrong") {
		t.Errorf("nothing tells the origin, but: %v", err)
	}
	proxied.Header = d.Header.Clone()
	proxied.Header.Set("X-Forwarded-Host", "crm-hooks.example.com, 10.0.0.1")
	if err := c.Verify(proxied, now); !strings.Contains(err.Error(), "right for https://crm-hooks.example.com/hooks") {
		t.Errorf("the proxy told the host, but: %v", err)
	}
	c.opt.PublicURL = "https://crm-hooks.example.com/"
	if err := c.Verify(d, now); err != nil {
		t.Errorf("with the right public URL: %v", err)
	}
}

func TestWebhooksOff(t *testing.T) {
	now := time.Now()
	c := connectTo(t, "http://127.0.0.1:1", func(c *Config) { c.Webhooks = "off" })
	if err := c.Verify(sign([]byte("[]"), "s3cret", now), now); connectors.KindOf(err) != connectors.Unauthenticated {
		t.Errorf("webhooks are off, but: %v", err)
	}
}

// A gateway may put a path before ours, and a proxy a slash behind it: HubSpot signs what was entered there.
func TestPathsOfGateways(t *testing.T) {
	now := time.UnixMilli(1772443800000)
	for public, targets := range map[string][]string{
		"https://winnow.example.com": {
			"https://winnow.example.com/hooks/hubspot", "https://winnow.example.com/hooks/hubspot/",
		},
		"https://gateway.example.com/crm/eu/": {
			"https://gateway.example.com/crm/eu/hooks/hubspot",
			"https://gateway.example.com/crm/eu/hooks/hubspot/",
		},
	} {
		c := connectTo(t, "http://127.0.0.1:1", nil)
		c.opt.PublicURL = public
		for _, target := range targets {
			for _, came := range []string{"/hooks/hubspot", "/hooks/hubspot/"} {
				d := connectors.Delivery{
					Method: http.MethodPost, URL: &url.URL{Scheme: "http", Host: "10.0.0.7:8080", Path: came},
					Body: []byte("[]"), Header: http.Header{},
				}
				stamp := strconv.FormatInt(now.UnixMilli(), 10)
				mac := hmac.New(sha256.New, []byte("s3cret"))
				_, _ = mac.Write([]byte(d.Method + target + "[]" + stamp))
				d.Header.Set(headerTime, stamp)
				d.Header.Set(headerV3, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
				if err := c.Verify(d, now); err != nil {
					t.Errorf("target %s, arriving at %s: %v", target, came, err)
				}
			}
		}
	}
}
