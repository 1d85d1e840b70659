package cmd

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pxe/dhcp"
)

// dhcpMetrics counts what a DHCP server does.
type dhcpMetrics struct {
	events *prometheus.CounterVec
	pools  *poolMetrics
}

func newDHCPMetrics() dhcpMetrics {
	return dhcpMetrics{newCounter("pxe_dhcp_events_total", "What happened: answers by kind, and what was not answered.", "kind"), new(poolMetrics)}
}

func (m dhcpMetrics) all() []prometheus.Collector { return []prometheus.Collector{m.events, m.pools} }

func (m dhcpMetrics) event(e dhcp.Event) { m.happened(e.Kind.String()) }

func (m dhcpMetrics) happened(kind string) { m.events.WithLabelValues(kind).Inc() }

// poolMetrics tells how many addresses of each subnet are in use, from when there
// is a server on.
type poolMetrics struct{ server atomic.Pointer[dhcp.Server] }

var (
	poolTaken = prometheus.NewDesc("pxe_dhcp_addresses_in_use", "Addresses of the ranges of a subnet that are leased, offered or in quarantine.", []string{"subnet"}, nil)
	poolSize  = prometheus.NewDesc("pxe_dhcp_addresses", "Addresses in the ranges of a subnet, for everybody.", []string{"subnet"}, nil)
)

func (m *poolMetrics) use(server *dhcp.Server) { m.server.Store(server) }

// Describe implements prometheus.Collector.
func (m *poolMetrics) Describe(ch chan<- *prometheus.Desc) { ch <- poolTaken; ch <- poolSize }

// Collect implements prometheus.Collector.
func (m *poolMetrics) Collect(ch chan<- prometheus.Metric) {
	server := m.server.Load()
	if server == nil {
		return
	}
	for _, p := range server.PoolsInUse(time.Now()) {
		subnet := p.Subnet.String()
		ch <- prometheus.MustNewConstMetric(poolTaken, prometheus.GaugeValue, float64(p.Taken), subnet)
		ch <- prometheus.MustNewConstMetric(poolSize, prometheus.GaugeValue, float64(p.Size), subnet)
	}
}
