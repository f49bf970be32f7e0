package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// Call is one thing that can be asked with a Q and is answered by an A.
type Call[Q, A any] struct{ Method, Path string }

// Pattern is where a mux serves the call.
func (c Call[Q, A]) Pattern() string { return c.Method + " " + c.Path }

// Asker sends a request to an admin port and returns the status and the body of the answer.
type Asker interface {
	Ask(ctx context.Context, method, path string, in url.Values) (status int, body []byte, err error)
}

// Ask asks to, and returns the answer or the error that it holds.
func (c Call[Q, A]) Ask(ctx context.Context, to Asker, q Q) (a A, err error) {
	status, body, err := to.Ask(ctx, c.Method, c.Path, Values(q))
	if err != nil {
		return a, err
	}
	if status != http.StatusOK {
		return a, ErrorOf(status, body)
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return a, fmt.Errorf("the answer of %s: %w", c.Path, err)
	}
	return a, nil
}

// Failed is the answer where something went wrong.
type Failed struct {
	Error string `json:"error"`
}

// ErrorOf is the error that an answer holds.
func ErrorOf(status int, body []byte) error {
	var f Failed
	if json.Unmarshal(body, &f) != nil || f.Error == "" {
		f.Error = http.StatusText(status)
	}
	return &Refused{Status: status, Message: f.Error}
}

// Refused is an answer that says why there is none.
type Refused struct {
	Status  int
	Message string
}

func (e *Refused) Error() string { return e.Message }
