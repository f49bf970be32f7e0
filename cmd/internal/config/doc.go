// Package config reads Winnow's settings from the environment, checks all of them at once, and describes them: the
// table that `winnow config` prints, README's tables and deploy/env.example come from the same structs.
package config
