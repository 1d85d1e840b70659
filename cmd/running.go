package cmd

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pxe/tftp"
)

// running knows the transfers that a TFTP server has open. It is safe for
// concurrent use.
type running struct {
	now func() time.Time

	mu        sync.Mutex
	transfers map[*transfer]struct{}
}

// transfer is one of them.
type transfer struct {
	client netip.AddrPort
	name   string
	size   int64
	start  time.Time
	done   atomic.Int64 // bytes that were read, or written
}

func newRunning() *running {
	return &running{now: time.Now, transfers: make(map[*transfer]struct{})}
}

func (r *running) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.transfers)
}

// list is those that began before a time, the oldest first.
func (r *running) list(before time.Time) []*transfer {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*transfer
	for t := range r.transfers {
		if t.start.Before(before) {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *transfer) int {
		if c := a.start.Compare(b.start); c != 0 {
			return c
		}
		return a.client.Compare(b.client)
	})
	return list
}

func (r *running) begin(client netip.AddrPort, name string, size int64) *transfer {
	t := &transfer{client: client, name: name, size: size, start: r.now()}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.transfers[t] = struct{}{}
	return t
}

func (r *running) end(t *transfer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.transfers, t)
}

// source is s, watched.
func (r *running) source(s tftp.Source) tftp.Source {
	return tftp.SourceFunc(func(name string, client netip.AddrPort) (tftp.File, error) {
		f, err := s.Open(name, client)
		if err != nil {
			return nil, err
		}
		return &runningFile{f, r, r.begin(client, name, f.Size())}, nil
	})
}

// sink is s, watched.
func (r *running) sink(s tftp.Sink) tftp.Sink {
	if s == nil {
		return nil
	}
	return sinkFunc(func(name string, client netip.AddrPort, size int64) (tftp.Upload, error) {
		u, err := s.Create(name, client, size)
		if err != nil {
			return nil, err
		}
		return &runningUpload{u, r, r.begin(client, name, size)}, nil
	})
}

type runningUpload struct {
	tftp.Upload
	running *running
	*transfer
}

func (u *runningUpload) Write(p []byte) (int, error) {
	n, err := u.Upload.Write(p)
	u.done.Add(int64(n))
	return n, err
}

func (u *runningUpload) Commit() error {
	u.running.end(u.transfer)
	return u.Upload.Commit()
}

func (u *runningUpload) Abort() {
	u.running.end(u.transfer)
	u.Upload.Abort()
}

type runningFile struct {
	tftp.File
	running *running
	*transfer
}

func (f *runningFile) Size() int64 { return f.File.Size() }

// MayWait is that of the file.
func (f *runningFile) MayWait() bool { return tftp.MayWait(f.File) }

func (f *runningFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.done.Store(max(f.done.Load(), off+int64(n)))
	return n, err
}

func (f *runningFile) Close() error {
	f.running.end(f.transfer)
	return f.File.Close()
}
