// Package once keeps which machines have booted from the network, for those that
// may do so one time: the cure for a machine that installs itself at every start.
//
// The file is the truth, so that it can be changed beside a running server: see
// Arm. Whoever writes it holds a lock and reads it before.
package once

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/renameio/v2/maybe"

	"pxe/plainfile"
)

// State is how far a machine is.
type State uint8

// The states. A machine that is not known is armed.
const (
	Armed   State = iota // may boot from the network
	Booting              // does so now: its boot loaders ask several times
	Done                 // did so
)

var stateNames = [...]string{"armed", "booting", "done"}

func (s State) String() string { return stateNames[s] }

// Window is how long a boot may take: a machine that asks again after it has done
// its one boot, even if nothing was heard of its operating system.
const Window = 10 * time.Minute

// Entry is what is known of a machine.
type Entry struct {
	MAC   net.HardwareAddr
	State State
	Since time.Time // in whole seconds
}

// Store is the file in the hands of a server. It is not safe for concurrent use.
type Store struct {
	path    string
	entries map[string]Entry // by MAC
	changed map[string]Entry // not yet written
	read    fs.FileInfo      // of the file as it was read; nil: there was none
}

// ErrFormat is a file that is none of this package.
var ErrFormat = errors.New("not a list of one-time boots")

// Open reads the file at path, which need not be there.
func Open(path string) (*Store, error) {
	s := &Store{path: path, changed: make(map[string]Entry)}
	return s, s.load()
}

func (s *Store) load() error {
	entries, info, err := read(s.path)
	if err != nil {
		return err
	}
	s.entries, s.read = entries, info
	maps.Copy(s.entries, s.changed)
	return nil
}

// Refresh reads the file again if somebody changed it.
func (s *Store) Refresh() error {
	info, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && s.read == nil:
		return nil
	case err == nil && s.read != nil && os.SameFile(info, s.read) && info.ModTime().Equal(s.read.ModTime()) && info.Size() == s.read.Size():
		return nil
	}
	return s.load()
}

// State is how far a machine is at that time.
func (s *Store) State(mac net.HardwareAddr, now time.Time) State {
	e := s.entries[string(mac)]
	if e.State == Booting && now.Sub(e.Since) > Window {
		return Done
	}
	return e.State
}

// Begin notes that an armed machine was told what to boot.
func (s *Store) Begin(mac net.HardwareAddr, now time.Time) {
	if s.State(mac, now) == Armed {
		s.set(mac, Booting, now)
	}
}

// Finish notes that the boot of a machine brought an operating system up.
func (s *Store) Finish(mac net.HardwareAddr, now time.Time) {
	if s.State(mac, now) == Booting {
		s.set(mac, Done, now)
	}
}

func (s *Store) set(mac net.HardwareAddr, state State, now time.Time) {
	e := Entry{slices.Clone(mac), state, now.Truncate(time.Second)}
	s.entries[string(mac)], s.changed[string(mac)] = e, e
}

// Sync makes what was noted durable. With nothing new it costs nothing.
func (s *Store) Sync() error {
	if len(s.changed) == 0 {
		return nil
	}
	entries, err := update(s.path, func(entries map[string]Entry) { maps.Copy(entries, s.changed) })
	if err != nil {
		return err
	}
	s.entries = entries
	clear(s.changed)
	s.read, err = os.Stat(s.path)
	return err
}

// Arm lets machines boot from the network one more time. It returns those of them
// that had done so, and may be called beside a server that has the file open.
func Arm(path string, macs ...net.HardwareAddr) (had []Entry, err error) {
	_, err = update(path, func(entries map[string]Entry) {
		for _, mac := range macs {
			if e, ok := entries[string(mac)]; ok {
				had = append(had, e)
				delete(entries, string(mac))
			}
		}
	})
	return had, err
}

// Read are the entries of a file, by MAC; none if there is no file.
func Read(path string) ([]Entry, error) {
	entries, _, err := read(path)
	return sorted(entries), err
}

func sorted(entries map[string]Entry) []Entry {
	list := make([]Entry, 0, len(entries))
	for _, mac := range slices.Sorted(maps.Keys(entries)) {
		list = append(list, entries[mac])
	}
	return list
}

// update changes the file under its lock, whole or not at all.
func update(path string, change func(map[string]Entry)) (map[string]Entry, error) {
	path, err := plainfile.Target(path) // a link stays
	if err != nil {
		return nil, err
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	entries, _, err := read(path)
	if err != nil {
		return nil, err
	}
	change(entries)
	return entries, maybe.WriteFile(path, format(entries), 0o644)
}

// header is the first line of a file.
const header = "pxe once 1\n"

func format(entries map[string]Entry) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for _, e := range sorted(entries) {
		fmt.Fprintf(&b, "%s %s %d\n", e.MAC, e.State, e.Since.Unix())
	}
	return b.Bytes()
}

// most is more than the file of a hundred thousand machines has, in bytes.
const most = 16 << 20

func read(path string) (map[string]Entry, fs.FileInfo, error) {
	f, err := plainfile.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return make(map[string]Entry), nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	entries, err := parse(io.LimitReader(f, most))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, info, nil
}

func parse(r io.Reader) (map[string]Entry, error) {
	entries := make(map[string]Entry)
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if n == 1 {
			if lines.Text()+"\n" != header {
				return nil, ErrFormat
			}
			continue
		}
		e, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		entries[string(e.MAC)] = e
	}
	return entries, lines.Err()
}

func parseLine(line string) (Entry, error) {
	fields := strings.Split(line, " ")
	if len(fields) != 3 {
		return Entry{}, fmt.Errorf("%q is not MAC, state and time", line)
	}
	mac, err := net.ParseMAC(fields[0])
	if err != nil {
		return Entry{}, fmt.Errorf("%q is not a MAC", fields[0])
	}
	state := slices.Index(stateNames[:], fields[1])
	if state < 0 {
		return Entry{}, fmt.Errorf("%q is not a state", fields[1])
	}
	since, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil {
		return Entry{}, fmt.Errorf("%q is not a time", fields[2])
	}
	return Entry{mac, State(state), time.Unix(since, 0)}, nil
}
