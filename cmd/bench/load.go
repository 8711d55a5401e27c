package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// start measures a start on an empty state directory, and the memory of an idle gateway.
func (b *bench) start() error {
	var cpu, rss []float64
	for range b.rounds {
		addr, err := freeAddr()
		if err != nil {
			return err
		}
		var runs []struct {
			CPUS float64 `json:"cpu_s_to_hello"`
			Idle struct {
				RSSKiB float64 `json:"rss_kib"`
			}
		}
		cmd := "env " + strings.Join(b.env(addr, ""), " ") + " " + filepath.Join(b.dir, "clawdbot") + " gateway --token test >/dev/null"
		if err := b.wsload(addr, 0, &runs, "coldstart", "--repeat", "1", "--settle", "5s", "--cmd", cmd); err != nil {
			return err
		}
		b.cmds = []string{"wsload coldstart --repeat 1 --settle 5s --cmd 'clawdbot gateway --token test'"}
		cpu, rss = append(cpu, runs[0].CPUS), append(rss, runs[0].Idle.RSSKiB/1024)
	}
	c, r := median(cpu), median(rss)
	b.add("start to first hello, CPU", fmt.Sprintf("%.2f s", c), "", "", "≤ 0.03 s", c <= 0.03)
	b.add("memory when idle (RSS)", fmt.Sprintf("%.1f MiB", r), "", "", "≤ 24 MiB", r <= 24)
	return nil
}

// measure is one figure of both servers.
type measure struct {
	what, unit string
	limit      float64 // of the ratio
	args       []string
	mode       string
	get        func(raw result) float64
}

// result has what the modes used here report.
type result struct {
	PerOp       float64 `json:"server_cpu_us_per_op"`
	PerDelivery float64 `json:"server_cpu_us_per_delivery"`
	RSSPerConn  float64 `json:"rss_kib_per_conn"`
}

// load compares the gateway with the bare server, alternating.
func (b *bench) load() error {
	dur := b.dur.String()
	measures := []measure{
		{"CPU per `system-presence` call, 32 connections", "µs", 2, []string{"--conns", "32", "--methods", "system-presence", "--dur", dur}, "rpc", perOp},
		{"CPU per `health` call, 32 connections", "µs", 2, []string{"--conns", "32", "--methods", "health", "--dur", dur}, "rpc", perOp},
		{"CPU per delivery, 100 subscribers, 16 in flight", "µs", 0.35, []string{"--conns", "100", "--inflight", "16", "--dur", dur}, "fanout", perDelivery},
		{"CPU per delivery, 100 subscribers, 1 in flight", "µs", 1.2, []string{"--conns", "100", "--inflight", "1", "--dur", dur}, "fanout", perDelivery},
		{"memory per connection, 2,000 held", "KiB", 1.5, []string{"--conns", "2000", "--settle", "2s"}, "idle", func(r result) float64 { return r.RSSPerConn }},
	}
	for _, m := range measures {
		var ours, bare, ratio []float64
		for range b.rounds {
			x, err := b.one(b.bare, m)
			if err != nil {
				return err
			}
			y, err := b.one(b.ours, m)
			if err != nil {
				return err
			}
			bare, ours, ratio = append(bare, x), append(ours, y), append(ratio, y/x)
		}
		r := median(ratio)
		b.add(m.what, fmt.Sprintf("%.2f %s", median(ours), m.unit), fmt.Sprintf("%.2f %s", median(bare), m.unit),
			fmt.Sprintf("%.2f", r), fmt.Sprintf("≤ %.2f", m.limit), r <= m.limit)
	}
	return nil
}

func perOp(r result) float64       { return r.PerOp }
func perDelivery(r result) float64 { return r.PerDelivery }

// one measures one server, started for the purpose.
func (b *bench) one(start func() (*server, error), m measure) (float64, error) {
	s, err := start()
	if err != nil {
		return 0, err
	}
	defer s.stop()
	var r result
	if m.mode == "rpc" {
		var runs []result
		if err := b.wsload(s.addr, s.cmd.Process.Pid, &runs, m.mode, m.args...); err != nil {
			return 0, err
		}
		r = runs[0]
	} else if err := b.wsload(s.addr, s.cmd.Process.Pid, &r, m.mode, m.args...); err != nil {
		return 0, err
	}
	return m.get(r), nil
}
