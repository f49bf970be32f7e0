package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/lab/hubspot"
	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
)

// issued is a certificate of the test, and the files that it is in.
type issued struct{ cert, key string }

// issue writes a new certificate that signs itself, for 127.0.0.1, into a directory.
func issue(t *testing.T, dir, name string) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().
			Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	i := issued{filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")}
	for file, block := range map[string]*pem.Block{
		i.cert: {Type: "CERTIFICATE", Bytes: der}, i.key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// trusts is a client that trusts the certificates in files alone, shows one of its own where it is given one, and opens
// a connection for each request.
func trusts(t *testing.T, own *issued, files ...string) *http.Client {
	t.Helper()
	conf := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	for _, file := range files {
		conf.RootCAs.AppendCertsFromPEM([]byte(read(t, file)))
	}
	if own != nil {
		pair, err := tls.LoadX509KeyPair(own.cert, own.key)
		if err != nil {
			t.Fatal(err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true},
		Timeout:   time.Minute,
	}
}

// posts sends what nobody has signed, and returns what is said to that.
func posts(client *http.Client, url string) (said string, err error) {
	resp, err := client.Post(url, "application/json", strings.NewReader("[]"))
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.Status + " " + string(body), err
}

// TestTLS serves both ports over TLS, and others with the next certificates once the files have changed.
func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := issue(t, dir, "first")
	served := issue(t, dir, "served")
	w := newWorld(
		t,
		hubspot.Options{},
		"WINNOW_TLS_CERT="+served.cert,
		"WINNOW_TLS_KEY="+served.key,
		"WINNOW_ADMIN_TLS_CERT="+first.cert,
		"WINNOW_ADMIN_TLS_KEY="+first.key,
	)
	hooks, admin := w.app.Addresses()
	hook := "https://" + hooks + "/hooks/hubspot"
	client := trusts(t, nil, served.cert)
	if said, err := posts(client, hook); err != nil || !strings.HasPrefix(said, "401") {
		t.Errorf("an unsigned delivery over TLS: %q, %v", said, err)
	}
	if said, err := posts(client, "http://"+hooks+"/hooks/hubspot"); err == nil && !strings.HasPrefix(said, "400") {
		t.Errorf("plain HTTP is answered with %q", said)
	}
	old := trusts(t, nil, served.cert)
	conf := old.Transport.(*http.Transport).TLSClientConfig
	conf.MinVersion, conf.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	if said, err := posts(old, hook); err == nil {
		t.Errorf("TLS 1.1 is answered with %q", said)
	}
	scheme, ours, err := AdminClient(first.cert)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := ours.Get(scheme + "://" + admin + "/livez")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("/livez over TLS: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if _, other, err := AdminClient(served.cert); err != nil {
		t.Error(err)
	} else if resp, err := other.Get("https://" + admin + "/livez"); err == nil {
		_ = resp.Body.Close()
		t.Error("another certificate than the file's is taken for the admin port's")
	}

	before := read(t, served.cert)
	if err := os.WriteFile(served.cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the log says that the new file is of no use", func() bool {
		_, err := posts(client, hook) // the former one stays in force
		if err != nil {
			t.Errorf("with a file that is no certificate: %v", err)
		}
		return err != nil || strings.Contains(w.log.String(), "the former ones stay in force")
	})
	next := issue(t, dir, "served")
	if read(t, next.cert) == before {
		t.Fatal("the same certificate again")
	}
	renewed := trusts(t, nil, next.cert)
	waittest.Until(t, "the next certificate is served", func() bool {
		_, err := posts(renewed, hook)
		return err == nil
	})
}

// TestClientCertificates asks for them of all, or of some sources alone.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, crm, stranger := issue(t, dir, "server"), issue(t, dir, "crm"), issue(t, dir, "stranger")
	files := []string{
		"WINNOW_TLS_CERT=" + server.cert,
		"WINNOW_TLS_KEY=" + server.key,
		"WINNOW_TLS_CLIENT_CA=" + crm.cert,
	}
	two := []string{
		"WINNOW_SOURCES=hubspot,us=hubspot",
		"WINNOW_US_CLIENT_SECRET=another",
		"WINNOW_US_TOKEN=sandbox-token",
		"WINNOW_TLS_CLIENT_SOURCES=us",
	}
	const refused, unsigned = "handshake", "signature or credential refused"
	for name, c := range map[string]struct {
		env    []string
		source string
		own    *issued
		want   string
	}{
		"of all, none":            {nil, "hubspot", nil, refused},
		"of all, a stranger's":    {nil, "hubspot", &stranger, refused},
		"of all, the right one":   {nil, "hubspot", &crm, unsigned},
		"of one, none":            {two, "us", nil, "a client certificate is needed"},
		"of one, the right one":   {two, "us", &crm, unsigned},
		"of one, none by another": {two, "hubspot", nil, unsigned},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, hubspot.Options{}, append(append([]string{}, files...), c.env...)...)
			hooks, _ := w.app.Addresses()
			said, err := posts(trusts(t, c.own, server.cert), "https://"+hooks+"/hooks/"+c.source)
			switch {
			case c.want == refused && err == nil:
				t.Errorf("answered %q", said)
			case c.want == unsigned && (err != nil || said[:3] != "401" || strings.Contains(said, "a client cert")):
				t.Errorf("answered %q, %v, want what the vendor says to a bad signature", said, err)
			case c.want != refused && c.want != unsigned && !strings.Contains(said, c.want):
				t.Errorf("answered %q, %v, want %q", said, err, c.want)
			}
		})
	}
}

// TestTLSSettings: what cannot be is refused at the start, by the name of the variable.
func TestTLSSettings(t *testing.T) {
	dir := t.TempDir()
	one, other := issue(t, dir, "one"), issue(t, dir, "other")
	plain := []string{"WINNOW_HUBSPOT_CLIENT_SECRET=x", "WINNOW_HUBSPOT_TOKEN=x", "WINNOW_DATA_DIR=" + dir}
	served := []string{"WINNOW_TLS_CERT=" + one.cert, "WINNOW_TLS_KEY=" + one.key}
	for want, env := range map[string][]string{
		"set WINNOW_TLS_KEY too":             {"WINNOW_TLS_CERT=" + one.cert},
		"WINNOW_ADMIN_TLS_KEY too":           {"WINNOW_ADMIN_TLS_CERT=" + one.cert},
		"WINNOW_TLS_KEY: stat":               {"WINNOW_TLS_CERT=" + one.cert, "WINNOW_TLS_KEY=" + dir + "/none"},
		"WINNOW_TLS_CLIENT_CA: clients show": {"WINNOW_TLS_CLIENT_CA=" + one.cert},
		"WINNOW_TLS_CLIENT_SOURCES: says":    {"WINNOW_TLS_CLIENT_SOURCES=hubspot"},
		`WINNOW_TLS_CLIENT_SOURCES: "eu" is no`: append([]string{
			"WINNOW_TLS_CLIENT_SOURCES=eu", "WINNOW_TLS_CLIENT_CA=" + one.cert,
		}, served...),
		"private key does not match":              {"WINNOW_TLS_CERT=" + one.cert, "WINNOW_TLS_KEY=" + other.key},
		"WINNOW_TLS_CLIENT_CA: no certificate is": append([]string{"WINNOW_TLS_CLIENT_CA=" + one.key}, served...),
	} {
		cfg, err := config.Load(append(append([]string{}, plain...), env...))
		if err == nil {
			_, err = hookTLS(cfg, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", env, err, want)
		}
	}
}
