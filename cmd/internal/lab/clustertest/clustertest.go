// Package clustertest runs three NATS servers that are one cluster, of which a test stops some and starts them again.
package clustertest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// hang is how long a server may take to start: no measure of speed.
const hang = 5 * time.Minute

// Cluster is three servers.
type Cluster struct {
	t       testing.TB
	options []server.Options
	servers []*server.Server
}

// Start starts a cluster that ends with the test.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{t: t, options: options(t), servers: make([]*server.Server, 3)}
	c.Again(0, 1, 2)
	return c
}

// URLs are where the servers are, as WINNOW_NATS_URL names them.
func (c *Cluster) URLs() string {
	var urls []string
	for _, s := range c.servers {
		urls = append(urls, s.ClientURL())
	}
	return strings.Join(urls, ",")
}

// Stop stops servers.
func (c *Cluster) Stop(which ...int) {
	for _, i := range which {
		c.servers[i].Shutdown()
		c.servers[i].WaitForShutdown()
	}
}

// Again starts servers that were stopped, over what they had stored.
func (c *Cluster) Again(which ...int) {
	c.t.Helper()
	for _, i := range which {
		o := c.options[i] // a copy: the next start needs them as they were
		s, err := server.NewServer(&o)
		if err != nil {
			c.t.Fatal(err)
		}
		go s.Start()
		c.t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		c.servers[i] = s
	}
	for _, i := range which {
		if !c.servers[i].ReadyForConnections(hang) {
			c.t.Fatal("a NATS server is not ready")
		}
	}
}

// listen takes a port that no outgoing connection is given while a server is away, as porttest does.
func listen(t testing.TB) net.Listener {
	t.Helper()
	var err error
	for range 1000 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000))); err == nil {
			return l
		}
	}
	t.Fatalf("no port is free: %v", err)
	return nil
}

func options(t testing.TB) (list []server.Options) {
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
			l := listen(t)
			defer func() { _ = l.Close() }() // kept until all have a port of their own
			*port = l.Addr().(*net.TCPAddr).Port
		}
		routes = append(routes, fmt.Sprintf("nats-route://127.0.0.1:%d", o.Cluster.Port))
		list = append(list, o)
	}
	for i := range list {
		list[i].Routes = server.RoutesFromStr(strings.Join(routes, ","))
	}
	return list
}
