package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/term"

	"github.com/winnow-crm/winnow/cmd/internal/admin/api"
	"github.com/winnow-crm/winnow/rules"
)

// records calls fn with every contact of a source, each once, and returns the model by which the process that holds the
// store rates.
func (c *client) records(ctx context.Context, source string, fn func(contact string, r rules.Record)) (model string, err error) {
	body, err := c.open(ctx, api.Records.Path, api.Values(api.SourceQuery{Source: source}))
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	shown := term.IsTerminal(int(os.Stderr.Fd()))
	if shown {
		defer fmt.Fprint(os.Stderr, "\r\033[K")
	}
	seen := map[string]bool{} // one that is rated meanwhile comes again
	for lines := json.NewDecoder(bufio.NewReaderSize(body, 64<<10)); ; {
		var l api.RecordLine
		if err := lines.Decode(&l); err != nil {
			return model, fmt.Errorf("the records of %s break off after %d contacts: %w", source, len(seen), err)
		}
		switch {
		case l.Error != "":
			return model, errors.New(l.Error)
		case l.Count != nil:
			return model, nil
		case l.Model != "":
			model = l.Model
		case l.Record != nil && !seen[l.Contact]:
			seen[l.Contact] = true
			fn(l.Contact, *l.Record)
			if shown && len(seen)%100 == 0 {
				fmt.Fprintf(os.Stderr, "\r\033[K%s: %d contacts", source, len(seen))
			}
		}
	}
}

// open asks the API for an answer that is read as it comes.
func (c *client) open(ctx context.Context, path string, in url.Values) (io.ReadCloser, error) {
	base := c.base
	if c.local != nil {
		base = "http://127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path+"?"+in.Encode(), nil)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	}
	if c.local != nil {
		r, w := io.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.local.ServeHTTP(&piped{w, http.Header{}}, req)
			_ = w.Close() // never fails
		}()
		return &answer{r, ended}, nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer func() { _ = resp.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // what is cut off says nothing
	return nil, api.ErrorOf(resp.StatusCode, said)
}

// answer is what is read of a piped answer. Closing it ends the writer, and waits for it.
type answer struct {
	*io.PipeReader
	ended <-chan struct{}
}

func (a *answer) Close() error {
	err := a.PipeReader.Close()
	<-a.ended
	return err
}

// piped is an answer that is read in the same process while it is written.
type piped struct {
	*io.PipeWriter
	header http.Header
}

func (p *piped) Header() http.Header { return p.header }
func (p *piped) WriteHeader(int)     {} // errors come in the answer itself
