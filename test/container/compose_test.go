package container

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const deployDir = "../../deploy/"

// composeFile is a file of docker compose, as far as it matters here.
type composeFile struct {
	Services map[string]composeService
	Volumes  map[string]any
	Secrets  map[string]any
}

type composeService struct {
	Image                   string
	Environment             map[string]string
	Volumes, Secrets, Tmpfs []string
	EnvFile                 []string `yaml:"env_file"`
	ReadOnly                bool     `yaml:"read_only"`
}

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(deployDir + name)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// fallback is a variable of a file, with what stands for it where nobody sets it.
var fallback = regexp.MustCompile(`\$\{\w+:-([^}]*)\}`)

// TestComposeBinds: unless somebody says so nobody beyond the machine reaches what compose starts, but for Caddy, and
// Winnow alone in a container does not take all of the memory.
func TestComposeBinds(t *testing.T) {
	for file, open := range map[string]string{"compose.yaml": "", "compose.cluster.yaml": "443:443"} {
		var c struct {
			Services map[string]struct {
				Ports       []string
				MemoryLimit string `yaml:"mem_limit"`
			}
		}
		readYAML(t, file, &c)
		ports := 0
		for name, s := range c.Services {
			for _, port := range s.Ports {
				port = fallback.ReplaceAllString(port, "$1")
				if ports++; !strings.HasPrefix(port, "127.0.0.1:") && port != open {
					t.Errorf("%s: everybody reaches %s at %s", file, name, port)
				}
			}
			limit := fallback.ReplaceAllString(s.MemoryLimit, "$1")
			if file == "compose.yaml" && !regexp.MustCompile(`^[1-9]\d*[mg]$`).MatchString(limit) {
				t.Errorf("%s: the memory of %s is limited to %q", file, name, limit)
			}
		}
		if ports == 0 {
			t.Errorf("%s: no port is found", file)
		}
	}
}

// TestComposeCluster holds the files of the cluster to each other.
func TestComposeCluster(t *testing.T) {
	var c composeFile
	readYAML(t, "compose.cluster.yaml", &c)
	roles, images := map[string]int{}, map[string]bool{}
	for name, s := range c.Services {
		image, tag, _ := strings.Cut(fallback.ReplaceAllString(s.Image, "$1"), ":")
		if images[image] = true; tag == "" {
			t.Errorf("%s: the image %q has no version", name, image)
		}
		for role := range strings.SplitSeq(s.Environment["WINNOW_ROLES"], ",") {
			roles[role]++
		}
		if s.ReadOnly && !slices.Contains(s.Tmpfs, "/tmp") {
			t.Errorf("%s can write its list of contacts nowhere", name)
		}
		c.has(t, name, s)
	}
	for _, role := range []string{"receive", "read", "rate", "fetch", "write", "poll"} {
		if roles[role] != 2 {
			t.Errorf("%d processes have the role %s, want two", roles[role], role)
		}
	}
	for _, image := range []string{
		"nats", "ghcr.io/winnow-crm/winnow", "caddy", "prom/prometheus", "grafana/grafana",
	} {
		if !images[image] {
			t.Errorf("no service has the image %s", image)
		}
	}
	c.areNamed(t)
}

// has looks whether there is what a service mounts.
func (c composeFile) has(t *testing.T, name string, s composeService) {
	t.Helper()
	for _, v := range s.Volumes {
		from, _, _ := strings.Cut(v, ":")
		if _, named := c.Volumes[from]; named {
			continue
		}
		if _, err := os.Stat(filepath.Join(deployDir, from)); err != nil || !strings.HasPrefix(from, "./") {
			t.Errorf("%s has %s, which is neither a volume nor there: %v", name, from, err)
		}
	}
	for _, file := range s.EnvFile {
		if _, err := os.Stat(filepath.Join(deployDir, file)); err != nil {
			t.Errorf("%s has no settings: %v", name, err)
		}
	}
	if _, ok := s.Environment["WINNOW_ROLES"]; ok && len(s.EnvFile) == 0 {
		t.Errorf("%s takes no settings from a file", name)
	}
	for _, secret := range s.Secrets {
		if c.Secrets[secret] == nil {
			t.Errorf("%s has the secret %s, which nobody gives it", name, secret)
		}
	}
}

// areNamed looks whether Prometheus, Caddy and the NATS servers know the services by their names.
func (c composeFile) areNamed(t *testing.T) {
	t.Helper()
	var scrape struct {
		ScrapeConfigs []struct {
			StaticConfigs []struct{ Targets []string } `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	readYAML(t, "cluster/prometheus.yaml", &scrape)
	if len(scrape.ScrapeConfigs) != 1 || len(scrape.ScrapeConfigs[0].StaticConfigs) != 1 {
		t.Fatalf("Prometheus asks %+v", scrape)
	}
	asked := scrape.ScrapeConfigs[0].StaticConfigs[0].Targets
	text := map[string]string{}
	for _, file := range []string{"Caddyfile", "nats.conf"} {
		b, err := os.ReadFile(deployDir + "cluster/" + file)
		if err != nil {
			t.Fatal(err)
		}
		text[file] = string(b)
	}
	for name, s := range c.Services {
		roles, server := s.Environment["WINNOW_ROLES"], s.Environment["SERVER_NAME"]
		if roles != "" && !slices.Contains(asked, name+":8081") {
			t.Errorf("Prometheus does not ask %s", name)
		}
		if roles == "receive" && !strings.Contains(text["Caddyfile"], name+":8080") {
			t.Errorf("Caddy sends nothing to %s", name)
		}
		if server != "" && (server != name || !strings.Contains(text["nats.conf"], "nats://"+name+":6222")) {
			t.Errorf("%s is called %s, and the servers are told of others", name, server)
		}
	}
}
