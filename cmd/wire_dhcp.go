package cmd

import (
	"time"

	"pxe/dhcp"
	"pxe/wire"
)

// wireConn lets a DHCP server serve a port on the Ethernet inside the process.
type wireConn struct{ port *wire.DatagramPort }

var _ dhcp.Conn = wireConn{}

func (c wireConn) ReadBatch(ds []dhcp.Datagram) (int, error) {
	buf := ds[0].Payload[:cap(ds[0].Payload)]
	n, from, err := c.port.ReadDatagram(buf)
	if err != nil {
		return 0, err
	}
	ds[0] = dhcp.Datagram{Payload: buf[:n], Src: from.Src, Dst: from.Dst}
	return 1, nil
}

func (c wireConn) Write(d dhcp.Datagram) error {
	return c.port.WriteDatagram(d.Payload, wire.Datagram{Src: d.Src, Dst: d.Dst, DstMAC: d.DstMAC})
}

func (c wireConn) SetReadDeadline(t time.Time) error { return c.port.SetReadDeadline(t) }
