package container

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	dockernetwork "github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
)

// partitions is how many the contacts are divided into; the processes that rate own each of them once.
const partitions = 8

// cluster is three NATS servers and two processes of Winnow for each share of the work, as deploy/compose.cluster.yaml
// has them.
type cluster struct {
	*rig
	servers []testcontainers.Container
	workers []*worker
	traffic *traffic
}

// worker is one process of Winnow, which may have another container later.
type worker struct {
	roles string

	mu sync.Mutex
	winnow
}

func (w *worker) at() winnow {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.winnow
}

func (w *worker) moves(to winnow) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.winnow = to
}

// shares are the roles that processes have together.
var shares = []string{"receive", "read,rate", "fetch,write,poll"}

func newCluster(r *rig) *cluster {
	r.t.Helper()
	c := &cluster{rig: r}
	image := natsImage(r.t)
	for i := range 3 {
		name := fmt.Sprintf("nats-%d", i+1)
		c.servers = append(c.servers, r.launch(testcontainers.ContainerRequest{
			Image: image, Cmd: []string{"--config", "/nats.conf"}, Env: map[string]string{"SERVER_NAME": name},
			Files: []testcontainers.ContainerFile{
				{HostFilePath: "../../deploy/cluster/nats.conf", ContainerFilePath: "/nats.conf", FileMode: 0o644},
			},
			Mounts:         testcontainers.Mounts(testcontainers.VolumeMount(r.newVolume(nil), "/data")),
			NetworkAliases: map[string][]string{r.network: {name}}, ExposedPorts: []string{"8222/tcp"},
		}))
	}
	c.agrees()
	for range 2 {
		for _, roles := range shares {
			c.workers = append(c.workers, &worker{roles: roles})
		}
	}
	for _, w := range c.workers { // all of them start at once
		w.moves(winnow{Container: c.process(w, r.image)})
	}
	for _, w := range c.workers {
		w.moves(c.reached(w.at().Container))
	}
	return c
}

// process starts a container for a worker.
func (c *cluster) process(w *worker, image string) testcontainers.Container {
	c.t.Helper()
	env := c.settings()
	maps.Copy(env, map[string]string{
		"WINNOW_NATS_URL": "nats://nats-1:4222,nats://nats-2:4222,nats://nats-3:4222",
		"WINNOW_ROLES":    w.roles, "WINNOW_PARTITIONS": strconv.Itoa(partitions),
	})
	return c.run(testcontainers.ContainerRequest{
		Image: image, Env: env, ExposedPorts: []string{"8080/tcp", "8081/tcp"},
		Tmpfs: map[string]string{"/tmp": ""}, // for the console's list of contacts
	})
}

// agrees waits until every server is there and has all that the others have.
func (c *cluster) agrees() {
	c.t.Helper()
	for _, s := range c.servers {
		c.endpoint(s, "8222/tcp", "/healthz")
	}
}

// with returns the workers that have a role.
func (c *cluster) with(role string) (some []*worker) {
	for _, w := range c.workers {
		if slices.Contains(strings.Split(w.roles, ","), role) {
			some = append(some, w)
		}
	}
	return some
}

// kills kills a worker without notice and starts it again.
func (c *cluster) kills(w *worker) {
	c.t.Helper()
	at, ctx := w.at(), c.t.Context()
	if _, err := c.docker.ContainerKill(ctx, at.GetContainerID(),
		client.ContainerKillOptions{Signal: "KILL"}); err != nil {
		c.t.Fatal(err)
	}
	c.again(w)
}

// again starts the container of a worker that has ended.
func (c *cluster) again(w *worker) {
	c.t.Helper()
	at := w.at()
	c.eventually(at, hang, "the container has ended", func() bool {
		state, err := at.State(c.t.Context())
		return err == nil && !state.Running
	})
	ctx := c.t.Context()
	if _, err := c.docker.ContainerStart(ctx, at.GetContainerID(), client.ContainerStartOptions{}); err != nil {
		c.t.Fatal(err)
	}
	w.moves(c.reached(at.Container)) // at other ports of this machine
}

