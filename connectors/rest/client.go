package rest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
)

// The bounds of what a vendor may ask of us.
const (
	// maxBody is how large an answer may be, in bytes. A batch of 100 mails with their HTML stays well below.
	maxBody = 64 << 20
	// MaxRetryAfter bounds the pause that a vendor can impose: after it we ask again, whatever a header said.
	MaxRetryAfter = time.Hour
	// clockMoved is by how much our clock may be set while a call is under way whose answer still tells the time.
	clockMoved = 5 * time.Second
)

// Options are what a Client is made of.
type Options struct {
	Vendor    crm.Vendor
	BaseURL   string
	UserAgent string
	Timeout   time.Duration // of one request, without the wait for the budget
	Budget    *Budget
	Now       func() time.Time // for Retry-After given as a date; nil: time.Now

	Auth Auth // nil: no credential is sent

	// Limits reads the vendor's rate limit headers; nil: it sends none.
	Limits func(http.Header) Limits
	// Explain says what a refusal (status 400 and above) means, as an Error with Kind, After and Err; nil: by status
	// alone. What it puts into Err must hold nothing of the body but words of a known, finite sort.
	Explain func(*Response) *connectors.Error

	// Stale reports that a refusal means that the credential has run out; 401 means so always. Nil: nothing else does.
	Stale func(*Response) bool
	// Heard is told of each answer what its Date says and how long the call took; nil: nobody wants to know the time.
	Heard func(date time.Time, took time.Duration)

	Transport http.RoundTripper // nil: a transport of its own
}

// Client sends requests to one account. It is safe for concurrent use.
type Client struct {
	opt   Options
	resty *resty.Client
}

// Request is one request.
type Request struct {
	Op        string // for the error: "fetch", "write" ...
	Class     Class
	Cost      int     // in the units of the vendor's limits; 0 is 1
	Lane      *Budget // a narrower limit that this request counts against too
	Anonymous bool    // sent without the credential
	Method    string
	Path      string // escaped
	Query     url.Values
	Header    http.Header // beside those that every request has
	Body      any         // sent in Format
	Form      url.Values  // sent as a form instead
	Format    Format      // of Body and Into
	Into      any         // a 2xx answer is read into it
}

// Response is the vendor's answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// New returns a client. It does no I/O.
func New(opt Options) *Client {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 8
		opt.Transport = t
	}
	r := resty.NewWithClient(&http.Client{Transport: opt.Transport}).
		SetBaseURL(strings.TrimRight(opt.BaseURL, "/")).
		SetRedirectPolicy(resty.NoRedirectPolicy()). // a redirect would carry the credential to wherever it points
		SetResponseBodyLimit(maxBody).
		SetHeader("User-Agent", opt.UserAgent).
		SetLogger(silent{}).
		SetDisableWarn(true)
	return &Client{opt: opt, resty: r}
}

// Do sends one request and returns the vendor's answer. Every failure is a *connectors.Error; beside one that the
// vendor answered (status 400 and above) the Response is returned too.
func (c *Client) Do(ctx context.Context, q Request) (*Response, error) {
	if q.Anonymous || c.opt.Auth == nil {
		return c.send(ctx, q, Credential{})
	}
	for again := true; ; again = false {
		cred, err := c.opt.Auth.Credential(ctx)
		if err != nil {
			return nil, err
		}
		resp, err := c.send(ctx, q, cred)
		if !again || !c.stale(resp) || !c.opt.Auth.Refused(cred) {
			return resp, err
		}
	}
}

// stale reports whether an answer means that the credential has run out.
func (c *Client) stale(r *Response) bool {
	return r != nil && (r.Status == http.StatusUnauthorized || r.Status >= 400 && c.opt.Stale != nil && c.opt.Stale(r))
}

