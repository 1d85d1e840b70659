package cmd

import (
	"github.com/prometheus/client_golang/prometheus"

	"pxe/dhcp"
)

// dhcpMetrics counts what a DHCP server does.
type dhcpMetrics struct{ events *prometheus.CounterVec }

func newDHCPMetrics() dhcpMetrics {
	return dhcpMetrics{newCounter("pxe_dhcp_events_total", "What happened: answers by kind, and what was not answered.", "kind")}
}

func (m dhcpMetrics) all() []prometheus.Collector { return []prometheus.Collector{m.events} }

func (m dhcpMetrics) event(e dhcp.Event) { m.happened(e.Kind.String()) }

func (m dhcpMetrics) happened(kind string) { m.events.WithLabelValues(kind).Inc() }
