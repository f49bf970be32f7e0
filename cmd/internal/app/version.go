package app

import "runtime/debug"

// version is set by the linker: -X github.com/winnow-crm/winnow/cmd/internal/app.version=1.2.3
var version string

// Version is what this build calls itself.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
