// Command telegramfake serves a fake Bot API on loopback for tests that kill and restart the gateway: the platform's
// state outlives the process under test. It prints its address, the Bot API is at that address, the remote control of
// telegramfake.Server at /control/.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/clawdbot/gateway/providers/providertest/telegramfake"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "loopback address to listen on")
	token := flag.String("token", telegramfake.DefaultToken, "the bot token that is accepted")
	flag.Parse()
	if err := serve(*addr, *token); err != nil {
		fmt.Fprintln(os.Stderr, "telegramfake:", err)
		os.Exit(1)
	}
}

func serve(addr, token string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	if ip := l.Addr().(*net.TCPAddr).IP; !ip.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address", ip)
	}
	s := telegramfake.New(telegramfake.Options{Token: token})
	mux := http.NewServeMux()
	mux.Handle("/", s)
	mux.Handle("/control/", http.StripPrefix("/control", s.Control()))
	fmt.Printf("listening on http://%s\n", l.Addr())
	return http.Serve(l, mux)
}
