// Command licences prints what a CycloneDX list of parts says of their licences, a line a module: name, version,
// licences. It fails for a part without a known one, because what has no licence must not be given away.
package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "licences: %v\n", err)
		os.Exit(1)
	}
}

// parts is the share of a CycloneDX document that matters here.
type parts struct {
	Components []struct {
		Name     string `json:"name"`
		Version  string `json:"version"`
		Evidence struct {
			Licenses []licence `json:"licenses"`
		} `json:"evidence"`
		Licenses []licence `json:"licenses"`
	} `json:"components"`
}

type licence struct {
	License struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"license"`
	Expression string `json:"expression"`
}

func run(args []string, w io.Writer) error {
	if len(args) != 1 {
		return errors.New("want the file of a CycloneDX list of parts, in JSON")
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var p parts
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	if len(p.Components) == 0 {
		return fmt.Errorf("%s: no parts in it", args[0])
	}
	out := csv.NewWriter(w)
	var unknown []string
	for _, c := range p.Components {
		names := namesOf(append(c.Licenses, c.Evidence.Licenses...))
		if len(names) == 0 && c.Name != "std" { // the standard library comes with Go, under its licence
			unknown = append(unknown, c.Name)
		}
		if err := out.Write([]string{c.Name, c.Version, strings.Join(names, " ")}); err != nil {
			return err
		}
	}
	out.Flush()
	if len(unknown) > 0 {
		return fmt.Errorf("no licence is known of %s", strings.Join(unknown, ", "))
	}
	return out.Error()
}

func namesOf(all []licence) (names []string) {
	for _, l := range all {
		for _, name := range []string{l.License.ID, l.License.Name, l.Expression} {
			if name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}
