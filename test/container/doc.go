// Package container holds the tests of the image as users run it: built from the Dockerfile, beside a sandbox HubSpot,
// on a volume that may be full, or as a cluster over three NATS servers that fail in every way.
package container
