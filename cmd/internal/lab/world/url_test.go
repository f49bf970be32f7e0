package world

import (
	"net"
	"testing"
)

// TestURL: an address of all interfaces is none that can be called.
func TestURL(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:8090": "http://127.0.0.1:8090", "[::]:8090": "http://127.0.0.1:8090",
		"192.0.2.7:80": "http://192.0.2.7:80", "[2001:db8::1]:80": "http://[2001:db8::1]:80",
	} {
		at, err := net.ResolveTCPAddr("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if got := URL(at); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
