package intake

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// sender is the address that a request comes from, as far as senders can be told apart: behind proxies that are trusted
// it is what they say, the last one that is none of them. Empty where it is a machine of ours that is not said to be a
// proxy: others may stand behind it.
func sender(req *http.Request, proxies []netip.Prefix) string {
	host, _, err := net.SplitHostPort(req.RemoteAddr)
	if err != nil {
		return ""
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return ""
	}
	addr = addr.Unmap()
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
