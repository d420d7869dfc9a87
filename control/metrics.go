package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics counts what this node did, and shows the state of its member.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	checks     prometheus.Counter
	divergence prometheus.Gauge
}

func newMetrics(n *node) *metrics {
	reg := prometheus.NewRegistry()
	f := promauto.With(reg)
	f.NewGaugeFunc(prometheus.GaugeOpts{Name: "control_etcd_has_leader", Help: "Whether this member knows a leader."}, func() float64 {
		if n.started.Load() && n.member.etcd.Server.Leader() != 0 {
			return 1
		}
		return 0
	})
	m := &metrics{
		registry: reg,
		requests: f.NewCounterVec(prometheus.CounterOpts{
			Name: "control_s3_requests_total", Help: "S3 requests answered, by method and status.",
		}, []string{"method", "code"}),
		checks: f.NewCounter(prometheus.CounterOpts{
			Name: "control_index_checks_total", Help: "Checks of the index that were completed.",
		}),
		divergence: f.NewGauge(prometheus.GaugeOpts{
			Name: "control_index_divergence", Help: "Divergences that the last check of the index found.",
		}),
	}
	m.requests.WithLabelValues("GET", "200") // shown as 0 before the first request
	return m
}

// observe counts an S3 request by method and status.
func (m *metrics) observe(ctx fiber.Ctx) error {
	method := strings.Clone(ctx.Method())
	err := ctx.Next()
	code := ctx.Response().StatusCode()
	if err != nil {
		code = http.StatusInternalServerError
		if known, ok := errors.AsType[*fiber.Error](err); ok {
			code = known.Code
		}
	}
	m.requests.WithLabelValues(method, strconv.Itoa(code)).Inc()
	return err
}
