package service

import (
	"os"
	"strings"
	"testing"
)

// TestPackagedUnit: the unit of the packages promises what the written one does.
func TestPackagedUnit(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../packaging/clawdbot-gateway.service")
	if err != nil {
		t.Fatal(err)
	}
	written, err := Unit(Spec{Program: "/usr/bin/clawdbot", Args: []string{"gateway"}})
	if err != nil {
		t.Fatal(err)
	}
	_, packaged, _ := strings.Cut(string(raw), "\n")
	_, want, _ := strings.Cut(written, "\n")
	want = strings.ReplaceAll(want, `ExecStart="/usr/bin/clawdbot" "gateway"`, "ExecStart=/usr/bin/clawdbot gateway")
	if packaged != want {
		t.Errorf("packaging/clawdbot-gateway.service is\n%s\nand the written one\n%s", packaged, want)
	}
	if strings.HasPrefix(string(raw), mark) {
		t.Error("the unit of the packages says that service install wrote it")
	}
}
