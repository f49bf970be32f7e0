package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.uber.org/zap/zapcore"

	"github.com/winnow-crm/winnow/cmd/internal/config"
	"github.com/winnow-crm/winnow/queue"
)

func repairCommand() *cobra.Command {
	return &cobra.Command{
		Use: "repair", Short: "Take a store that has lost something as it is", Args: cobra.NoArgs,
		Long: `Where files of the store are missing, or end before they did, winnow serve refuses to start: restore the directory from a backup, or
call repair. It keeps what is there, moves streams that cannot be read to quarantine in the same directory, and notes since when
something is missing. The next winnow serve reads that again from the CRM and announces nothing against those concerned until it has.`,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			cfg, err := config.Load(os.Environ())
			if err != nil {
				return err
			}
			if cfg.NATS.URL != "" {
				return errors.New("WINNOW_NATS_URL is set: an outside store is repaired by who keeps it; then winnow " +
					"backfill reads again what it lost")
			}
			if !queue.StoreIn(cfg.DataDir) {
				return fmt.Errorf("there is no store in %s: WINNOW_DATA_DIR has to be that of winnow serve",
					cfg.DataDir)
			}
			log := newLog(zapcore.WarnLevel, cfg.LogFormat)
			qc := cfg.QueueConfig()
			qc.Repair = true
			qc.Log = func(level, message string) {
				if level != "debug" && level != "info" {
					log.Warn(message)
				}
			}
			q, err := queue.Open(cmd.Context(), qc)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, q.Close()) }()
			found := q.Damaged()
			for _, d := range found {
				since := "since an unknown day"
				if !d.Since.IsZero() {
					since = "since " + d.Since.Format("2006-01-02 15:04 MST")
				}
				fmt.Printf("lost: %s, %s\n", d, since)
			}
			if len(found) == 0 {
				fmt.Println("nothing is missing")
				return nil
			}
			fmt.Println("start winnow serve: it reads this again from the CRM")
			return nil
		},
	}
}
