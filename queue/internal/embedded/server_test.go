package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

// Whoever mounts a directory that belongs to somebody else has to learn which setting named it, and who has to own it.
func TestUnusableDirectory(t *testing.T) {
	for _, c := range []struct {
		errno syscall.Errno
		want  string
	}{
		{syscall.EACCES, fmt.Sprintf("let the directory belong to user %d", os.Getuid())},
		{syscall.EPERM, "chown"},
		{syscall.EROFS, "on a volume"},
		{syscall.ENOTDIR, "not a directory"},
	} {
		err := unusable(&fs.PathError{Op: "mkdir", Path: "/data", Err: c.errno})
		if !strings.Contains(err.Error(), "WINNOW_DATA_DIR: mkdir /data: ") ||
			!strings.Contains(err.Error(), c.want) || !errors.Is(err, c.errno) {
			t.Errorf("%v: %v, want WINNOW_DATA_DIR and %q", c.errno, err, c.want)
		}
	}
}
