package tftp

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pxe/tftp/tftptest"
)

// A slow client, under whose transfer the file changes after the first block:
// it gets the file as it was, or an error, and never a mixture.
func TestServerFileChanges(t *testing.T) {
	const size = 100_000 // more than is read at once
	old, changed := bytes.Repeat([]byte("old!"), size/4), bytes.Repeat([]byte("new."), size/4)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name   string
		change func(path string)
		whole  bool // the client gets the old file
	}{
		{"nothing", func(string) {}, true},
		{"replaced by rename", func(path string) {
			must(os.WriteFile(path+".new", changed, 0o644))
			must(os.Rename(path+".new", path))
		}, true},
		{"removed", func(path string) { must(os.Remove(path)) }, true},
		{"truncated", func(path string) { must(os.Truncate(path, 50_000)) }, false},
		{"truncated to nothing", func(path string) { must(os.Truncate(path, 0)) }, false},
		{"grown", func(path string) {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			must(err)
			_, err = f.Write(changed)
			must(errors.Join(err, f.Close()))
		}, false},
		{"overwritten in place", func(path string) {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			must(err)
			_, err = f.Write(changed)
			must(errors.Join(err, f.Close()))
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			must(os.WriteFile(path, old, 0o644))
			// Written long ago, as far as the clock of the file system tells.
			past := time.Now().Add(-time.Hour)
			must(os.Chtimes(path, past, past))
			root, err := os.OpenRoot(dir)
			must(err)
			defer root.Close()
			inLab(t, tftptest.Faults{}, &Server{Source: Dir(root)}, func(l *lab) {
				p := l.peer()
				p.send(l.server, rrq("f", "blksize", 1024))
				tid := p.expect("OACK")
				p.send(tid, ack(0))
				var got []byte
				for block := uint16(1); ; block++ {
					packet, _ := p.receive()
					if packet.Op != OpDATA {
						if tt.whole || packet.Op != OpERROR {
							t.Errorf("after %d bytes: %v", len(got), summary(packet))
						}
						break
					}
					got = append(got, packet.Data...)
					if block == 1 {
						tt.change(path)
					}
					p.send(tid, ack(block))
					if len(packet.Data) < 1024 {
						if !tt.whole {
							t.Error("the transfer came to its end")
						}
						break
					}
				}
				if e := l.event(); tt.whole != (e.Kind == EventDone) || !tt.whole && !errors.Is(e.Err, ErrChanged) {
					t.Errorf("event %+v", e)
				}
				if !bytes.HasPrefix(old, got) || tt.whole && len(got) != size {
					t.Errorf("%d bytes that are not of the old file", len(got))
				}
			})
		})
	}
}