// ends ends a worker as a platform does, and wants it to end well.
func (c *cluster) ends(w *worker) {
	c.t.Helper()
	at, grace := w.at(), time.Minute
	if err := at.Stop(c.t.Context(), &grace); err != nil {
		c.t.Fatal(err)
	}
	if state, err := at.State(c.t.Context()); err != nil || state.ExitCode != 0 {
		c.t.Errorf("%s: after SIGTERM: %+v, %v\n%s", w.roles, state, err, c.logs(at))
	}
}

// scrape returns a worker's metrics; those of a worker that is away are empty.
func (c *cluster) scrape(w *worker) string {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, w.at().admin+"/metrics", nil)
	if err != nil {
		return ""
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := c.web.Do(req)
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(text)
}

// sum adds up the samples of a metric; ok is false where there is none.
func sum(text, metric string) (total float64, ok bool) {
	samples := regexp.MustCompile(`(?m)^`+metric+`(?:\{[^}]*\})? (\S+)$`).FindAllStringSubmatch(text, -1)
	for _, s := range samples {
		n, err := strconv.ParseFloat(s[1], 64)
		if err != nil {
			return 0, false
		}
		total += n
	}
	return total, len(samples) > 0
}

// owned is how many partitions the workers say they own; ok is false where one of them says nothing.
func (c *cluster) owned() (total int, ok bool) {
	for _, w := range c.with("rate") {
		n, ok := sum(c.scrape(w), "winnow_partitions_owned")
		if !ok {
			return 0, false
		}
		total += int(n)
	}
	return total, true
}

// traffic is people who give contacts other ratings, again and again, and the CRM that tells of it until it is heard.
type traffic struct {
	c     *cluster
	first int // contact
	stop  func()

	mu     sync.Mutex
	last   map[int]string // rating of each contact, of the last delivery that was acknowledged
	bodies [][]byte       // everything that was acknowledged, in order
	gate   sync.RWMutex   // held while nothing is to be on its way
}

// crowd is how many contacts the traffic is about: few enough that all of them change several times.
const crowd = 100

func (c *cluster) begin() {
	ctx, cancel := context.WithCancel(c.t.Context())
	t := &traffic{c: c, first: c.firstContact(), last: map[int]string{}}
	var done sync.WaitGroup
	t.stop = func() { // not in the midst of a delivery, which might have been stored although nobody heard of it
		t.gate.Lock()
		cancel()
		t.gate.Unlock()
		done.Wait()
	}
	c.t.Cleanup(t.stop)
	c.traffic = t
	const senders = 4
	for i := range senders {
		done.Go(func() {
			for n := i; ctx.Err() == nil; n += senders { // each contact has one sender, so it is known what was last
				t.one(ctx, n, t.first+n%crowd)
			}
		})
	}
}

// one changes a contact and tells of it until that is acknowledged.
func (t *traffic) one(ctx context.Context, n, contact int) {
	t.gate.RLock()
	defer t.gate.RUnlock()
	t.mu.Lock()
	letter := "ABCD"[rand.IntN(4):][:1]
	for letter == t.last[contact] {
		letter = "ABCD"[rand.IntN(4):][:1]
	}
	t.mu.Unlock()
	body, err := changed(n+1, contact, "winnow_override", letter, time.Now())
	if err != nil {
		panic(err)
	}
	doors := t.c.with("receive")
	for try := n; ctx.Err() == nil; try++ {
		if status, err := t.c.send(ctx, doors[try%len(doors)].at().hooks, body); err == nil && status/100 == 2 {
			t.mu.Lock()
			t.last[contact] = letter
			t.bodies = append(t.bodies, body)
			t.mu.Unlock()
			break
		}
	}
	select { // a pace, so that the machine has time for what is tested
	case <-ctx.Done():
	case <-time.After(50 * time.Millisecond):
	}
}

func (t *traffic) acknowledged() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.bodies)
}

