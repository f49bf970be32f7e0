package pipeline

import (
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/winnow-crm/winnow/cmd/internal/lab/waittest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/rules"
)

// startServer starts a server with a copy of its options, which the next start needs as they were.
func startServer(t *testing.T, o server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	go s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// cluster returns the options of three servers that are one cluster.
func cluster(t *testing.T) (options []server.Options) {
	t.Helper()
	var routes []string
	for i := range 3 {
		o := server.Options{
			ServerName: fmt.Sprintf("s%d", i), Host: "127.0.0.1", NoSigs: true, NoLog: true, JetStream: true,
			StoreDir:          filepath.Join(t.TempDir(), fmt.Sprint(i)),
			JetStreamMaxStore: 40 << 30, JetStreamMaxMemory: 256 << 20, Cluster: server.ClusterOpts{
				Name: "test", Host: "127.0.0.1",
			},
		}
		for _, port := range []*int{&o.Port, &o.Cluster.Port} {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }() // kept until all have a port of their own
			*port = l.Addr().(*net.TCPAddr).Port
		}
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", o.Cluster.Port))
		options = append(options, o)
	}
	for i := range options {
		options[i].Routes = server.RoutesFromStr(strings.Join(routes, ","))
	}
	return options
}

// TestLostQuorum: a cluster in which two of three servers are away for a while answers nobody. That ends no process;
// when they are back the partitions are taken again and nothing is missing.
func TestLostQuorum(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real time-outs")
	}
	options := cluster(t)
	var servers []*server.Server
	for _, o := range options {
		servers = append(servers, startServer(t, o))
	}
	var urls []string
	for _, s := range servers {
		if !s.ReadyForConnections(10 * time.Second) {
			t.Fatal("a NATS server is not ready")
		}
		urls = append(urls, s.ClientURL())
	}
	f := &fake{}
	j := join(t, strings.Join(urls, ","), "a", rules.Defaults(), f)
	waittest.Until(t, "it has all partitions", func() bool { return j.owned() == 6 })
	r := &rig{t: t, p: j.Pipeline, q: j.q}
	for i := range 20 {
		r.send("fake", mail(fmt.Sprint(i), "1", time.Now()))
	}
	for _, s := range servers[1:] {
		s.Shutdown()
		s.WaitForShutdown()
	}
	waittest.Until(t, "all partitions are given up", func() bool { return j.owned() == 0 })
	time.Sleep(20 * time.Second) // longer than a request waits
	for _, o := range options[1:] {
		startServer(t, o)
	}
	waittest.Until(t, "it has all partitions again", func() bool { return j.owned() == 6 })
	// The streams elect one after the other: until the deliveries' has, they are refused, and the CRM sends them again.
	waittest.Until(t, "deliveries are taken again", func() bool {
		return r.deliver("fake", mail("20", "1", time.Now())) == http.StatusNoContent
	})
	waittest.Until(t, "everybody is rated", func() bool {
		for i := range 21 {
			if f.of(fmt.Sprint(i))[crm.FieldRating] == "" {
				return false
			}
		}
		return true
	})
}
