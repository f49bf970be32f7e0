package app

import (
	"net/http"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/winnow-crm/winnow/cmd/internal/admin"
	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/cmd/internal/seen"
)

// listDir is where the list of contacts stands beside an embedded store.
const listDir = "contacts-list"

// listOf makes the list of contacts. Where it cannot be made everything but the pages of contacts goes on.
func (a *App) listOf(cfg *config.Config, lazy bool) *seen.Model {
	dir := filepath.Join(cfg.DataDir, listDir)
	if cfg.NATS.URL != "" {
		made, err := os.MkdirTemp("", "winnow-"+listDir+"-")
		if err != nil {
			a.log.Error(
				"there is no list of contacts: the directory for temporary files cannot be written to",
				zap.Error(err),
			)
			return nil
		}
		dir = made
	}
	list, err := seen.New(
		seen.Deps{Queue: a.Queue, Dir: dir, Encrypt: cfg.Queue.Key != "", Lazy: lazy, Log: a.log.Named("list")},
	)
	if err != nil {
		a.log.Error("there is no list of contacts", zap.Error(err))
		return nil
	}
	return list
}

// admin makes the handler of the admin port.
func (a *App) admin(cfg *config.Config, registry *prometheus.Registry, alone bool) (http.Handler, error) {
	known, err := cfg.Admins()
	if err != nil {
		return nil, err
	}
	var tokens []admin.Token
	for _, t := range known {
		tokens = append(tokens, admin.Token(t))
	}
	a.answers = admin.NewAnswers(admin.Deps{
		Operate: a.Pipeline.Operate, People: a.Pipeline.People, Queue: a.Queue, List: a.list, Trim: a.Pipeline.Trim,
		Log: a.log.Named("admin"), Ready: a.readiness.Result, Alone: alone,
		About:    admin.About{Version: Version(), Mode: string(cfg.Mode), Model: cfg.Rules.Version()},
		Settings: cfg.Describe(),
	})
	return admin.New(admin.Options{
		Ready: a.readiness, Live: admin.NewProbe("live", a.live), Gatherer: registry, Tokens: tokens,
		Answers: a.answers.Handler(),
		Console: admin.NewConsole(a.answers),
	}), nil
}
