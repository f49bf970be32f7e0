package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/app"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/pipeline"
	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/queue"
)

// client speaks to the admin API of the running Winnow; where none runs it opens the store itself and runs the roles
// that the command needs until it is closed.
type client struct {
	base  string
	http  *http.Client
	token connectors.Secret
	local http.Handler // instead of base
	close func() error
}

// dial connects to the running Winnow or stands in for it with roles. Only who stands in needs all of the settings:
// wrong says what is wrong with them.
func dial(ctx context.Context, cfg *config.Config, wrong error, roles ...pipeline.Role) (*client, error) {
	scheme, over, err := app.AdminClient(string(cfg.AdminTLS.Cert))
	if err != nil {
		return nil, err
	}
	base := scheme + "://" + reachable(cfg.AdminListen)
	c := &client{base: base, http: over, token: tokenOf(cfg), close: func() error { return nil }}
	probe, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(probe, http.MethodGet, c.base+"/livez", nil)
	if err != nil {
		return nil, fmt.Errorf("WINNOW_ADMIN_LISTEN: %w", err)
	}
	resp, err := c.http.Do(req)
	if err == nil {
		return c, resp.Body.Close()
	}
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "dial" {
		return nil, fmt.Errorf("the running winnow does not answer at %s: %w", c.base, err)
	}
	if wrong != nil {
		return nil, fmt.Errorf("no winnow runs at %s, and %w", c.base, wrong)
	}
	if cfg.NATS.URL == "" && !queue.StoreIn(cfg.DataDir) {
		if !slices.Contains(roles, pipeline.RoleFetch) { // a backfill may well come first
			return nil, fmt.Errorf(
				"no winnow runs at %s, and there is no store in %s: WINNOW_ADMIN_LISTEN and WINNOW_DATA_DIR have "+
					"to be those of winnow serve, which makes the store",
				c.base,
				cfg.DataDir,
			)
		}
		fmt.Fprintf(
			os.Stderr,
			"no winnow runs at %s, and there is no store in %s: a new one is made there\n",
			c.base,
			cfg.DataDir,
		)
	}
	log := newLog(zapcore.ErrorLevel, cfg.LogFormat)
	a, err := app.New(ctx, cfg, log, app.Options{Quiet: true, Roles: append([]pipeline.Role{}, roles...)})
	if err != nil {
		return nil, fmt.Errorf("no winnow runs at %s, and its store cannot be opened: %w", c.base, err)
	}
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Run(running) }()
	c.local = a.Admin
	c.close = func() error {
		stop()
		err := <-done
		if err != nil {
			log.Error("roles ended", zap.Error(err))
		}
		return errors.Join(err, a.Close())
	}
	return c, nil
}

// tokenOf is the token that a command asks with: the one that may do most.
func tokenOf(cfg *config.Config) connectors.Secret {
	admins, _ := cfg.Admins() // which were read when the settings were
	for _, t := range admins {
		if t.Act {
			return t.Secret
		}
	}
	if len(admins) > 0 {
		return admins[0].Secret
	}
	return ""
}

// reachable is where a listen address can be reached from this machine.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Ask sends a request to the API.
func (c *client) Ask(ctx context.Context, method, path string, in url.Values) (status int, answer []byte, err error) {
	target, body := c.base+path, io.Reader(nil)
	if c.local != nil {
		target = "http://127.0.0.1" + path
	}
	if method == http.MethodGet {
		target += "?" + in.Encode()
	} else {
		body = strings.NewReader(in.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	return c.do(req)
}

func (c *client) do(req *http.Request) (int, []byte, error) {
	if c.local != nil {
		rec := httptest.NewRecorder()
		c.local.ServeHTTP(rec, req)
		return rec.Code, rec.Body.Bytes(), nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	var b bytes.Buffer
	_, err = io.Copy(&b, io.LimitReader(resp.Body, 64<<20))
	return resp.StatusCode, b.Bytes(), err
}
