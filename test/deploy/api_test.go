package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	prometheusoperator "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/yannh/kubeconform/pkg/validator"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	"k8s.io/kubernetes/pkg/apis/core/validation"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"sigs.k8s.io/yaml"
)

// creates is what the API server does with an object that is created: of a dry run all but the storing.
var creates = map[string]func(context.Context, runtime.Object) error{
	"Deployment": by(
		deployment.Strategy,
	),
	"StatefulSet":             by(statefulset.Strategy),
	"HorizontalPodAutoscaler": by(horizontalpodautoscaler.Strategy),
	"Ingress": by(
		ingress.Strategy,
	),
	"NetworkPolicy":       by(networkpolicy.Strategy),
	"PodDisruptionBudget": by(poddisruptionbudget.Strategy),
	// The strategies of these take half of the API server with them; they do no more than this.
	"Service":        checked(service),
	"ConfigMap":      checked(validation.ValidateConfigMap),
	"Secret":         checked(validation.ValidateSecret),
	"ServiceAccount": checked(validation.ValidateServiceAccount),
}

// by creates with a strategy; a warning of the API server is an error too.
func by(strategy rest.RESTCreateStrategy) func(context.Context, runtime.Object) error {
	return func(ctx context.Context, object runtime.Object) error {
		errs := []error{rest.BeforeCreate(strategy, ctx, object)}
		for _, warning := range strategy.WarningsOnCreate(ctx, object) {
			errs = append(errs, errors.New(warning))
		}
		return errors.Join(errs...)
	}
}

// service checks one as the server has it by then, which has filled in the plural.
func service(s *core.Service) field.ErrorList {
	if s.Spec.ClusterIP != "" {
		s.Spec.ClusterIPs = []string{s.Spec.ClusterIP}
	}
	return validation.ValidateServiceCreate(s)
}

func checked[T any](check func(*T) field.ErrorList) func(context.Context, runtime.Object) error {
	return func(_ context.Context, object runtime.Object) error { return check(any(object).(*T)).ToAggregate() }
}

// customs are the kinds of others, which their own types read. What has a CustomResourceDefinition at hand goes by its
// schema instead.
var customs = map[string]func() any{
	"ServiceMonitor": func() any { return &prometheusoperator.ServiceMonitor{} },
	"PrometheusRule": func() any { return &prometheusoperator.PrometheusRule{} },
}

// api takes manifests as a Kubernetes does: by the schemas that it publishes, then by its own decoding, defaults and
// checks.
type api struct {
	schemas validator.Validator
	decoder runtime.Decoder
}

func newAPI(t *testing.T) *api {
	t.Helper()
	schemas, err := validator.New(
		[]string{publishedSchemas(t) + "/{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"},
		validator.Opts{Strict: true},
	)
	if err != nil {
		t.Fatal(err)
	}
	strict := kjson.NewSerializerWithOptions(
		kjson.DefaultMetaFactory,
		legacyscheme.Scheme,
		legacyscheme.Scheme,
		kjson.SerializerOptions{Yaml: true, Strict: true},
	)
	return &api{
		schemas: schemas,
		decoder: serializer.NewCodecFactory(legacyscheme.Scheme).
			DecoderToVersion(strict, runtime.InternalGroupVersioner),
	}
}

// publishedSchemas writes the schema of each kind into a file: from the OpenAPI documents that come with Kubernetes,
// and from KEDA's definition of its own.
func publishedSchemas(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	docs, err := filepath.Glob(moduleDir(t, "k8s.io/kubernetes") + "/api/openapi-spec/v3/api*__v*_openapi.json")
	if err != nil || len(docs) < 20 {
		t.Fatalf("%d documents of the API, %v", len(docs), err)
	}
	for _, doc := range docs {
		writeKinds(t, dir, []byte(read(t, doc)))
	}
	var crd struct {
		Spec struct {
			Versions []struct {
				Schema struct {
					OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
				}
			}
		}
	}
	definition := read(t, moduleDir(t, "github.com/kedacore/keda/v2")+"/config/crd/bases/keda.sh_scaledobjects.yaml")
	if err := yaml.Unmarshal([]byte(definition), &crd); err != nil || len(crd.Spec.Versions) != 1 {
		t.Fatalf("KEDA's definition: %v", err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	closed(schema)
	schema["properties"].(map[string]any)["metadata"] = map[string]any{
		"type": "object",
	} // which the server checks itself
	writeSchema(t, dir, "scaledobject-keda.sh-v1alpha1.json", schema)
	return dir
}

// moduleDir is where the source of a module is.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatalf("where is %s: %v", module, err)
	}
	return strings.TrimSpace(string(out))
}