// goesOn waits until so many more deliveries were acknowledged.
func (c *cluster) goesOn(more int) {
	c.t.Helper()
	from := c.traffic.acknowledged()
	c.eventually(c.workers[0].at(), hang, "deliveries are acknowledged", func() bool {
		return c.traffic.acknowledged() >= from+more
	})
}

// right has the traffic pause, and waits until the CRM shows what was acknowledged and each partition has one owner.
func (c *cluster) right(what string) {
	c.t.Helper()
	began := time.Now()
	c.traffic.gate.Lock()
	defer c.traffic.gate.Unlock()
	c.eventually(c.workers[1].at(), hang, "the CRM shows what was acknowledged: "+what, func() bool {
		shown := c.fields()
		for contact, letter := range c.traffic.last {
			if shown[contact]["winnow_rating"] != letter {
				return false
			}
		}
		return true
	})
	c.eventually(c.workers[1].at(), hang, "each partition has one owner: "+what, func() bool {
		n, ok := c.owned()
		return ok && n == partitions
	})
	c.t.Logf("%s: right %s after the last of %d deliveries", what, time.Since(began).Round(time.Millisecond),
		len(c.traffic.bodies))
}

// fields are Winnow's of all contacts, as the CRM shows them, but for the time at which it rated.
func (r *rig) fields() map[int]map[string]string {
	r.t.Helper()
	names := []string{
		"winnow_rating", "winnow_machine_rating", "winnow_score", "winnow_engagement", "winnow_fit", "winnow_worth",
		"winnow_reasons", "winnow_status", "winnow_disqualified", "winnow_ball", "winnow_recommended_action",
	}
	all := map[int]map[string]string{}
	for after := ""; ; {
		var page struct {
			Results []contact
			Paging  struct{ Next struct{ After string } }
		}
		r.ask("/crm/objects/2026-09/contacts?limit=100&after="+after+"&properties="+strings.Join(names, ","), &page)
		for _, c := range page.Results {
			all[c.ID] = map[string]string{}
			for _, name := range names {
				if v := c.Properties[name]; v != "" {
					all[c.ID][name] = v
				}
			}
		}
		if after = page.Paging.Next.After; after == "" {
			return all
		}
	}
}

// splitFor is how long more partitions may seem owned than there are: the owners are not asked at the same moment, and
// one that is cut off does not notice at once. What it would commit meanwhile is refused.
const splitFor = time.Minute

