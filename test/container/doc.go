// Package container holds the tests of the image as users run it: built from the Dockerfile, beside a sandbox HubSpot,
// on a volume.
package container
