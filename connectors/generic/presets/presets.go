// Package presets has the mappings that come with Winnow: a folder each, with mapping.yaml, a README.md for the
// operator and sample deliveries.
package presets

import (
	"embed"
	"io/fs"
)

//go:embed */mapping.yaml
var files embed.FS

// Names are the presets, in the order of their names.
func Names() []string {
	entries, _ := fs.ReadDir(files, ".") // it is in the binary
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// Get is the mapping of a preset, as it is written; false where there is none of this name.
func Get(name string) ([]byte, bool) {
	if !fs.ValidPath(name) {
		return nil, false
	}
	b, err := files.ReadFile(name + "/mapping.yaml")
	return b, err == nil
}