// watch looks at the owners of partitions until it is stopped.
func (c *cluster) watch() (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		for last := time.Now(); ctx.Err() == nil; {
			if n, ok := c.owned(); !ok || n <= partitions {
				last = time.Now()
			} else if time.Since(last) > splitFor {
				c.t.Errorf("%d partitions have been owned for %s, and there are %d", n, splitFor, partitions)
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return func() { cancel(); done.Wait() }
}

// TestCluster has servers and workers fail in every way while deliveries arrive, and compares what comes of it with a
// run in peace.
func TestCluster(t *testing.T) {
	if os.Getenv("WINNOW_TEST_LONG") == "" {
		t.Skip("a cluster that fails in every way takes a quarter of an hour: make long")
	}
	r := newRig(t)
	next := r.nextImage()
	c := newCluster(r)
	c.begin()
	stop := c.watch()
	c.goesOn(crowd)
	c.right("before anything fails")
	c.faults()
	c.rollingRestart()
	c.rollingUpgrade(next)
	stop()
	c.traffic.stop()
	c.right("after everything")
	c.asInPeace()
	for _, w := range c.workers {
		c.ends(w)
		if log := c.logs(w.at()); strings.Contains(log, `"level":"error"`) {
			t.Errorf("%s: errors in the log:\n%s", w.roles, log)
		}
	}
}

// faults takes servers and workers away, one server at a time.
func (c *cluster) faults() {
	c.t.Helper()
	ctx := c.t.Context()
	grace := 10 * time.Second
	if err := c.servers[0].Stop(ctx, &grace); err != nil {
		c.t.Fatal(err)
	}
	c.kills(c.with("read")[0])
	c.goesOn(crowd)
	if err := c.servers[0].Start(ctx); err != nil {
		c.t.Fatal(err)
	}
	c.agrees()
	c.right("one server stopped, one that rates killed")

	back := c.cutOff(c.servers[1].GetContainerID(), "nats-2")
	c.kills(c.with("write")[0])
	c.kills(c.with("receive")[0])
	c.goesOn(crowd)
	back()
	c.agrees()
	c.right("one server cut off, one that writes killed and one that receives")

	w := c.with("rate")[1]
	back = c.cutOff(w.at().GetContainerID(), "")
	c.goesOn(crowd)
	c.eventually(c.with("rate")[0].at(), hang, "the other takes over whose leases have run out", func() bool {
		n, _ := sum(c.scrape(c.with("rate")[0]), "winnow_partitions_owned")
		return n == partitions
	})
	back()
	w.moves(c.reached(w.at().Container))
	c.right("one that rates cut off past its leases")
}

// cutOff takes a container out of the network until the function that it returns is called.
func (c *cluster) cutOff(container, name string) (back func()) {
	c.t.Helper()
	ctx := c.t.Context()
	if _, err := c.docker.NetworkDisconnect(ctx, c.network,
		client.NetworkDisconnectOptions{Container: container, Force: true}); err != nil {
		c.t.Fatal(err)
	}
	return func() {
		c.t.Helper()
		at := client.NetworkConnectOptions{Container: container}
		if name != "" {
			at.EndpointConfig = &dockernetwork.EndpointSettings{Aliases: []string{name}}
		}
		if _, err := c.docker.NetworkConnect(ctx, c.network, at); err != nil {
			c.t.Fatal(err)
		}
	}
}

// rollingRestart restarts everything, one after the other.
func (c *cluster) rollingRestart() {
	c.t.Helper()
	grace := 10 * time.Second
	for _, s := range c.servers {
		if err := s.Stop(c.t.Context(), &grace); err != nil {
			c.t.Fatal(err)
		}
		if err := s.Start(c.t.Context()); err != nil {
			c.t.Fatal(err)
		}
		c.agrees()
	}
	for _, w := range c.workers {
		c.ends(w)
		c.again(w)
	}
	c.goesOn(crowd / 2)
	c.right("everything restarted, one after the other")
}

// rollingUpgrade replaces each process by one of another build.
func (c *cluster) rollingUpgrade(image string) {
	c.t.Helper()
	for i, w := range c.workers {
		c.ends(w)
		if err := testcontainers.TerminateContainer(w.at().Container); err != nil {
			c.t.Fatal(err)
		}
		w.moves(c.reached(c.process(w, image)))
		if i == len(c.workers)/2 { // one build has half of the work and the next the other
			c.goesOn(crowd / 2)
			c.right("upgraded by half")
			c.kills(c.with("rate")[0])
		}
	}
	c.goesOn(crowd / 2)
	c.right("upgraded")
	for _, w := range c.workers {
		if text := c.scrape(w); !strings.Contains(text, `version="`+nextVersion+`"`) {
			c.t.Errorf("%s does not run %s:\n%s", w.roles, nextVersion, text)
		}
	}
}

// asInPeace gives everything that was acknowledged to a Winnow of its own, where nothing fails, and compares the CRMs.
func (c *cluster) asInPeace() {
	c.t.Helper()
	peace := c.beside("calm")
	peace.volume = c.newVolume(nil)
	w := peace.start()
	for _, body := range c.traffic.bodies {
		c.eventually(w, hang, "in peace a delivery is taken", func() bool {
			status, err := peace.send(c.t.Context(), w.hooks, body)
			return err == nil && status/100 == 2
		})
	}
	var diff string
	for end := time.Now().Add(hang); ; time.Sleep(time.Second) {
		if diff = gocmp.Diff(peace.fields(), c.fields()); diff == "" {
			break
		}
		if time.Now().After(end) {
			c.t.Fatalf("the CRM differs from that of a run in peace (-peace +cluster):\n%.4000s", diff)
		}
	}
	c.t.Logf("%d deliveries, and the ratings are those of a run in peace", len(c.traffic.bodies))
}
