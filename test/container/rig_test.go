package container

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	dockercontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/network"
)

const (
	secret     = "a-client-secret-of-the-test"
	token      = "a-token-of-the-test"
	adminToken = "an-admin-token-of-the-test"
	publicURL  = "https://winnow.example.com"
	hookPath   = "/hooks/hubspot"
	portal     = 62515 // the sandbox's
	seeded     = 400   // contacts in the sandbox from the start

	imageVersion = "1.2.3-test" // what the image is told to call itself
	nextVersion  = "1.2.4-test" // and what comes after it
)

// rig is a network with a sandbox HubSpot in it, and what it takes to start Winnow beside it.
type rig struct {
	t       *testing.T
	docker  *client.Client
	image   string
	network string
	volume  string
	hosts   []string // where published ports may be
	web     *http.Client
	crm     string // the sandbox's name in the network
	box     testcontainers.Container
	api     string // of the sandbox, as this process reaches it
}

func newRig(t *testing.T) *rig {
	t.Helper()
	// Ryuk, which tidies up after tests, is an image of its own that may not be there: what is made here is removed
	// here.
	t.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	r := &rig{t: t, docker: needDocker(t), web: &http.Client{Timeout: 10 * time.Second}}
	r.image = build(t, r.docker)
	r.hosts = hosts(t)
	nw, err := network.New(t.Context())
	testcontainers.CleanupNetwork(t, nw)
	if err != nil {
		t.Fatalf("network: %v", err)
	}
	r.network = nw.Name
	r.volume = r.newVolume(nil)
	return r.beside("sandbox")
}

// newVolume makes a volume that is removed last of all, when no container holds it any more.
func (r *rig) newVolume(opts map[string]string) string {
	r.t.Helper()
	var name [6]byte
	_, _ = rand.Read(name[:])
	volume := fmt.Sprintf("winnow-test-%x", name)
	r.t.Cleanup(func() {
		if _, err := r.docker.VolumeRemove(context.Background(), volume,
			client.VolumeRemoveOptions{Force: true}); err != nil {
			r.t.Errorf("remove the volume: %v", err)
		}
	})
	if _, err := r.docker.VolumeCreate(r.t.Context(),
		client.VolumeCreateOptions{Name: volume, DriverOpts: opts}); err != nil {
		r.t.Fatalf("volume: %v", err)
	}
	return volume
}

// beside returns the rig with a sandbox HubSpot of its own, under that name in the network.
func (r *rig) beside(name string) *rig {
	r.t.Helper()
	of := *r
	of.crm = name
	of.box = of.run(testcontainers.ContainerRequest{
		Cmd: []string{
			"sandbox", "--listen", "0.0.0.0:8090", "--webhook-url", "", "--token", token, "--secret", secret,
			"--rate-limit", "-1", "--contacts", strconv.Itoa(seeded),
		},
		NetworkAliases: map[string][]string{of.network: {name}},
		ExposedPorts:   []string{"8090/tcp"},
	})
	of.api = of.endpoint(of.box, "8090/tcp", "/account-info/2026-03/details")
	return &of
}

// run starts a container of Winnow's image in the network. Nothing but its volume can be written to, and it has no
// capabilities.
func (r *rig) run(req testcontainers.ContainerRequest) testcontainers.Container {
	r.t.Helper()
	req.Image = cmp.Or(req.Image, r.image)
	req.HostConfigModifier = func(h *dockercontainer.HostConfig) {
		h.ReadonlyRootfs, h.CapDrop, h.SecurityOpt = true, []string{"ALL"}, []string{"no-new-privileges:true"}
	}
	return r.launch(req)
}

// launch starts a container in the network.
func (r *rig) launch(req testcontainers.ContainerRequest) testcontainers.Container {
	r.t.Helper()
	req.Networks = []string{r.network}
	c, err := testcontainers.GenericContainer(r.t.Context(), testcontainers.GenericContainerRequest{
		ContainerRequest: req, Started: true,
	})
	testcontainers.CleanupContainer(r.t, c)
	if err != nil {
		r.t.Fatalf("start %s %v: %v\n%s", req.Image, req.Cmd, err, r.logs(c))
	}
	return c
}

// winnow is one running Winnow container.
type winnow struct {
	testcontainers.Container
	hooks, admin string // as this process reaches them
}

// settings are those of a Winnow that works for the sandbox without polling: what reaches it came as a delivery.
func (r *rig) settings() map[string]string {
	return map[string]string{
		"WINNOW_HUBSPOT_CLIENT_SECRET": secret, "WINNOW_HUBSPOT_TOKEN": token,
		"WINNOW_HUBSPOT_API_URL": "http://" + r.crm + ":8090", "WINNOW_HUBSPOT_API_PLAIN_HTTP": "true",
		"WINNOW_PUBLIC_URL":   publicURL,
		"WINNOW_ADMIN_LISTEN": ":8081", "WINNOW_ADMIN_TOKEN": adminToken, "WINNOW_POLL_INTERVAL": "0",
		"WINNOW_QUEUE_MAX_STORE": "1GiB",
	}
}

