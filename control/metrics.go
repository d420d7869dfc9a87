package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gofiber/fiber/v3"
)

// metrics counts what this node did.
type metrics struct {
	mu         sync.Mutex
	requests   map[[2]string]uint64
	checks     atomic.Uint64
	divergence atomic.Int64
}

func newMetrics() *metrics { return &metrics{requests: map[[2]string]uint64{}} }

// observe counts an S3 request by method and status.
func (m *metrics) observe(ctx fiber.Ctx) error {
	method := strings.Clone(ctx.Method())
	err := ctx.Next()
	code := fmt.Sprint(statusOf(ctx, err))
	m.mu.Lock()
	m.requests[[2]string{method, code}]++
	m.mu.Unlock()
	return err
}

// gauge is a value read when the metrics are asked for.
type gauge struct {
	name, help string
	value      float64
}

// write gives the metrics in the Prometheus text format.
func (m *metrics) write(w io.Writer, gauges []gauge) {
	fmt.Fprintln(w, "# HELP control_s3_requests_total S3 requests answered, by method and status.")
	fmt.Fprintln(w, "# TYPE control_s3_requests_total counter")
	m.mu.Lock()
	lines := make([]string, 0, len(m.requests))
	for k, n := range m.requests {
		lines = append(lines, fmt.Sprintf("control_s3_requests_total{method=%q,code=%q} %d", k[0], k[1], n))
	}
	m.mu.Unlock()
	sort.Strings(lines)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
	fmt.Fprintln(w, "# HELP control_index_checks_total Checks of the index that were completed.")
	fmt.Fprintln(w, "# TYPE control_index_checks_total counter")
	fmt.Fprintln(w, "control_index_checks_total", m.checks.Load())
	gauges = append(gauges, gauge{"control_index_divergence", "Divergences that the last check of the index found.", float64(m.divergence.Load())})
	for _, g := range gauges {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s gauge\n%s %g\n", g.name, g.help, g.name, g.name, g.value)
	}
}
