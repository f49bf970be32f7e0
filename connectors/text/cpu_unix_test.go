//go:build unix

package text

import (
	"syscall"
	"time"
)

// cpu is the processor time that this process has used. Other work on the machine is not in it, as it is in MB/s.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