// start starts Winnow on the volume.
func (r *rig) start() winnow {
	r.t.Helper()
	return r.startWith(nil)
}

// startWith starts it with other settings beside its own.
func (r *rig) startWith(more map[string]string) winnow {
	r.t.Helper()
	env := r.settings()
	maps.Copy(env, more)
	return r.reached(r.run(testcontainers.ContainerRequest{
		Env:          env,
		Mounts:       testcontainers.Mounts(testcontainers.VolumeMount(r.volume, "/data")),
		ExposedPorts: []string{"8080/tcp", "8081/tcp"},
	}))
}

// reached waits until Winnow in a container is ready, and returns it with the addresses at which it is reached.
func (r *rig) reached(c testcontainers.Container) winnow {
	r.t.Helper()
	admin := r.endpoint(c, "8081/tcp", "/readyz")
	at, err := url.Parse(admin)
	if err != nil {
		r.t.Fatal(err)
	}
	hooks, err := c.MappedPort(r.t.Context(), "8080/tcp")
	if err != nil {
		r.t.Fatal(err)
	}
	return winnow{c, "http://" + net.JoinHostPort(at.Hostname(), hooks.Port()), admin}
}

func (r *rig) logs(c testcontainers.Container) string {
	if c == nil {
		return ""
	}
	rc, err := c.Logs(context.Background())
	if err != nil {
		return err.Error()
	}
	defer func() { _ = rc.Close() }()
	b, _ := io.ReadAll(io.LimitReader(rc, 4<<20)) // part of a log is better than none
	return string(b)
}

// deliver sends one signed event, that a contact's lifecycle stage changed, and returns the answer's status.
func (r *rig) deliver(ctx context.Context, w winnow, contact int) (int, error) {
	body, err := changed(contact, contact, "lifecyclestage", "lead", time.Now())
	if err != nil {
		return 0, err
	}
	return r.send(ctx, w.hooks, body)
}

// changed is the body of a delivery of one event: a person gave a property of a contact another value.
func changed(event, contact int, property, value string, at time.Time) ([]byte, error) {
	return json.Marshal([]any{map[string]any{
		"eventId": event, "subscriptionId": 1, "portalId": portal, "appId": 5001,
		"occurredAt": at.UnixMilli(), "subscriptionType": "contact.propertyChange",
		"attemptNumber": 0, "objectId": contact, "propertyName": property, "propertyValue": value,
		"changeSource": "CRM_UI", "sourceId": "userId:51",
	}})
}

// send signs a body as of now, sends it, and returns the answer's status.
func (r *rig) send(ctx context.Context, hooks string, body []byte) (int, error) {
	// The v3 signature. Source: HubSpot docs, "Validating requests". Written apart from the connector's.
	stamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, "POST"+publicURL+hookPath+string(body)+stamp)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hooks+hookPath, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-HubSpot-Request-Timestamp", stamp)
	req.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	resp, err := r.web.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// get asks for url with the token of the sandbox, reads the answer into out where that is not nil, and returns its
// status.
func (r *rig) get(url string, out any) (int, error) {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := r.web.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if out == nil || resp.StatusCode != http.StatusOK {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(out)
}

// ask gets a page of the sandbox's API.
func (r *rig) ask(path string, out any) {
	r.t.Helper()
	for end := time.Now().Add(hang); ; time.Sleep(100 * time.Millisecond) {
		status, err := r.get(r.api+path, out)
		if err != nil && time.Now().Before(end) {
			continue // not within the client's time-out
		}
		if err != nil || status != http.StatusOK {
			r.t.Fatalf("the sandbox answers %s with %d, %v", path, status, err)
		}
		return
	}
}

// contact is one contact as the sandbox shows it.
type contact struct {
	ID         int `json:",string"`
	Properties map[string]string
}

// firstContact is the id of the first seeded contact; the others follow it.
func (r *rig) firstContact() int {
	r.t.Helper()
	var page struct{ Results []contact }
	r.ask("/crm/objects/2026-09/contacts?limit=1", &page)
	if len(page.Results) != 1 {
		r.t.Fatalf("the sandbox shows %d contacts, want one", len(page.Results))
	}
	return page.Results[0].ID
}

// rating is what stands in a contact's field in the sandbox.
func (r *rig) rating(id int) string {
	r.t.Helper()
	var c contact
	r.ask("/crm/objects/2026-09/contacts/"+strconv.Itoa(id)+"?properties=winnow_rating", &c)
	return c.Properties["winnow_rating"]
}

// eventually waits until ok, and says what was waited for where it never is.
func (r *rig) eventually(w winnow, within time.Duration, what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	r.t.Fatalf("not within %s: %s\n%s", within, what, r.logs(w))
}
