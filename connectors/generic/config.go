package generic

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/fields"
	"github.com/winnow-crm/winnow/connectors/generic/jq"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/generic/presets"
	"github.com/winnow-crm/winnow/connectors/generic/proof"
	"github.com/winnow-crm/winnow/connectors/people"
)

// Config is what WINNOW_<SOURCE>_* sets for a CRM that a mapping describes.
type Config struct {
	MAPPING      string `desc:"the name of a preset (espocrm, ...: winnow mapping show lists them), or the path of a mapping"`
	API          API
	Login        Login
	Web          Web
	Token        connectors.Secret `desc:"token of the API, for a mapping with auth: bearer or header"`
	User         string            `desc:"user of the API, for a mapping with auth: basic, or one that names $auth.user"`
	Password     connectors.Secret `desc:"password of the API, for a mapping with auth: basic, or one that names $auth.password"`
	ClientID     string            `split_words:"true" desc:"client id, for a mapping with auth: oauth (client credentials)"`
	ClientSecret connectors.Secret `split_words:"true" desc:"client secret, for a mapping with auth: oauth"`
	HookSecret   connectors.Secret `split_words:"true" desc:"what deliveries are signed with, comma-separated where there are several"`
	HookKey      connectors.Secret `split_words:"true" desc:"the key that deliveries carry, comma-separated while it is changed"`
	Webhooks     string            `default:"on" desc:"on, or off for a CRM that sends none, which is then polled alone"`
	Settings     string            `desc:"values for the mapping's own settings: name=value,..."`
	Fields       string            `desc:"another field for one of Winnow's, or none: rating=leadGrade,score="`
	Properties   string            `desc:"the CRM's property for a name that the rules know and the mapping does not: industry=branch"`
	StaffDomains []string          `split_words:"true" desc:"e-mail domains of our own people, who are not rated: example.com,example.de"`
	LinkHosts    []string          `split_words:"true" desc:"hosts whose links in our mails may be quotes; empty: every link is compared with the quotes' own"`
	RateLimit    int               `split_words:"true" desc:"requests per 10 seconds, instead of the mapping's limits"`
	Timeout      time.Duration     `default:"30s" desc:"time-out of one request"`
}

// API is where the CRM's API is.
type API struct {
	URL       string `desc:"the CRM's address; no request goes to another host"`
	PlainHTTP bool   `split_words:"true" default:"false" desc:"true allows http in API_URL and LOGIN_URL beyond this machine and link-local addresses, where whoever is on the way reads the credential"`
}

// Web is where people use the CRM.
type Web struct {
	URL string `desc:"where people use the CRM, where that is another address than API_URL: links lead there"`
}

// Login is where tokens are got.
type Login struct {
	URL string `desc:"where OAuth tokens are got, where that is another address than API_URL"`
}

// PolledAlone reports whether polls are all that is heard of the CRM.
func (c *Config) PolledAlone() bool {
	m, err := c.load()
	return c.Webhooks == "off" || err == nil && m.Hooks == nil
}

// Mapping stands for where our fields go: when it changes, every rating is written again.
func (c *Config) Mapping() string {
	m, err := c.load()
	if err != nil {
		return c.Fields
	}
	own := []string{c.Fields}
	for _, spec := range crm.FieldTable {
		name, _ := m.Fields.Name.Text(spec.Stem(), nil)
		own = append(own, name)
	}
	return strings.Join(own, "\n")
}

// load reads the mapping.
func (c *Config) load() (*mapping.Mapping, error) {
	source, err := Source(c.MAPPING)
	if err != nil {
		return nil, err
	}
	return mapping.Load(source)
}

// Source is the text of a mapping, by the name of a preset or the path of a file.
func Source(name string) ([]byte, error) {
	if b, ok := presets.Get(name); ok {
		return b, nil
	}
	info, err := os.Stat(name)
	if name == "" || errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf(
			"%q is neither a preset (%s) nor a file%s",
			name,
			strings.Join(presets.Names(), ", "),
			jq.Nearest(name, presets.Names()),
		)
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > mapping.MaxFile {
		return nil, fmt.Errorf("%q cannot be read as a mapping: want a file of at most 1 MiB", name)
	}
	return os.ReadFile(name)
}

// Validate reports everything wrong with the settings and the mapping in one error.
func (c *Config) Validate(prefix string) error {
	p := &connectors.Problems{Prefix: prefix}
	c.checkPlain(p)
	m, err := c.load()
	switch faults := mapping.Faults(nil); {
	case c.MAPPING == "":
		p.Add(
			"MAPPING",
			"not set: the name of a preset (%s), or the path of a mapping",
			strings.Join(presets.Names(), ", "),
		)
	case errors.As(err, &faults):
		for _, f := range faults {
			p.Add("MAPPING", "%s:%s", c.MAPPING, f)
		}
	case err != nil:
		p.Add("MAPPING", "%v", err)
	default:
		c.checkCredential(m, p.Add)
		c.checkHooks(m, p.Add)
		c.checkNames(m, p)
	}
	return p.Err()
}

