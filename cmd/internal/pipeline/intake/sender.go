package intake

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// sender is the address that a request comes from, as far as senders can be told apart: behind proxies that are trusted
// it is what they say, the last one that is none of them. Empty where it is a machine of ours that is not said to be a
// proxy: others may stand behind it.
func sender(req *http.Request, proxies []netip.Prefix) string {
	addr, ok := parse(req.RemoteAddr)
	if !ok {
		return ""
	}
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for trusted(addr, proxies) {
		if len(hops) == 0 {
			return ""
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
		if err != nil {
			return ""
		}
		addr, hops = next.Unmap(), hops[:len(hops)-1]
	}
	return name(addr, proxies)
}

// Peer is the address of one end of a connection, as sender tells it; empty where it is a proxy's.
func Peer(remote string, proxies []netip.Prefix) string {
	addr, ok := parse(remote)
	if !ok || trusted(addr, proxies) {
		return ""
	}
	return name(addr, proxies)
}

func parse(remote string) (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(remote)
	return at.Addr().Unmap(), err == nil
}

// name is an address as one sender.
func name(addr netip.Addr, proxies []netip.Prefix) string {
	if len(proxies) == 0 && (addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()) {
		return ""
	}
	if addr.Is6() { // who has one address has all of its network
		if network, err := addr.Prefix(64); err == nil {
			addr = network.Addr()
		}
	}
	return addr.String()
}

func trusted(addr netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}
