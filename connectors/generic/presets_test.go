package generic

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/winnow-crm/winnow/connectors"
	"github.com/winnow-crm/winnow/connectors/connectortest"
	"github.com/winnow-crm/winnow/connectors/crm"
	"github.com/winnow-crm/winnow/connectors/generic/mapping"
	"github.com/winnow-crm/winnow/connectors/generic/presets"
)

var update = flag.Lookup("update") // of connectortest

// Every preset is a mapping without a fault, and has a README that begins with what to click, to which the lists of the
// other READMEs lead.
func TestPresetsAreRight(t *testing.T) {
	for _, name := range presets.Names() {
		t.Run(name, func(t *testing.T) {
			source, _ := presets.Get(name)
			if _, err := mapping.Load(source); err != nil {
				t.Errorf("%s/mapping.yaml:\n%v", name, err)
			}
			readme, err := os.ReadFile("presets/" + name + "/README.md")
			if err != nil || !strings.HasPrefix(string(readme), "# ") {
				t.Errorf("README.md: %v", err)
			}
			for file, link := range map[string]string{
				"README.md":       "](presets/" + name + "/README.md)",
				"../../README.md": "](connectors/generic/presets/" + name + "/README.md)",
			} {
				if list, err := os.ReadFile(file); err != nil || !strings.Contains(string(list), link) {
					t.Errorf("%s does not lead to %s: %v", file, link, err)
				}
			}
		})
	}
}

// What a preset makes of its samples: presets/<name>/samples has recorded deliveries NAME.http, for a source of the
// preset's name; settings.env, the settings without their prefix, and with NOW the time at which they are verified;
// api.json, the API's answers by "METHOD /path", or "METHOD /path <a word in the body or query>". NAME.golden.json is
// what a delivery says and what is read for it; -update writes it. One whose name begins with forged must be refused.
func TestPresetsSamples(t *testing.T) {
	for _, name := range presets.Names() {
		files, _ := filepath.Glob("presets/" + name + "/samples/*.http")
		if source, _ := presets.Get(name); len(files) == 0 && bytes.Contains(source, []byte("\nhooks:")) {
			t.Errorf("%s has hooks, and no samples of deliveries", name)
		}
		for _, file := range files {
			t.Run(
				name+"/"+strings.TrimSuffix(filepath.Base(file), ".http"),
				func(t *testing.T) { sample(t, name, file) },
			)
		}
	}
}

// said is a golden file.
type said struct {
	Notices []entry            `json:"notices"`
	Read    map[string][]entry `json:"read,omitempty"`
	Error   string             `json:"error,omitempty"`
}

type entry struct {
	Fact    *crm.Fact    `json:"fact,omitempty"`
	Ref     *crm.Ref     `json:"ref,omitempty"`
	Removed *crm.Removal `json:"removed,omitempty"`
	Passed  string       `json:"passed,omitempty"`
	Account string       `json:"account,omitempty"`
}

func entries(ns []crm.Notice) []entry {
	out := make([]entry, len(ns))
	for i, n := range ns {
		out[i] = entry(n)
	}
	return out
}

func sample(t *testing.T, preset, file string) {
	dir := filepath.Dir(file)
	env := settings(t, filepath.Join(dir, "settings.env"))
	now, err := time.Parse(time.RFC3339, env["NOW"])
	if err != nil {
		t.Fatalf("settings.env: NOW: %v", err)
	}
	api := httptest.NewServer(recorded(t, filepath.Join(dir, "api.json")))
	defer api.Close()
	v, err := New(presetConfig(preset, api.URL, env), connectors.Options{
		Source: crm.Source{Name: preset, Vendor: Vendor}, Salt: []byte("salt"), Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Maintain.Maintain(t.Context()); err != nil { // as serve does: it is known who we are
		t.Fatal(err)
	}
	d := connectortest.Load(t, file)
	d.Received = crm.At(now)
	err = v.Receive.Verify(d, now)
	if forged := strings.HasPrefix(filepath.Base(file), "forged"); forged || err != nil {
		if forged != (err != nil) {
			t.Errorf("verified: %v", err)
		}
		return
	}
	kept, _ := v.Receive.Keep(d)
	notices, err := v.Receive.Decode(kept)
	got := said{Notices: entries(notices), Read: map[string][]entry{}}
	if err != nil {
		got.Error = err.Error()
	}
	for _, n := range notices {
		if n.Ref == nil {
			continue
		}
		for _, r := range v.Fetch.Fetch(t.Context(), []crm.Ref{*n.Ref}) {
			if r.Err != nil {
				t.Errorf("read %s/%s: %v", n.Ref.Type, n.Ref.ID, r.Err)
			}
			got.Read[n.Ref.Type+"/"+n.Ref.ID] = entries(r.Notices)
		}
	}
	text, _ := json.MarshalIndent(got, "", "  ")
	text = append(text, '\n')
	golden := strings.TrimSuffix(file, ".http") + ".golden.json"
	if update.Value.String() == "true" {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v (-update writes it)", err)
	}
	if diff := gocmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("it no longer says what %s has:\n%s", filepath.Base(golden), diff)
	}
}

// presetConfig is the configuration of a source of a preset with the settings of its samples.
func presetConfig(preset, address string, env map[string]string) Config {
	return Config{
		MAPPING: preset, API: API{URL: address}, Token: connectors.Secret(env["TOKEN"]), User: env["USER"],
		Password: connectors.Secret(env["PASSWORD"]), Settings: env["SETTINGS"],
		ClientID: env["CLIENT_ID"], ClientSecret: connectors.Secret(env["CLIENT_SECRET"]),
		HookSecret: connectors.Secret(env["HOOK_SECRET"]), HookKey: connectors.Secret(env["HOOK_KEY"]),
	}
}

func settings(t *testing.T, file string) map[string]string {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			env[name] = v
		}
	}
	return env
}

// recorded is an API that answers as api.json says; what is not there is 404.
func recorded(t *testing.T, file string) http.Handler {
	answers := map[string]json.RawMessage{}
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, os.ErrNotExist) || err == nil && json.Unmarshal(b, &answers) != nil {
		t.Fatalf("api.json: %v", err)
	}
	keys := slices.Collect(maps.Keys(answers)) // the one with the most to it first
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, key := range keys {
			answer, words := answers[key], strings.SplitN(key, " ", 3)
			if words[0] != r.Method || words[1] != r.URL.Path ||
				len(words) > 2 && !strings.Contains(string(body)+r.URL.RawQuery, words[2]) {
				continue
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})
}
