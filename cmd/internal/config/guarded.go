package config

import (
	"fmt"
	"os"
	"runtime"
)

// otherMayWrite is the permission of everybody to write a file.
const otherMayWrite = 0o002

// guarded refuses a file that everybody on this machine may write: whoever does decides which secret is believed. On
// Windows the mode says nothing of that.
func guarded(info os.FileInfo) error {
	if runtime.GOOS == "windows" || !info.Mode().IsRegular() || info.Mode().Perm()&otherMayWrite == 0 {
		return nil
	}
	return fmt.Errorf("%s can be written by everybody (mode %04o): chmod o-w", info.Name(), info.Mode().Perm())
}

// checkFile checks a file that something else opens, as far as that goes without reading it.
func checkFile(path Path) error {
	info, err := os.Stat(string(path))
	if err != nil {
		return err
	}
	return guarded(info)
}
