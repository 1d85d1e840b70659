package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// snapLen is the longest frame that a capture announces, tcpdump's own default.
const snapLen = 262144

var errPcapClosed = errors.New("wire: capture is closed")

// A PcapWriter writes frames as a pcap file with nanosecond times, as tcpdump
// and Wireshark read it. Each frame is out with its Record, in one write, so a
// capture that is cut off is whole up to there.
type PcapWriter struct {
	mu  sync.Mutex // guards all fields
	buf *bufio.Writer
	out *pcapgo.Writer
	err error // the first; nothing is written after it
}

// NewPcapWriter writes the file header to w.
func NewPcapWriter(w io.Writer) (*PcapWriter, error) {
	buf := bufio.NewWriterSize(w, 128<<10) // more than any frame
	p := &PcapWriter{buf: buf, out: pcapgo.NewWriterNanos(buf)}
	err := p.out.WriteFileHeader(snapLen, layers.LinkTypeEthernet)
	if err = errors.Join(err, buf.Flush()); err != nil {
		return nil, fmt.Errorf("wire: capture: %w", err)
	}
	return p, nil
}

// Record writes a frame. It is a tap: see [Switch.Tap]. A failure is Close's to report.
func (p *PcapWriter) Record(t time.Time, frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return
	}
	info := gopacket.CaptureInfo{Timestamp: t, CaptureLength: len(frame), Length: len(frame)}
	p.err = p.out.WritePacket(info, frame)
	if p.err == nil {
		p.err = p.buf.Flush()
	}
}

// Close ends the capture and returns the first error. It does not close the
// underlying writer.
func (p *PcapWriter) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.err
	p.err = errPcapClosed
	if err != nil && err != errPcapClosed {
		return fmt.Errorf("wire: capture: %w", err)
	}
	return nil
}
