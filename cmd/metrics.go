package cmd

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"pxe/share"
)

// addMetrics registers --metrics on a server's command.
func addMetrics(cmd *cobra.Command, addr *string) {
	text := func(v string) string { return v }
	cmd.Flags().Var(newValue(addr, "string", parseListen, text), "metrics", "tell Prometheus what is done, on `[ADDRESS]:PORT`, path /metrics")
}

// withMetrics runs a server, and beside it one that tells its metrics on addr,
// unless that is empty. The port is open before the server starts, and closed
// when it ends. Labels must come from closed sets: a client that could choose
// one could fill the memory.
func withMetrics(ctx context.Context, addr string, metrics []prometheus.Collector, serve func(context.Context) error) error {
	if addr == "" {
		return serve(ctx)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return withHint(err, "--metrics wants an address of this host and a free port, :9469 for example")
	}
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return share.Serve(ctx, l, metricsHandler(metrics)) })
	group.Go(func() error {
		defer cancel()
		return serve(ctx)
	})
	return group.Wait()
}

// metricsHandler answers for /metrics alone, with what is told of the process
// too.
func metricsHandler(metrics []prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(metrics...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError),
	}))
	return mux
}

// transferSeconds are the buckets of a histogram of transfers: from a menu on a
// wire to an installer through a tunnel.
var transferSeconds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600}

func newCounter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}