// writeKinds writes the schemas of the kinds of one OpenAPI document that manifests have.
func writeKinds(t *testing.T, dir string, doc []byte) {
	t.Helper()
	var openAPI struct {
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(doc, &openAPI); err != nil {
		t.Fatal(err)
	}
	for _, schema := range openAPI.Components.Schemas {
		closed(schema)
	}
	for name, schema := range openAPI.Components.Schemas {
		kinds, _ := schema["x-kubernetes-group-version-kind"].([]any)
		if len(kinds) != 1 {
			continue
		}
		of := kinds[0].(map[string]any)
		kind, group, version := of["kind"].(string), of["group"].(string), of["version"].(string)
		if creates[kind] != nil {
			file := strings.ToLower(kind) + "-" + cmp.Or(group, version) + "-" + version + ".json"
			writeSchema(
				t,
				dir,
				file,
				map[string]any{"$ref": "#/components/schemas/" + name, "components": openAPI.Components},
			)
		}
	}
}

// closed has a schema refuse fields that it does not name, as --validate=strict does, and those within it too.
func closed(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if _, open := schema["additionalProperties"]; properties != nil && !open &&
		schema["x-kubernetes-preserve-unknown-fields"] == nil {
		schema["additionalProperties"] = false
	}
	for _, inner := range properties {
		if inner, ok := inner.(map[string]any); ok {
			closed(inner)
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		closed(items)
	}
}

func writeSchema(t *testing.T, dir, name string, schema map[string]any) {
	t.Helper()
	text, err := json.Marshal(schema)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// takes fails the test for every document of manifests that the API would refuse, or take with a warning.
func (a *api) takes(t *testing.T, manifests string) {
	t.Helper()
	for _, complaint := range a.complaints(t.Context(), manifests) {
		t.Error(complaint)
	}
}

func (a *api) complaints(ctx context.Context, manifests string) (all []string) {
	objects := 0
	for document := range strings.SplitSeq("\n"+manifests, "\n---\n") {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			all = append(all, err.Error())
		}
		if head.Kind == "" { // nothing but comments
			continue
		}
		objects++
		if custom := customs[head.Kind]; custom != nil {
			if err := yaml.UnmarshalStrict([]byte(document), custom()); err != nil {
				all = append(all, fmt.Sprintf("%s: %v", head.Kind, err))
			}
			continue
		}
		for _, r := range a.schemas.Validate(head.Kind, io.NopCloser(strings.NewReader(document))) {
			if r.Status != validator.Valid {
				all = append(all, fmt.Sprintf("%s by its schema: %v %v", head.Kind, r.Err, r.ValidationErrors))
			}
		}
		if head.Kind == "ScaledObject" {
			continue
		}
		if err := a.create(ctx, head.Kind, document); err != nil {
			all = append(all, fmt.Sprintf("%s: the API server: %v", head.Kind, err))
		}
	}
	if objects == 0 {
		all = append(all, "no object in it")
	}
	return all
}

// create is a dry run of creating the object.
func (a *api) create(ctx context.Context, kind, document string) error {
	object, of, err := a.decoder.Decode([]byte(document), nil, nil)
	if err != nil {
		return err
	}
	if creates[kind] == nil {
		return errors.New("it is not said how one is created")
	}
	meta := object.(metav1.Object)
	meta.SetNamespace(releaseNamespace)
	meta.SetUID("8d0f0f3e-0000-4000-8000-000000000000")
	meta.SetCreationTimestamp(metav1.NewTime(time.Now()))
	ctx = request.WithRequestInfo(request.WithNamespace(ctx, releaseNamespace), &request.RequestInfo{
		IsResourceRequest: true, Verb: "create", Namespace: releaseNamespace,
		APIGroup: of.Group, APIVersion: of.Version,
	})
	return creates[kind](ctx, object)
}

// TestAPIRefuses shows that the checks can fail: a field that does not exist, a value that no pod could have, a type
// that is not the field's, a name that appears twice.
func TestAPIRefuses(t *testing.T) {
	a := newAPI(t)
	pod := func(spec string) string {
		return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {containers: [{name: x, image: x, ` + spec + `}]}
`
	}
	for name, document := range map[string]string{
		"unknown field": pod("imagePullPolice: Always"), "bad value": pod("imagePullPolicy: Sometimes"),
		"wrong type": pod("args: serve"), "twice": pod("env: [{name: A, value: b}, {name: A, value: c}]"),
		"a custom's": "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nspec: {triggerz: []}",
		"nothing":    "# only a comment",
	} {
		if len(a.complaints(t.Context(), document)) == 0 {
			t.Errorf("%s: taken", name)
		}
	}
	a.takes(t, pod("imagePullPolicy: Always"))
}
