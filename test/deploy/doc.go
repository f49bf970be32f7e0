// Package deploy tests what deploy/ holds against the tools and the APIs that it is written for: the Helm chart with
// Helm itself, its objects with the code of the Kubernetes API server, queries with Prometheus' own parser. They are a
// module of their own, so that none of that is a dependency of the program.
package deploy
