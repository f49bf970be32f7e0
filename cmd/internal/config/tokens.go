package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/winnow-crm/winnow/connectors"
)

// AdminToken is a secret by which the admin port lets somebody in.
type AdminToken struct {
	Name   string // empty: the one of WINNOW_ADMIN_TOKEN
	Secret connectors.Secret
	Act    bool
}

// leastToken is how long a named token has to be, and any beyond this machine: nobody tries out so many.
const leastToken = 16

var tokenName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,39}$`)

// Admins are the tokens of the admin port: the one of WINNOW_ADMIN_TOKEN, which may act, and those that are named.
func (c *Config) Admins() ([]AdminToken, error) {
	var list []AdminToken
	if c.AdminToken != "" {
		list = append(list, AdminToken{Secret: c.AdminToken, Act: true})
	}
	known := map[string]bool{}
	for i, entry := range strings.FieldsFunc(c.AdminTokens.Reveal(),
		func(r rune) bool { return r == ',' || r == '\n' }) {
		name, rest, _ := strings.Cut(strings.TrimSpace(entry), ":")
		right, secret, ok := strings.Cut(rest, ":")
		wrong := func(what string) error { // never with what was given: it holds secrets
			return problem(
				"WINNOW_ADMIN_TOKENS",
				"entry %d: %s; want name:read:token or name:act:token, comma-separated",
				i+1,
				what,
			)
		}
		switch {
		case !tokenName.MatchString(name):
			return nil, wrong("the name is none: letters, digits, - and _")
		case !ok || right != "read" && right != "act":
			return nil, wrong(fmt.Sprintf("%s has no right", name))
		case len(secret) < leastToken:
			return nil, wrong(fmt.Sprintf("the token of %s is shorter than %d characters", name, leastToken))
		case known[name]:
			return nil, wrong(name + " comes twice")
		}
		known[name] = true
		list = append(list, AdminToken{Name: name, Secret: connectors.Secret(secret), Act: right == "act"})
	}
	return list, nil
}

// checkAdmin reports what is wrong with who is let in.
func (c *Config) checkAdmin() []error {
	list, err := c.Admins()
	if err != nil {
		return []error{err}
	}
	switch {
	case Loopback(c.AdminListen):
	case len(list) == 0:
		return []error{problem(
			prefix+"_ADMIN_LISTEN",
			"%s can be reached from outside this machine; set WINNOW_ADMIN_TOKEN, or listen on 127.0.0.1",
			c.AdminListen,
		)}
	case c.AdminToken != "" && len(c.AdminToken.Reveal()) < leastToken:
		return []error{problem(
			prefix+"_ADMIN_TOKEN",
			"shorter than %d characters, which can be guessed, and %s can be reached from outside this machine; want "+
				"a random one, such as openssl rand -hex 32 makes",
			leastToken, c.AdminListen,
		)}
	}
	return nil
}
