package deploy

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	chartDir         = "../../deploy/helm"
	releaseNamespace = "crm"
)

// render is what helm template prints, NOTES.txt left out.
func render(values map[string]any) (string, error) {
	chart, err := loader.Load(chartDir)
	if err != nil {
		return "", err
	}
	release := common.ReleaseOptions{Name: "prospects", Namespace: releaseNamespace, Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(chart, values, release, common.DefaultCapabilities)
	if err != nil {
		return "", err
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if text := strings.TrimSpace(files[name]); strings.HasSuffix(name, ".yaml") && text != "" {
			b.WriteString("---\n# Source: " + name + "\n" + strings.TrimPrefix(text, "---\n") + "\n")
		}
	}
	return b.String(), nil
}

func valuesOf(t *testing.T, text string) map[string]any {
	t.Helper()
	values := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestChart renders the chart in each of its shapes, and has Helm lint it and the API server take what comes out.
func TestChart(t *testing.T) {
	api := newAPI(t)
	shapes, err := filepath.Glob(chartDir + "/ci/*-values.yaml")
	if err != nil || len(shapes) != 3 {
		t.Fatalf("the shapes are %v, %v: want three", shapes, err)
	}
	for _, shape := range shapes {
		name := strings.TrimSuffix(filepath.Base(shape), "-values.yaml")
		t.Run(name, func(t *testing.T) {
			values := valuesOf(t, read(t, shape))
			for _, message := range lint.RunAll(chartDir, values, releaseNamespace).Messages {
				if message.Severity >= support.WarningSev { // as helm lint --strict
					t.Errorf("helm lint: %s", message.Error())
				}
			}
			got, err := render(values)
			if err != nil {
				t.Fatal(err)
			}
			golden := "testdata/" + name + ".golden.yaml"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(read(t, golden), got); diff != "" {
				t.Errorf("%s (-golden +rendered), -update writes it anew:\n%s", golden, diff)
			}
			api.takes(t, got)
		})
	}
}

// TestManifest has the API server take the manifest for those without Helm.
func TestManifest(t *testing.T) {
	newAPI(t).takes(t, read(t, "../../deploy/kubernetes.yaml"))
}

// TestChartRefuses shows what is refused before anything is installed, each with what to do instead.
func TestChartRefuses(t *testing.T) {
	const least, outside = "existingSecret: x\n", "existingSecret: x\nnats: {url: 'nats://n:4222'}\n"
	for name, c := range map[string]struct{ values, want string }{
		"no secret":          {"", "set existingSecret"},
		"no token":           {"secret: {WINNOW_HUBSPOT_TOKEN: x}", "secret has no WINNOW_ADMIN_TOKEN"},
		"a misspelt value":   {least + "existingSecrets: y", "existingSecrets"},
		"a managed setting":  {least + "settings: {WINNOW_ROLES: rate}", "WINNOW_ROLES"},
		"a role of nobody's": {outside + "workers: {rate: null}", "no worker has the role rate"},
		"an unknown role":    {least + "workers: {rate: {roles: [score]}}", "/workers/rate/roles/0"},
		"no address of NATS": {least + "nats: {url: 'n:4222'}", "/nats/url"},
		"KEDA with nobody":   {outside + "workers: {read: {autoscaling: {kind: keda}}}", "keda.prometheusAddress"},
		"KEDA on nothing": {
			outside + "keda: {prometheusAddress: 'http://p'}\nworkers: {crm: {autoscaling: {kind: keda}}}",
			"metric.query",
		},
		"two of one replica":  {least + "embedded: {storage: {accessModes: [ReadWriteMany]}}", "/storage/accessModes"},
		"a digest of no kind": {least + "image: {digest: latest}", "/image/digest"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := render(valuesOf(t, c.values)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("rendered with %q: %v, want %q", c.values, err, c.want)
			}
		})
	}
}
