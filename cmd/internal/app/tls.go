package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/config"
)

// certificates are what a port is served with over TLS. They are read again when a file has changed, so that whoever
// renews them need not start Winnow anew; what cannot be read leaves the former ones in force.
type certificates struct {
	cert, key, clientCA string // names of files
	clients             tls.ClientAuthType
	name                string // of the setting, for errors
	log                 *zap.Logger

	mu     sync.Mutex
	now    *tls.Config
	stamp  string    // of the files that now was read from
	looked time.Time // at the files, in machine time
}

// What the settings of both ports begin with.
const (
	tlsSetting      = "WINNOW_TLS_"
	adminTLSSetting = "WINNOW_ADMIN_TLS_"
)

// lookEvery is how long the files are not looked at again: a look costs a system call for each.
const lookEvery = time.Second

// open reads the files for the first time.
func (c *certificates) open() error {
	now, err := c.read()
	if err != nil {
		return err
	}
	c.now, c.stamp, c.looked = now, c.stamps(), time.Now()
	return nil
}

func (c *certificates) read() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf(
			"%sCERT and %sKEY: %w; want a certificate with its chain and its key, both in PEM",
			c.name,
			c.name,
			err,
		)
	}
	out := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		ClientAuth:   c.clients,
		NextProtos:   []string{"http/1.1"},
	}
	if c.clientCA == "" {
		return out, nil
	}
	ca, err := os.ReadFile(c.clientCA)
	if err != nil {
		return nil, fmt.Errorf("%sCLIENT_CA: %w", c.name, err)
	}
	if out.ClientCAs = x509.NewCertPool(); !out.ClientCAs.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%sCLIENT_CA: no certificate is in it; want PEM", c.name)
	}
	return out, nil
}

// stamps tell whether a file has changed. A secret that Kubernetes mounts is a link that changes.
func (c *certificates) stamps() string {
	var b strings.Builder
	for _, name := range []string{c.cert, c.key, c.clientCA} {
		if info, err := os.Stat(name); err == nil {
			fmt.Fprintf(&b, "%d %d ", info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}

// current are the certificates for a connection that begins now.
func (c *certificates) current(*tls.ClientHelloInfo) (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookEvery {
		return c.now, nil
	}
	c.looked = time.Now()
	stamp := c.stamps()
	if stamp == c.stamp {
		return c.now, nil
	}
	c.stamp = stamp // a file that is wrong is complained of once
	if now, err := c.read(); err != nil {
		c.log.Error("new certificates cannot be used, the former ones stay in force", zap.Error(err))
	} else {
		c.now = now
		c.log.Info("certificates read again", zap.String("setting", c.name))
	}
	return c.now, nil
}

// secured has a listener speak TLS where there are certificates.
func secured(ln net.Listener, c *certificates) net.Listener {
	if c == nil {
		return ln
	}
	return tls.NewListener(ln, &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: c.current})
}

// hookTLS is what the webhooks are served with, nil: plain HTTP.
func hookTLS(cfg *config.Config, log *zap.Logger) (*certificates, error) {
	if cfg.TLS.Cert == "" {
		return nil, nil
	}
	c := &certificates{
		name:     tlsSetting,
		cert:     string(cfg.TLS.Cert),
		key:      string(cfg.TLS.Key),
		clientCA: string(cfg.TLS.ClientCA),
		log:      log,
	}
	switch {
	case c.clientCA == "":
	case len(cfg.TLS.ClientSources) > 0: // of others none is asked for, and they share the port
		c.clients = tls.VerifyClientCertIfGiven
	default:
		c.clients = tls.RequireAndVerifyClientCert
	}
	return c, c.open()
}

// adminTLS is what the admin port is served with, nil: plain HTTP.
func adminTLS(cfg *config.Config, log *zap.Logger) (*certificates, error) {
	if cfg.AdminTLS.Cert == "" {
		return nil, nil
	}
	c := &certificates{
		name: adminTLSSetting,
		cert: string(cfg.AdminTLS.Cert),
		key:  string(cfg.AdminTLS.Key),
		log:  log,
	}
	return c, c.open()
}

// withCertificate refuses what comes for one of sources without a verified certificate of the client's.
func withCertificate(sources []string, next http.Handler) http.Handler {
	if len(sources) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if slices.Contains(sources, req.PathValue("source")) && (req.TLS == nil || len(req.TLS.VerifiedChains) == 0) {
			http.Error(w, "a client certificate is needed: see WINNOW_TLS_CLIENT_CA", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, req)
	})
}

// AdminClient returns the scheme and a client for the admin port of this machine, which is served with the certificate
// in a file; none: over plain HTTP. What answers must have that very certificate: it need not be for the name of this
// machine.
func AdminClient(cert string) (scheme string, client *http.Client, err error) {
	if cert == "" {
		return "http", http.DefaultClient, nil
	}
	text, err := os.ReadFile(cert)
	if err != nil {
		return "", nil, fmt.Errorf("WINNOW_ADMIN_TLS_CERT: %w", err)
	}
	leaf, _ := pem.Decode(text) // the first of a chain is the server's own
	if leaf == nil || leaf.Type != "CERTIFICATE" {
		return "", nil, errors.New("WINNOW_ADMIN_TLS_CERT: it does not begin with a certificate; want PEM")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // the certificate itself is compared below, which is more
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || !bytes.Equal(s.PeerCertificates[0].Raw, leaf.Bytes) {
				return errors.New("the answer comes with another certificate than that in WINNOW_ADMIN_TLS_CERT")
			}
			return nil
		},
	}
	return "https", &http.Client{Transport: transport}, nil
}
