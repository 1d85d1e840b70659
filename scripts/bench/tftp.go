//go:build linux

package main

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pxe/scripts/lab"
)

// The transfer that is measured: one client, lock-step, blocks as large as an
// Ethernet carries.
const (
	tftpSize  = 40_000_000 // bytes
	tftpBlock = 1468       // bytes
)

// measureTFTP lets one client fetch one file: with client and server on one CPU,
// because in lock-step only one of them has work at a time and waking another
// CPU of a virtual machine takes longer than the work; and wherever the kernel
// puts them.
func measureTFTP(b *bench) {
	lab.Need(b, "in.tftpd")
	root := b.path("tree")
	image := make([]byte, tftpSize)
	if _, err := rand.Read(image); err != nil {
		b.Fatalf("%v", err)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		b.Fatalf("%v", err)
	}
	if err := os.WriteFile(root+"/image", image, 0o644); err != nil {
		b.Fatalf("%v", err)
	}
	servers := map[string][]string{
		"tftpd-hpa": {"in.tftpd", "--foreground", "--listen", "--address", ":69", "--user", "root", "--secure", root},
		"pin/tftp":  {b.path("pintftp"), root},
		"pxe":       {b.path("pxe"), "serve-tftp", root},
	}
	title := fmt.Sprintf("TFTP, one client, %d-byte blocks, lock-step", tftpBlock)
	b.compareTFTP(title+", one CPU", servers, true)
	b.compareTFTP(title+", any CPU", servers, false)
}

func (b *bench) compareTFTP(title string, servers map[string][]string, oneCPU bool) {
	c := newContest("tftpd-hpa", "pin/tftp", "pxe")
	hosts := map[string]*lab.Net{}
	for _, name := range c.names {
		host := lab.NewNet(b)
		if oneCPU {
			host.Do(func() { pin(b, 0) })
		}
		lab.Command{Net: host, Args: servers[name]}.Start(b)
		host.WaitPort("udp", 69, readyTime)
		hosts[name] = host
	}
	for range b.rounds {
		for _, name := range c.names {
			start := time.Now()
			if err := b.fetch(hosts[name]); err != nil {
				b.Fatalf("%s: %v", name, err)
			}
			c.add(name, tftpSize/1e6/time.Since(start).Seconds())
		}
	}
	c.print(title, "MB/s", "%.1f")
	b.cleanUp()
}

// pin keeps the calling thread, and what it starts, on one CPU.
func pin(b *bench, cpu int) {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		b.Logf("cannot pin to CPU %d: %v", cpu, err)
	}
}

// fetch fetches the image once from the server in the namespace.
func (b *bench) fetch(host *lab.Net) (err error) {
	host.Do(func() { err = fetchTFTP() })
	return err
}

// fetchTFTP is the neutral client: blocking system calls on one thread, and
// nobody's TFTP code.
func fetchTFTP() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		return err
	}
	loopback := [4]byte{127, 0, 0, 1}
	request := fmt.Sprintf("\x00\x01image\x00octet\x00blksize\x00%d\x00", tftpBlock)
	if err := unix.Sendto(fd, []byte(request), 0, &unix.SockaddrInet4{Port: 69, Addr: loopback}); err != nil {
		return err
	}
	buf := make([]byte, 2048)
	ack := []byte{0, 4, 0, 0}
	for received, next := 0, uint16(0); ; {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("after %d bytes: %w", received, err)
		}
		if n < 4 {
			return fmt.Errorf("a packet of %d bytes", n)
		}
		if next == 0 && received == 0 { // the peer is known from here on
			if err := unix.Connect(fd, from); err != nil {
				return err
			}
		}
		switch op := binary.BigEndian.Uint16(buf); {
		case op == 6 && received == 0: // OACK
		case op == 3 && binary.BigEndian.Uint16(buf[2:]) == next:
			received += n - 4
		case op == 3: // a repeated block
			continue
		default:
			return fmt.Errorf("after %d bytes: %q", received, buf[:n])
		}
		binary.BigEndian.PutUint16(ack[2:], next)
		if _, err := unix.Write(fd, ack); err != nil {
			return err
		}
		next++
		if n < 4+tftpBlock && received > 0 {
			if received != tftpSize {
				return fmt.Errorf("got %d bytes, want %d", received, tftpSize)
			}
			return nil
		}
	}
}