// send sends a request once.
func (c *Client) send(ctx context.Context, q Request, cred Credential) (*Response, error) {
	if q.Lane != nil {
		done, err := q.Lane.Acquire(ctx, Write, q.Cost) // a lane has no classes: all of it may be used
		if err != nil {
			return nil, c.refused(q, err)
		}
		defer done()
	}
	done, err := c.opt.Budget.Acquire(ctx, q.Class, q.Cost)
	if err != nil {
		return nil, c.refused(q, err)
	}
	defer done()
	req, err := c.build(q, cred)
	if err != nil {
		c.opt.Budget.Dropped()
		return nil, c.fail(q, connectors.Internal, err)
	}
	timed, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	began, at := time.Now(), c.opt.Now()
	got, err := req.SetContext(timed).Execute(q.Method, strings.TrimRight(cred.BaseURL, "/")+q.Path)
	if took := time.Since(began); c.opt.Now().Sub(at)-took < clockMoved {
		c.heard(got, took)
	}
	if err != nil {
		return nil, c.broken(ctx, q, got, err)
	}
	resp := &Response{Status: got.StatusCode(), Header: got.Header(), Body: got.Body()}
	if resp.Status >= 300 {
		return resp, c.answered(q, resp)
	}
	if q.Into != nil {
		if err := q.Format.read(resp.Body, q.Into); err != nil {
			// A page of a proxy or an empty body: whoever answered, it was not the vendor's API. The decoder's own
			// words can quote the body.
			c.opt.Budget.Failed()
			return resp, c.fail(q, connectors.Garbled,
				fmt.Errorf("HTTP %d: the answer is not the %s that the vendor documents", resp.Status, q.Format))
		}
	}
	c.opt.Budget.Answered(c.limits(resp))
	return resp, nil
}

// heard passes on the time that an answer tells. One out of a cache tells the time of another day.
func (c *Client) heard(r *resty.Response, took time.Duration) {
	if c.opt.Heard == nil || r == nil || r.RawResponse == nil || r.Header().Get("Age") != "" {
		return
	}
	if date, err := http.ParseTime(r.Header().Get("Date")); err == nil {
		c.opt.Heard(date, took)
	}
}

func (c *Client) build(q Request, cred Credential) (*resty.Request, error) {
	req := c.resty.R().SetHeader("Accept", q.Format.contentType())
	for name, values := range q.Header {
		req.Header[name] = values
	}
	if cred.Header != "" {
		req.SetHeader(cred.Header, cred.Value)
	}
	if q.Query != nil {
		req.SetQueryParamsFromValues(q.Query)
	}
	switch {
	case q.Form != nil:
		req.SetHeader("Content-Type", "application/x-www-form-urlencoded").SetBody(q.Form.Encode())
	case q.Body != nil:
		body, err := q.Format.write(q.Body)
		if err != nil {
			return nil, fmt.Errorf("the request cannot be written as %s", q.Format)
		}
		req.SetHeader("Content-Type", q.Format.contentType()).SetBody(body)
	}
	return req, nil
}

func (c *Client) limits(r *Response) Limits {
	if c.opt.Limits == nil {
		return Limits{}
	}
	return c.opt.Limits(r.Header)
}

// answered turns a refusal into an error and tells the budget.
func (c *Client) answered(q Request, r *Response) error {
	e := &connectors.Error{Kind: connectors.KindOfStatus(r.Status), Err: fmt.Errorf("HTTP %d", r.Status)}
	if c.opt.Explain != nil {
		e = c.opt.Explain(r)
	}
	e.Vendor, e.Op = c.opt.Vendor, q.Op
	asked := askedFor(r.Header, c.opt.Now())
	if e.After == 0 {
		e.After = min(asked, MaxRetryAfter)
	}
	switch {
	case r.Status == http.StatusProxyAuthRequired: // no vendor answers so
		e.Kind, e.Err = connectors.Misconfigured, errProxy
	case asked > MaxRetryAfter:
		e.Err = fmt.Errorf("%w; it asks for a pause of %s, and is asked again after %s", e.Err, asked, MaxRetryAfter)
	}
	switch {
	case e.Kind == connectors.RateLimited && q.Lane != nil && e.After <= 2*time.Second:
		// A short pause on a narrow lane is the lane's own.
		e.After = q.Lane.Limited(Limits{}, e.After)
		c.opt.Budget.Answered(c.limits(r))
	case e.Kind == connectors.RateLimited:
		e.After = c.opt.Budget.Limited(c.limits(r), e.After)
	case e.Kind == connectors.Unavailable:
		c.opt.Budget.Failed()
	default:
		c.opt.Budget.Answered(c.limits(r))
	}
	return e
}

