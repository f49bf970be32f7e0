package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// TestLogFormats: machines read JSON, people a line that begins with the time of day and the level.
func TestLogFormats(t *testing.T) {
	entry := zapcore.Entry{
		Level: zapcore.WarnLevel, Time: time.Date(2026, 3, 2, 9, 5, 0, 0, time.UTC), LoggerName: "pipeline",
		Message: "a poll fails",
	}
	line := func(console bool) string {
		b, err := encoderOf(console).EncodeEntry(entry, []zapcore.Field{zap.String("source", "eu")})
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var said struct{ Level, Time, Msg, Source string }
	if err := json.Unmarshal([]byte(line(false)), &said); err != nil || said.Level != "warn" || said.Source != "eu" ||
		said.Time != "2026-03-02T09:05:00Z" || said.Msg != "a poll fails" {
		t.Errorf("JSON: %+v, %v", said, err)
	}
	if got := line(true); strings.TrimSpace(got) != `09:05:00  WARN  a poll fails  {"source": "eu"}` {
		t.Errorf("for people: %q", got)
	}
}
