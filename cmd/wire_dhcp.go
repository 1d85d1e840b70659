package cmd

import (
	"time"

	"pxe/dhcp"
	"pxe/wire"
)

// wireConn lets a DHCP server serve a port on the Ethernet inside the process.
type wireConn struct{ port *wire.DatagramPort }

var _ dhcp.Conn = wireConn{}

func (c wireConn) ReadBatch(ds []dhcp.Datagram) (n int, err error) {
	for n < len(ds) && (n == 0 || c.port.Waiting() > 0) {
		buf := ds[n].Payload[:cap(ds[n].Payload)]
		size, from, err := c.port.ReadDatagram(buf)
		if err != nil && n > 0 {
			return n, nil // the next read fails as well
		}
		if err != nil {
			return 0, err
		}
		ds[n] = dhcp.Datagram{Payload: buf[:size], Src: from.Src, Dst: from.Dst}
		n++
	}
	return n, nil
}

func (c wireConn) Write(d dhcp.Datagram) error {
	return c.port.WriteDatagram(d.Payload, wire.Datagram{Src: d.Src, Dst: d.Dst, DstMAC: d.DstMAC})
}

func (c wireConn) SetReadDeadline(t time.Time) error { return c.port.SetReadDeadline(t) }