// broken is a request that got no answer, or one that could not be read.
func (c *Client) broken(ctx context.Context, q Request, got *resty.Response, err error) error {
	switch {
	case ctx.Err() != nil:
		c.opt.Budget.Dropped()
		return c.fail(q, connectors.Unavailable, ctx.Err())
	case errors.Is(err, resty.ErrResponseBodyTooLarge):
		c.opt.Budget.Answered(Limits{})
		return c.fail(q, connectors.Malformed, fmt.Errorf("the answer is larger than %d MiB", maxBody>>20))
	case errors.Is(err, resty.ErrAutoRedirectDisabled) && got != nil:
		c.opt.Budget.Answered(Limits{})
		return c.fail(q, connectors.Misconfigured, fmt.Errorf("HTTP %d: the API redirects elsewhere, which is not "+
			"followed: check the API's URL", got.StatusCode()))
	}
	c.opt.Budget.Failed()
	// to CONNECT, of which net/http keeps the words alone
	if strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)) {
		return c.fail(q, connectors.Misconfigured, errProxy)
	}
	return c.fail(q, connectors.Unavailable, plain(err))
}

var errProxy = errors.New("HTTP 407: a proxy between here and the CRM wants a user and a password: " +
	"HTTPS_PROXY=http://user:password@host:port, or NO_PROXY for this host")

// refused is a request that the budget did not let go.
func (c *Client) refused(q Request, err error) error {
	r, ok := errors.AsType[*Refused](err)
	if !ok {
		return c.fail(q, connectors.Unavailable, err)
	}
	kind := connectors.RateLimited
	if errors.Is(err, ErrOutage) {
		kind = connectors.Unavailable
	}
	return &connectors.Error{Vendor: c.opt.Vendor, Op: q.Op, Kind: kind, After: r.After, Unasked: true, Err: err}
}

func (c *Client) fail(q Request, k connectors.Kind, err error) error {
	return &connectors.Error{Vendor: c.opt.Vendor, Op: q.Op, Kind: k, Err: err}
}

// plain is what went wrong with the connection, without the URL, whose query can hold what is nobody's business.
func plain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return errors.New("time-out")
	}
	if n, ok := errors.AsType[*net.OpError](err); ok && n.Err != nil {
		return fmt.Errorf("%s: %w", n.Op, n.Err)
	}
	return err
}

// RetryAfter reads the header of that name, as seconds or a date, within bounds; 0 where there is none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	return min(askedFor(h, now), MaxRetryAfter)
}

// askedFor is the pause that the header asks for, however long; a year stands for all that is longer.
func askedFor(h http.Header, now time.Time) time.Duration {
	const year = 365 * 24 * time.Hour
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil {
		if !(s > 0) { // which is no number either
			return 0
		}
		return time.Duration(min(s, year.Seconds()) * float64(time.Second))
	}
	if t, err := http.ParseTime(v); err == nil {
		return min(max(t.Sub(now), 0), year)
	}
	return 0
}

// Budget returns the calls left in the current interval and in the day; negative: not known.
func (c *Client) Budget() (interval, day int) { return c.opt.Budget.Left() }

// Queued says whether calls that read or write wait for the budget now.
func (c *Client) Queued() bool { return c.opt.Budget.Queued() }

// silent keeps resty from logging: what it would say can hold bodies.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}
