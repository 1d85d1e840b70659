package cmd

import (
	"errors"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"pxe/tftp"
)

// tftpMetrics counts what a TFTP server does.
type tftpMetrics struct {
	requests    *prometheus.CounterVec
	refused     *prometheus.CounterVec
	bytes       prometheus.Counter
	received    prometheus.Counter
	retransmits prometheus.Counter
	seconds     prometheus.Histogram
	active      prometheus.GaugeFunc
}

// newTFTPMetrics counts the transfers that run by active.
func newTFTPMetrics(active func() int) tftpMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return tftpMetrics{
		requests:    newCounter("pxe_tftp_requests_total", "Requests, by how they ended.", "outcome"),
		refused:     newCounter("pxe_tftp_refused_total", "Requests that were answered by an error or not at all, by the reason.", "reason"),
		bytes:       counter("pxe_tftp_sent_bytes_total", "Bytes of files that clients acknowledged."),
		received:    counter("pxe_tftp_received_bytes_total", "Bytes of files that clients sent."),
		retransmits: counter("pxe_tftp_retransmits_total", "Packets that were sent again."),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pxe_tftp_transfer_duration_seconds", Help: "How long whole transfers took.", Buckets: transferSeconds,
		}),
		active: prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pxe_tftp_active_transfers", Help: "Transfers that run.",
		}, func() float64 { return float64(active()) }),
	}
}

func (m tftpMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.requests, m.refused, m.bytes, m.received, m.retransmits, m.seconds, m.active}
}

func (m tftpMetrics) event(e tftp.Event) {
	m.requests.WithLabelValues(tftpOutcome(e.Kind)).Inc()
	bytes := m.bytes
	if e.Upload {
		bytes = m.received
	}
	bytes.Add(float64(e.Bytes))
	m.retransmits.Add(float64(e.Retransmits))
	switch e.Kind {
	case tftp.EventDone:
		m.seconds.Observe(e.Duration.Seconds())
	case tftp.EventRefused, tftp.EventDropped:
		m.refused.WithLabelValues(refusalReason(e.Err)).Inc()
	}
}

// tftpOutcome is the word for how a request ended.
func tftpOutcome(k tftp.EventKind) string { return strings.ReplaceAll(k.String(), " ", "_") }

// refusalReason is a word for why a request was refused or dropped, out of a
// few.
func refusalReason(err error) string {
	var fault *tftp.Error
	switch {
	case errors.Is(err, tftp.ErrSource):
		return "per_source"
	case errors.Is(err, tftp.ErrRate):
		return "rate"
	case errors.Is(err, tftp.ErrBusy):
		return "max_transfers"
	case errors.As(err, &fault) && fault.Code <= tftp.CodeOption:
		return strings.ReplaceAll(fault.Code.String(), " ", "_")
	}
	return "other"
}