// checkPlain checks what needs no mapping.
func (c *Config) checkPlain(p *connectors.Problems) {
	if c.Webhooks != "" {
		p.WantOnOff("WEBHOOKS", c.Webhooks)
	}
	p.WantURL("API_URL", c.API.URL, "https://host", c.API.PlainHTTP)
	if c.Login.URL != "" {
		p.WantURL("LOGIN_URL", c.Login.URL, "https://host", c.API.PlainHTTP)
	}
	if c.Web.URL != "" {
		p.WantURL("WEB_URL", c.Web.URL, "https://host", c.API.PlainHTTP)
	}
	p.AddAll("STAFF_DOMAINS", people.CheckDomains(c.StaffDomains))
	p.WantPace(cmp.Or(c.RateLimit, 1), cmp.Or(c.Timeout, time.Second)) // 0: the mapping's limits, the usual time-out
}

// complain takes note of what is wrong with one variable.
type complain func(name, format string, args ...any)

func (c *Config) checkCredential(m *mapping.Mapping, bad complain) {
	need := func(name string, empty bool) {
		if empty {
			bad(name, "not set: the mapping's auth is %s", m.API.Auth)
		}
	}
	switch m.API.Auth {
	case "bearer", "header":
		need("TOKEN", c.Token == "")
	case "basic":
		need("USER", c.User == "")
		need("PASSWORD", c.Password == "")
	case "oauth":
		need("CLIENT_ID", c.ClientID == "")
		need("CLIENT_SECRET", c.ClientSecret == "")
	}
}

// checkHooks sees to it that there is a secret by which a delivery can prove itself.
func (c *Config) checkHooks(m *mapping.Mapping, bad complain) {
	if c.Webhooks == "off" || m.Hooks == nil {
		return
	}
	signs, keys := revealed(c.HookSecret), c.HookKey.Each()
	signed, keyed := false, false
	for _, p := range m.Hooks.Proof {
		bySign := p.HMAC != nil || p.Standard != nil
		signed, keyed = signed || bySign, keyed || !bySign
		for _, s := range signs {
			if err := checkKey(p, s); err != nil {
				bad("HOOK_SECRET", "%v", err)
			}
		}
	}
	if m.Hooks.Manage != nil || signed && len(signs) > 0 || keyed && len(keys) > 0 {
		return
	}
	const unset = "not set: without it anybody could send deliveries; set it, or WEBHOOKS=off to poll only"
	if signed {
		bad("HOOK_SECRET", unset)
	} else {
		bad("HOOK_KEY", unset)
	}
}

// errNoKey is a secret that is no key, of which nothing is said.
var errNoKey = errors.New("one of the secrets is not written as the mapping says")

func checkKey(p mapping.Proof, secret string) error {
	switch {
	case p.HMAC != nil:
		if key, err := proof.Key(*p.HMAC, secret); err != nil || len(key) == 0 {
			return fmt.Errorf("%w: want %s", errNoKey, p.HMAC.Secret)
		}
	case p.Standard != nil:
		if _, _, err := proof.StandardKey(secret); err != nil {
			return fmt.Errorf("%w: %w", errNoKey, err)
		}
	}
	return nil
}

func (c *Config) checkNames(m *mapping.Mapping, p *connectors.Problems) {
	_, err := settingsOf(m, c.Settings)
	p.AddAll("SETTINGS", err)
	_, err = fields.Parse(c.Fields, spelling(m))
	p.AddAll("FIELDS", err)
	_, err = fields.ParseProperties(c.Properties, nil, spelling(m))
	p.AddAll("PROPERTIES", err)
}

// revealed are the values of a secret that may have several.
func revealed(s connectors.Secret) []string {
	var out []string
	for _, one := range s.Each() {
		out = append(out, one.Reveal())
	}
	return out
}

// settingsOf are the mapping's settings with what was set for them.
func settingsOf(m *mapping.Mapping, set string) (map[string]any, error) {
	out := map[string]any{}
	var names []string
	for name, v := range m.Settings {
		out[name] = v
		names = append(names, name)
	}
	slices.Sort(names)
	for pair := range strings.SplitSeq(set, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, v, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if _, known := out[name]; !ok || !known {
			return nil, fmt.Errorf(
				"%q: want name=value with a name among %s%s",
				name,
				strings.Join(names, ", "),
				jq.Nearest(name, names),
			)
		}
		out[name] = strings.TrimSpace(v)
	}
	return out, nil
}

// fieldName is what a CRM may name a field: what leads to another record, or out of a JSON path, is none.
var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,99}$`)

// spelling is how the CRM names our fields.
func spelling(m *mapping.Mapping) fields.Spelling {
	ours := regexp.MustCompile(m.Fields.Ours) // Load has compiled it
	return fields.Spelling{
		Own: func(f crm.Field) string {
			spec, _ := crm.SpecOf(f)
			if !m.Fields.Name.Set() {
				return spec.Stem()
			}
			name, _ := m.Fields.Name.Text(spec.Stem(), nil)
			return name
		},
		Valid: func(name string) error {
			if !fieldName.MatchString(name) {
				return fmt.Errorf("%q is no name of a field", name)
			}
			return nil
		},
		Theirs: func(name string) bool { return !ours.MatchString(name) },
	}
}
