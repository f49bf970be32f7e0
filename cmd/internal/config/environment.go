package config

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

const (
	fileSuffix  = "_FILE"
	testPrefix  = prefix + "_TEST_" // for the test suite; programs started by it inherit these
	maxFile     = 64 << 10          // bytes of a mounted secret; more is another file than was meant
	fromDefault = "default"
)

// environment is the WINNOW_* part of the environment.
type environment map[string]string

func parseEnvironment(environ []string) environment {
	env := environment{}
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); strings.HasPrefix(name, prefix+"_") && !serviceLink(name, value) &&
			!strings.HasPrefix(name, testPrefix) {
			env[name] = value
		}
	}
	return env
}

// links are the shapes of the variables that Kubernetes sets in every pod for each service of its namespace, so for one
// called winnow too. Source: Kubernetes documentation, "Service", environment variables.
var links = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$`)

func serviceLink(name, value string) bool {
	return links.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// variable is a value and where it came from: "environment" or "file /path".
type variable struct{ text, from string }

// lookup returns the value of name, from the environment or from the file that NAME_FILE names. An empty value is none,
// because that is what compose files and charts leave where nothing was given.
func (env environment) lookup(name string, path bool) (v variable, found bool, err error) {
	value, file := env[name], env[name+fileSuffix]
	switch {
	case value != "" && file != "":
		// The value is used all the same, so that nothing else complains that there is none.
		return variable{value, "environment"}, true, fmt.Errorf("set in %s as well; keep one of the two",
			name+fileSuffix)
	case strings.ContainsRune(value+file, 0):
		return v, false, fmt.Errorf("holds a NUL byte")
	case value != "":
		return variable{value, "environment"}, true, nil
	case file == "":
		return v, false, nil
	case path:
		return variable{file, "environment"}, true, nil
	}
	text, err := readFile(file)
	if err != nil {
		return v, false, fmt.Errorf("%s: %w", name+fileSuffix, err)
	}
	return variable{text, "file " + file}, text != "", nil
}

// Value returns one setting alone, empty where it is not given, for what must not fail for any other.
func Value(name string) (string, error) {
	v, _, err := parseEnvironment(os.Environ()).lookup(name, false)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return v.text, nil
}

// DecodeValue has a setting read its value, as Load would, for what must not fail for any other. One that is not given
// stays as it is.
func DecodeValue(name string, setting interface{ Decode(value string) error }) error {
	value, err := Value(name)
	if err != nil || value == "" {
		return err
	}
	if err := setting.Decode(value); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readFile returns what is in a mounted secret, without the newline that editors leave at the end.
func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = guarded(info)
	}
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", err
	case len(b) > maxFile:
		return "", fmt.Errorf("%s is larger than %d bytes: not a value", name, maxFile)
	case slices.Contains(b, 0):
		return "", fmt.Errorf("%s holds a NUL byte: not a value", name)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// under returns the names of the settings that begin with prefix, whether given themselves or as NAME_FILE.
func (env environment) under(prefix string) []string {
	var names []string
	for name := range env {
		if strings.HasPrefix(name, prefix) {
			names = append(names, strings.TrimSuffix(name, fileSuffix))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

var userinfo = regexp.MustCompile(`://[^/@,\s]*@`)

// redact takes user names and passwords out of URLs.
func redact(text string) string { return userinfo.ReplaceAllString(text, "://[redacted]@") }
