// Package porttest gives tests addresses that something else is to listen at, as a process that they start.
package porttest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// Systems take the ports of outgoing connections from 32768 or 49152 on. A port from there may be in use by one of them
// before a test's process listens, and while it is started again.
const first, last = 10_000, 32_000

var given sync.Map

// Free is an address on loopback that nobody listens at, and that no outgoing connection comes to use.
func Free(t testing.TB) string {
	t.Helper()
	var err error
	for range 1000 {
		port := first + rand.IntN(last-first)
		if _, twice := given.LoadOrStore(port, true); twice {
			continue
		}
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close() // nobody has connected: it leaves nothing behind
			return l.Addr().String()
		}
	}
	t.Fatalf("no port is free: %v", err)
	return ""
}
