//go:build unix

package app

import "golang.org/x/sys/unix"

// connectionBound keeps as many file descriptors free for the store, the CRM and the probes as the webhooks may use.
func connectionBound() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return mostConnections / 4
	}
	return int(min(uint64(limit.Cur)/2, mostConnections))
}
