package dhcp

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"

	"pxe/dhcp/lease"
)

// modelDisk is a lease.Disk in memory, of a machine that may lose its power: then
// nothing is sure to be left but what was synced, and of the rest any part may be.
// It has one directory.
type modelDisk struct {
	rng    *rand.Rand
	names  map[string]*modelInode               // as a running program sees them
	synced map[string]*modelInode               // as they are after a loss of power
	moves  []func(names map[string]*modelInode) // of names, since the last SyncDir
	boots  int                                  // files that were open before the last one are dead
	locked bool

	// strike is asked before every operation. An error keeps it from happening,
	// wholly or in part.
	strike func() error
}

// modelInode is a file. What a sync failed to write the system counts as written all
// the same, as Linux does: programs read it, and later syncs pass it over, but it
// is not on the disk.
type modelInode struct {
	data   []byte
	synced int
	holes  []modelHole
}

type modelHole struct{ from, to int }

func newModelDisk(rng *rand.Rand, strike func() error) *modelDisk {
	return &modelDisk{rng: rng, strike: strike, names: make(map[string]*modelInode), synced: make(map[string]*modelInode)}
}

// kill is the end of the process by SIGKILL: the system keeps what was written.
func (d *modelDisk) kill() {
	d.boots++
	d.locked = false
}

// cut is a loss of power.
func (d *modelDisk) cut() {
	d.kill()
	for _, move := range d.moves[:d.rng.IntN(len(d.moves)+1)] {
		move(d.synced)
	}
	d.moves = nil
	d.names = make(map[string]*modelInode)
	for name, f := range d.synced {
		left := &modelInode{data: bytes.Clone(f.data[:f.synced+d.rng.IntN(len(f.data)-f.synced+1)])}
		if rest := left.data[f.synced:]; d.rng.IntN(3) == 0 {
			clear(rest[:d.rng.IntN(len(rest)+1)]) // the size is on the disk, the data is not
		}
		for _, h := range f.holes {
			clear(left.data[h.from:h.to])
		}
		left.synced = len(left.data)
		d.names[name] = left
	}
	d.synced = maps.Clone(d.names)
}

func (d *modelDisk) move(change func(names map[string]*modelInode)) {
	change(d.names)
	d.moves = append(d.moves, change)
}

func (d *modelDisk) Lock(string) (io.Closer, error) {
	if d.locked {
		return nil, lease.ErrLocked
	}
	d.locked = true
	return modelLock{d, d.boots}, nil
}

type modelLock struct {
	d     *modelDisk
	boots int
}

func (l modelLock) Close() error {
	if l.boots == l.d.boots {
		l.d.locked = false
	}
	return nil
}

func (d *modelDisk) Open(path string) (io.ReadCloser, error) {
	if err := d.strike(); err != nil {
		return nil, err
	}
	f := d.names[path]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(f.data)), nil
}

func (d *modelDisk) Create(path string) (lease.File, error) {
	if err := d.strike(); err != nil {
		return nil, err
	}
	f := &modelInode{}
	d.move(func(names map[string]*modelInode) { names[path] = f })
	return &modelFile{d, f, d.boots}, nil
}

func (d *modelDisk) Rename(from, to string) error {
	return d.change(func(names map[string]*modelInode) {
		names[to] = names[from]
		delete(names, from)
	})
}

func (d *modelDisk) Link(from, to string) error {
	return d.change(func(names map[string]*modelInode) { names[to] = names[from] })
}

func (d *modelDisk) Remove(path string) error {
	return d.change(func(names map[string]*modelInode) { delete(names, path) })
}

func (d *modelDisk) change(move func(names map[string]*modelInode)) error {
	if err := d.strike(); err != nil {
		return err
	}
	d.move(move)
	return nil
}

func (d *modelDisk) SyncDir(string) error {
	if err := d.strike(); err != nil {
		return err
	}
	for _, move := range d.moves {
		move(d.synced)
	}
	d.moves = nil
	return nil
}

var errModelDead = errors.New("a file of a process that has ended")

type modelFile struct {
	d     *modelDisk
	f     *modelInode
	boots int
}

func (f *modelFile) Write(b []byte) (int, error) {
	if f.boots != f.d.boots {
		return 0, errModelDead
	}
	if err := f.d.strike(); err != nil {
		n := f.d.rng.IntN(len(b) + 1)
		f.f.data = append(f.f.data, b[:n]...)
		return n, err
	}
	f.f.data = append(f.f.data, b...)
	return len(b), nil
}

func (f *modelFile) Sync() error {
	if f.boots != f.d.boots {
		return errModelDead
	}
	if err := f.d.strike(); err != nil {
		if err != errModelCrash {
			f.f.holes = append(f.f.holes, modelHole{f.f.synced, len(f.f.data)})
			f.f.synced = len(f.f.data)
		}
		return err
	}
	f.f.synced = len(f.f.data)
	return nil
}

func (f *modelFile) Close() error { return nil }
