package cmd

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"pxe/share"
)

// httpMetrics counts what an HTTP server does.
type httpMetrics struct {
	requests *prometheus.CounterVec
	bytes    prometheus.Counter
	seconds  prometheus.Histogram
}

func newHTTPMetrics() httpMetrics {
	return httpMetrics{
		newCounter("pxe_http_requests_total", "Requests, by the status of the answer.", "status"),
		prometheus.NewCounter(prometheus.CounterOpts{Name: "pxe_http_sent_bytes_total", Help: "Bytes of bodies that were sent."}),
		prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pxe_http_request_duration_seconds", Help: "How long answers with a body took.", Buckets: transferSeconds,
		}),
	}
}

func (m httpMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.bytes, m.seconds}
}

func (m httpMetrics) request(e share.Event) {
	m.requests.WithLabelValues(strconv.Itoa(e.Status)).Inc()
	m.bytes.Add(float64(e.Bytes))
	if e.Bytes > 0 {
		m.seconds.Observe(e.Duration.Seconds())
	}
}
