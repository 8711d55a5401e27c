package discovery

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// child, as a variable of the environment, makes the test's program announce a service on the loopback interface until
// it is interrupted: "instance port".
const child = "DISCOVERY_TEST_ANNOUNCE"

func TestMain(m *testing.M) {
	if port, err := strconv.Atoi(os.Getenv(child)); err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := Run(ctx, loopback(port, func(s State) { println(s.Announced) })); err != nil {
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// loopback announces a service on this machine alone.
func loopback(port int, report func(State)) Options {
	name := "box " + strconv.Itoa(port)
	return Options{
		Service: NewService(Facts{
			Hostname: "box-" + strconv.Itoa(port), DisplayName: name, GatewayPort: port - 1, BridgePort: port,
			CanvasPort: port + 3, TailnetDNS: "box.tail.example.", CLIPath: "/opt/clawdbot",
		}),
		Listen: netip.MustParseAddr("127.0.0.1"), Interfaces: []string{loopbackName()}, Report: report,
		Log: slog.New(slog.DiscardHandler),
	}
}

func loopbackName() string {
	all, _ := interfaces()
	for _, i := range all {
		if i.loopback() {
			return i.Name
		}
	}
	return "lo"
}
