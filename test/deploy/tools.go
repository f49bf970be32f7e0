//go:build tools

package deploy

import _ "github.com/kedacore/keda/v2/apis/keda/v1alpha1" // for the definition that comes with it
