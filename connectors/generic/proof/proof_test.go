package proof

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
)

var at = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func mac(key, message string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(message))
	return h.Sum(nil)
}

func with(body string, headers ...string) connectors.Delivery {
	d := connectors.Delivery{
		Method: "POST",
		Header: http.Header{},
		Body:   []byte(body),
		URL:    &url.URL{Scheme: "https", Host: "h", Path: "/hooks/x"},
	}
	for i := 0; i < len(headers); i += 2 {
		d.Header.Set(headers[i], headers[i+1])
	}
	return d
}

// Known answers of the Standard Webhooks' own libraries. Source: github.com/standard-webhooks/standard-webhooks,
// libraries, their tests (Go and others; Rust).
func TestStandardVectors(t *testing.T) {
	const secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `{"test": 2432232314}`
	v := New([]mapping.Proof{{Standard: &mapping.Standard{}}})
	now := time.Unix(1614265330, 0)
	d := with(body, "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp", "1614265330",
		"webhook-signature", "v2,AAAA v1,bm9uZQ== v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	for name, c := range map[string]struct {
		secrets []string
		change  func(*connectors.Delivery)
		now     time.Time
		want    error
	}{
		"right":           {[]string{secret}, nil, now, nil},
		"one of several":  {[]string{"whsec_bm90IHRoaXMgb25lIGF0IGFsbA==", secret}, nil, now, nil},
		"late":            {[]string{secret}, nil, now.Add(299 * time.Second), nil},
		"stale":           {[]string{secret}, nil, now.Add(301 * time.Second), ErrStale},
		"from the future": {[]string{secret}, nil, now.Add(-301 * time.Second), ErrStale},
		"another secret":  {[]string{"whsec_bm90IHRoaXMgb25lIGF0IGFsbA=="}, nil, now, ErrWrong},
		"no secret":       {nil, nil, now, ErrWrong},
		"an empty secret": {[]string{""}, nil, now, ErrWrong},
		"another body": {
			[]string{secret}, func(d *connectors.Delivery) { d.Body = []byte(body + " ") }, now, ErrWrong,
		},
		"another id": {
			[]string{secret}, func(d *connectors.Delivery) { d.Header.Set("webhook-id", "msg_x") }, now, ErrWrong,
		},
		"an id with a dot": {
			[]string{secret}, func(d *connectors.Delivery) { d.Header.Set("webhook-id", "a.b") }, now, ErrMalformed,
		},
		"no signature": {
			[]string{secret}, func(d *connectors.Delivery) { d.Header.Del("webhook-signature") }, now, ErrMissing,
		},
		"no version known": {
			[]string{secret},
			func(d *connectors.Delivery) { d.Header.Set("webhook-signature", "v3,abc") }, now,
			ErrMalformed,
		},
	} {
		d := d
		d.Header = d.Header.Clone()
		if c.change != nil {
			c.change(&d)
		}
		if err := v.Verify(d, Secrets{Sign: c.secrets}, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestStandardByPublicKey(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := New([]mapping.Proof{{Standard: &mapping.Standard{}}})
	stamp := fmt.Sprint(at.Unix())
	sign := base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte("m1."+stamp+".{}")))
	d := with("{}", "webhook-id", "m1", "webhook-timestamp", stamp, "webhook-signature", "v1a,"+sign)
	key := "whpk_" + base64.StdEncoding.EncodeToString(public)
	if err := v.Verify(d, Secrets{Sign: []string{key}}, at); err != nil {
		t.Error(err)
	}
	d.Body = []byte("{} ")
	if err := v.Verify(d, Secrets{Sign: []string{key}}, at); !errors.Is(err, ErrWrong) {
		t.Errorf("another body: %v", err)
	}
	// A public key is no secret of v1: whoever knows it could sign.
	forged := base64.StdEncoding.EncodeToString(mac(string(public), "m1."+stamp+".{}"))
	d = with("{}", "webhook-id", "m1", "webhook-timestamp", stamp, "webhook-signature", "v1,"+forged)
	if err := v.Verify(d, Secrets{Sign: []string{key}}, at); err == nil {
		t.Error("signed with the public key, and accepted")
	}
}

// Before the body is read what cannot prove itself is refused, and what could is not. What is just too old could be
// right by another clock.
func TestScreen(t *testing.T) {
	stamp, sum := fmt.Sprint(at.Unix()), hex.EncodeToString(mac("k", "b"))
	std := base64.StdEncoding.EncodeToString(mac("k", "b"))
	timed := mapping.HMAC{Header: "S", Over: "{time}{body}", Time: "header.T"}
	s := Secrets{Sign: []string{"k"}, Keys: []string{"k1"}}
	for name, c := range map[string]struct {
		p    mapping.Proof
		d    connectors.Delivery
		late time.Duration
		want error
	}{
		"signed":          {mapping.Proof{HMAC: &timed}, with("", "S", sum, "T", stamp), 0, nil},
		"signed just now": {mapping.Proof{HMAC: &timed}, with("", "S", sum, "T", stamp), 9 * time.Minute, nil},
		"signed long ago": {mapping.Proof{HMAC: &timed}, with("", "S", sum, "T", stamp), 11 * time.Minute, ErrStale},
		"no time":         {mapping.Proof{HMAC: &timed}, with("", "S", sum), 0, ErrMalformed},
		"no signature":    {mapping.Proof{HMAC: &timed}, with("", "T", stamp), 0, ErrMissing},
		"too short":       {mapping.Proof{HMAC: &timed}, with("", "S", sum[2:], "T", stamp), 0, ErrMalformed},
		"no hex":          {mapping.Proof{HMAC: &timed}, with("", "S", "x"+sum[1:], "T", stamp), 0, ErrMalformed},
		"standard": {
			mapping.Proof{Standard: &mapping.Standard{}},
			with("", "webhook-id", "1", "webhook-timestamp", stamp, "webhook-signature", "v1,"+std), 0, nil,
		},
		"standard, long ago": {
			mapping.Proof{Standard: &mapping.Standard{}},
			with("", "webhook-id", "1", "webhook-timestamp", stamp, "webhook-signature", "v1,"+std),
			11 * time.Minute, ErrStale,
		},
		"standard, too short": {
			mapping.Proof{Standard: &mapping.Standard{}},
			with("", "webhook-id", "1", "webhook-timestamp", stamp, "webhook-signature", "v1,AAAA"), 0, ErrMalformed,
		},
		"key":             {mapping.Proof{Key: &mapping.Key{Header: "K"}}, with("", "K", "k1"), 0, nil},
		"a wrong key":     {mapping.Proof{Key: &mapping.Key{Header: "K"}}, with("", "K", "k2"), 0, ErrWrong},
		"key in the body": {mapping.Proof{Key: &mapping.Key{Body: "token"}}, with(""), 0, nil},
		"no user":         {mapping.Proof{Basic: true}, with(""), 0, ErrMissing},
	} {
		if err := New([]mapping.Proof{c.p}).Screen(c.d, s, at.Add(c.late)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	ways := New([]mapping.Proof{{HMAC: &timed}, {Key: &mapping.Key{Header: "K"}}})
	if err := ways.Screen(with("", "K", "k1"), s, at); err != nil {
		t.Errorf("by the second of two ways: %v", err)
	}
}

// The time of a proof counts only where it is signed.
func TestDated(t *testing.T) {
	stamp, sum := fmt.Sprint(at.Unix()), hex.EncodeToString(mac("k", "b"))
	for name, c := range map[string]struct {
		h    mapping.HMAC
		want time.Time
	}{
		"signed":     {mapping.HMAC{Header: "S", Over: "{time}{body}", Time: "header.T"}, at},
		"beside":     {mapping.HMAC{Header: "S", Time: "header.T"}, time.Time{}},
		"not at all": {mapping.HMAC{Header: "S"}, time.Time{}},
	} {
		v := New([]mapping.Proof{{Key: &mapping.Key{Header: "K"}}, {HMAC: &c.h}})
		if got := v.Dated(with("", "S", sum, "T", stamp)); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	std := with("", "webhook-id", "1", "webhook-timestamp", stamp, "webhook-signature",
		"v1,"+base64.StdEncoding.EncodeToString(mac("k", "b")))
	if got := New([]mapping.Proof{{Standard: &mapping.Standard{}}}).Dated(std); !got.Equal(at) {
		t.Errorf("by the standard: %v, want %v", got, at)
	}
}

// Layouts are those of real CRMs.
func TestHMACLayouts(t *testing.T) {
	ms := fmt.Sprint(at.UnixMilli())
	sum1 := hmac.New(sha1.New, []byte("k"))
	sum1.Write([]byte("b"))
	for name, c := range map[string]struct {
		h mapping.HMAC
		d connectors.Delivery
	}{
		"plain hex": {mapping.HMAC{Header: "X"}, with("b", "X", hex.EncodeToString(mac("k", "b")))},
		"with a prefix": {
			mapping.HMAC{Header: "X", Value: "sha256={hex}"}, with(
				"b", "X", "sha256="+hex.EncodeToString(mac("k", "b")),
			),
		},
		"base64": {
			mapping.HMAC{Header: "X", Value: "{base64}"}, with(
				"b", "X", base64.StdEncoding.EncodeToString(mac("k", "b")),
			),
		},
		"EspoCRM's, nested": {
			mapping.HMAC{Header: "Signature", Inside: "base64", Value: "{any}:{hex}"},
			with("b", "Signature", base64.StdEncoding.EncodeToString([]byte("65f:"+hex.EncodeToString(mac("k", "b"))))),
		},
		"Twenty's, in milliseconds": {
			mapping.HMAC{Header: "S", Over: "{time}:{body}", Time: "header.T", Unit: "ms"},
			with("b", "S", hex.EncodeToString(mac("k", ms+":b")), "T", ms),
		},
		"the time beside the signature": {
			mapping.HMAC{Header: "S", Value: "t={t},v1={hex}", Over: "{time}.{body}", Time: "value.t"},
			with("b", "S", fmt.Sprintf("t=%d,v1=%x", at.Unix(), mac("k", fmt.Sprint(at.Unix(), ".b")))),
		},
		"method and path": {
			mapping.HMAC{Header: "S", Over: "{method}{path}{body}"}, with(
				"b", "S", hex.EncodeToString(mac("k", "POST/hooks/xb")),
			),
		},
		"an id and the query": {
			mapping.HMAC{Header: "S", Over: "{header.Id}.{query.app}.{url}.{body}", Value: "{base64url}"},
			with("b", "Id", "7", "S",
				base64.RawURLEncoding.EncodeToString(mac("k", "7.crm.https://h/hooks/x?app=crm.b"))),
		},
		"several": {
			mapping.HMAC{Header: "S", Separator: " "}, with("b", "S", "00 "+hex.EncodeToString(mac("k", "b"))),
		},
		"a secret in hex": {
			mapping.HMAC{Header: "S", Secret: "hex", Strip: "sec_"}, with("b", "S", hex.EncodeToString(mac("k", "b"))),
		},
		"sha1": {mapping.HMAC{Header: "S", Hash: "sha1"}, with("b", "S", hex.EncodeToString(sum1.Sum(nil)))},
	} {
		secret := "k"
		if strings.Contains(c.h.Over, "{query.") {
			c.d.URL.RawQuery, c.d.Query = "app=crm", url.Values{"app": {"crm"}}
		}
		if c.h.Secret == "hex" {
			secret = "sec_6b"
		}
		v := New([]mapping.Proof{{HMAC: &c.h}})
		if err := v.Verify(c.d, Secrets{Sign: []string{"another1", secret}}, at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := v.Verify(c.d, Secrets{Sign: []string{"another1"}}, at); !errors.Is(err, ErrWrong) {
			t.Errorf("%s, with another secret: %v", name, err)
		}
		if err := v.Verify(c.d, Secrets{}, at); !errors.Is(err, ErrWrong) {
			t.Errorf("%s, without a secret: %v", name, err)
		}
		if c.h.Time != "" {
			if err := v.Verify(c.d, Secrets{Sign: []string{secret}}, at.Add(6*time.Minute)); !errors.Is(err, ErrStale) {
				t.Errorf("%s, stale: %v", name, err)
			}
		}
		other := c.d
		other.Body = []byte("c")
		if err := v.Verify(other, Secrets{Sign: []string{secret}}, at); !errors.Is(err, ErrWrong) {
			t.Errorf("%s, another body: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	in := func(change func(*connectors.Delivery)) connectors.Delivery {
		d := with(`{"a":{"token":"k1"}}`)
		change(&d)
		return d
	}
	for name, c := range map[string]struct {
		p    mapping.Proof
		d    connectors.Delivery
		want error
	}{
		"header": {mapping.Proof{Key: &mapping.Key{Header: "X-Key"}}, with("", "X-Key", "k1"), nil},
		"behind a scheme": {
			mapping.Proof{
				Key: &mapping.Key{Header: "Authorization", Scheme: "Bearer"},
			}, with("", "Authorization", "bearer k1"), nil,
		},
		"another scheme": {
			mapping.Proof{
				Key: &mapping.Key{Header: "Authorization", Scheme: "Bearer"},
			}, with("", "Authorization", "Basic k1"), ErrMissing,
		},
		"query": {
			mapping.Proof{Key: &mapping.Key{Query: "key"}}, in(
				func(d *connectors.Delivery) { d.Query = url.Values{"key": {"k1"}} },
			), nil,
		},
		"path": {
			mapping.Proof{Key: &mapping.Key{Path: 2}}, in(func(d *connectors.Delivery) { d.Path = "a/k1/b" }), nil,
		},
		"no path": {
			mapping.Proof{Key: &mapping.Key{Path: 2}},
			in(func(d *connectors.Delivery) { d.Path = "k1" }),
			ErrMissing,
		},
		"body":    {mapping.Proof{Key: &mapping.Key{Body: "a.token"}}, in(func(*connectors.Delivery) {}), nil},
		"no JSON": {mapping.Proof{Key: &mapping.Key{Body: "a.token"}}, with("<x/>"), ErrUnread},
		"wrong":   {mapping.Proof{Key: &mapping.Key{Header: "X-Key"}}, with("", "X-Key", "k1,k2"), ErrWrong},
		"none":    {mapping.Proof{Key: &mapping.Key{Header: "X-Key"}}, with(""), ErrMissing},
		"basic": {
			mapping.Proof{Basic: true}, with(
				"", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("crm:k1")),
			), nil,
		},
		"basic, wrong": {
			mapping.Proof{Basic: true}, with(
				"", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("k1:x")),
			), ErrWrong,
		},
	} {
		err := New([]mapping.Proof{c.p}).Verify(c.d, Secrets{Keys: []string{"", "k2", "k1"}}, at)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "k1") {
			t.Errorf("%s: the error holds the key: %v", name, err)
		}
	}
}

// One of several ways is enough, and none is none.
func TestWays(t *testing.T) {
	v := New([]mapping.Proof{{HMAC: &mapping.HMAC{Header: "S"}}, {Key: &mapping.Key{Header: "K"}}})
	s := Secrets{Sign: []string{"k"}, Keys: []string{"x"}}
	if err := v.Verify(with("b", "K", "x"), s, at); err != nil {
		t.Error(err)
	}
	if err := v.Verify(with("b", "S", hex.EncodeToString(mac("k", "b"))), s, at); err != nil {
		t.Error(err)
	}
	if err := v.Verify(with("b"), s, at); !errors.Is(err, ErrMissing) {
		t.Error(err)
	}
	if err := New(nil).Verify(with("b"), s, at); err == nil {
		t.Error("without any way everybody gets in")
	}
}
