//go:build linux

package lab

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// asker sends requests that no client would, from a socket of its own.
type asker struct {
	t    *testing.T
	conn *net.UDPConn
}

// newAsker opens the socket in a namespace.
func newAsker(t *testing.T, host *Net) *asker {
	t.Helper()
	var conn *net.UDPConn
	var err error
	host.Do(func() { conn, err = net.ListenUDP("udp4", nil) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &asker{t, conn}
}

const (
	opRRQ = 1
	opWRQ = 2
)

// ask requests a file, and returns the beginning of the answer, "" if none comes
// in time: "data TEXT", "error CODE", or the opcode. from is who answered.
func (a *asker) ask(server string, op byte, name string, wait time.Duration) (answer, message string, from *net.UDPAddr) {
	a.t.Helper()
	to := &net.UDPAddr{IP: net.ParseIP(server), Port: 69}
	if _, err := a.conn.WriteToUDP([]byte("\x00"+string(op)+name+"\x00octet\x00"), to); err != nil {
		a.t.Fatal(err)
	}
	_ = a.conn.SetReadDeadline(time.Now().Add(wait))
	b := make([]byte, 2048)
	n, from, err := a.conn.ReadFromUDP(b)
	if err != nil || n < 4 {
		return "", "", nil
	}
	number := binary.BigEndian.Uint16(b[2:])
	switch b[1] {
	case 3:
		return "data " + string(b[4:n]), "", from
	case 5:
		return fmt.Sprintf("error %d", number), string(b[4 : n-1]), from
	}
	return fmt.Sprintf("opcode %d", b[1]), "", from
}

// ack tells the server that the first block came, which ends a short transfer.
func (a *asker) ack(to *net.UDPAddr) {
	a.t.Helper()
	if _, err := a.conn.WriteToUDP([]byte{0, 4, 0, 1}, to); err != nil {
		a.t.Fatal(err)
	}
}

// get asks for a whole file of one block.
func (a *asker) get(server, name string) string {
	a.t.Helper()
	answer, message, from := a.ask(server, opRRQ, name, 10*time.Second)
	if from != nil && message == "" {
		a.ack(from)
	}
	return answer
}

// files makes a tree of files below a new folder.
func files(t *testing.T, content map[string]string) string {
	t.Helper()
	root := folder(t)
	for name, text := range content {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}
