package metrics

import (
	"bytes"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"time"
)

var began = time.Now()

// WriteProcess adds what the operating system and the runtime know of this process, under the names that Prometheus's own
// clients use. What this system does not tell is left out.
func WriteProcess(t *Text) {
	if used, ok := cpuTime(); ok {
		t.One("process_cpu_seconds_total", Counter, "CPU time of the process, in user and system mode.", used.Seconds())
	}
	if rss, ok := residentBytes(); ok {
		t.One("process_resident_memory_bytes", Gauge, "Resident memory of the process.", rss)
	}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		t.One("process_open_fds", Gauge, "Open files and sockets.", float64(len(files)-1)) // one is for reading the list
	}
	if most, ok := fileLimit(); ok {
		t.One("process_max_fds", Gauge, "How many files and sockets may be open.", most)
	}
	t.One("process_start_time_seconds", Gauge, "When the process began, in seconds since the epoch.", float64(began.UnixMilli())/1000)
	writeRuntime(t)
}

func writeRuntime(t *Text) {
	t.Family("go_info", Gauge, "Version of Go that the program was built with.")
	t.Sample(1, "version", runtime.Version())
	families := []struct{ name, kind, help, from string }{
		{"go_goroutines", Gauge, "Goroutines that exist.", "/sched/goroutines:goroutines"},
		{"go_memstats_heap_alloc_bytes", Gauge, "Bytes of objects on the heap.", "/memory/classes/heap/objects:bytes"},
		{"go_memstats_sys_bytes", Gauge, "Bytes that the runtime has of the system.", "/memory/classes/total:bytes"},
		{"go_memstats_alloc_bytes_total", Counter, "Bytes allocated since the start.", "/gc/heap/allocs:bytes"},
		{"go_gc_cycles_total", Counter, "Garbage collections since the start.", "/gc/cycles/total:gc-cycles"},
		{"go_gc_gomemlimit_bytes", Gauge, "The memory limit that the runtime works towards.", "/gc/gomemlimit:bytes"},
	}
	samples := make([]metrics.Sample, len(families))
	for i := range families {
		samples[i].Name = families[i].from
	}
	metrics.Read(samples)
	for i, f := range families {
		if v := samples[i].Value; v.Kind() == metrics.KindUint64 {
			t.One(f.name, f.kind, f.help, float64(v.Uint64()))
		}
	}
}

// residentBytes reads the second field of statm, which Linux has: pages.
func residentBytes() (float64, bool) {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseUint(string(fields[1]), 10, 64)
	return float64(pages) * float64(os.Getpagesize()), err == nil
}
