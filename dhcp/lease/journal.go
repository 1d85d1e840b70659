package lease

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// journal is the durable half of a store: an append-only file. It is either
// sound, or failed by a write that did not get through; a failed journal takes
// nothing more until it has been rewritten, because what is in the file behind
// the failure, and what the kernel still means to write, cannot be known.
type journal struct {
	path string
	disk Disk
	file File

	pending []byte // records not yet written
	waiting int    // how many
	records int    // in the file
	failed  error
}

// append notes a record for the next sync. A failed journal needs no records:
// the rewrite that mends it takes every lease from the pools.
func (j *journal) append(l Lease) {
	if j.failed == nil {
		j.pending = appendRecord(j.pending, l)
		j.waiting++
	}
}

// sync writes the pending records and waits until they are on the disk. On an
// error the journal has failed and the records are forgotten: a rewrite from
// the pools brings them back.
func (j *journal) sync() error {
	if j.failed != nil {
		return j.failed
	}
	if j.waiting == 0 {
		return nil
	}
	_, err := j.file.Write(j.pending)
	if err == nil {
		err = j.file.Sync()
	}
	j.records += j.waiting
	j.pending, j.waiting = j.pending[:0], 0
	if err != nil {
		j.failed = fmt.Errorf("write leases: %w", err)
	}
	return j.failed
}

// rewrite replaces the file by one that holds just the given leases, and mends
// a failed journal by that. The old file stays in place, and in use, when the
// new one cannot be written.
func (j *journal) rewrite(leases []Lease) error {
	tmp := j.path + ".new"
	f, err := j.disk.Create(tmp)
	if err != nil {
		return fmt.Errorf("rewrite leases: %w", err)
	}
	err = writeAll(f, leases)
	if err == nil {
		err = j.disk.Rename(tmp, j.path)
	}
	if err != nil {
		f.Close()
		j.disk.Remove(tmp)
		return fmt.Errorf("rewrite leases: %w", err)
	}
	if j.file != nil {
		j.file.Close()
	}
	j.file, j.records = f, len(leases)
	j.pending, j.waiting = j.pending[:0], 0
	// Until the directory is on the disk a crash may bring the old file back.
	j.failed = nil
	if err := j.disk.SyncDir(filepath.Dir(j.path)); err != nil {
		j.failed = fmt.Errorf("rewrite leases: %w", err)
	}
	return j.failed
}

// writeAll writes a whole journal and waits until it is on the disk.
func writeAll(f File, leases []Lease) error {
	w := bufio.NewWriter(f)
	w.WriteString(header)
	var line []byte
	for _, l := range leases {
		line = appendRecord(line[:0], l)
		w.Write(line)
	}
	if err := w.Flush(); err != nil { // it keeps the first error of all writes
		return err
	}
	return f.Sync()
}

// contents is what was found in a journal.
type contents struct {
	records int
	damaged int  // lines that were passed over
	torn    bool // the last line was cut off, as a crash leaves it
}

// ErrFormat is a file that is no lease file; it is left as it is.
var ErrFormat = errors.New("not a lease file of pxe")

// load reads a journal and calls apply for each record in turn. A file that is
// not there, or empty, holds none.
func load(disk Disk, path string, apply func(Lease)) (contents, error) {
	f, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return contents{}, nil
	}
	if err != nil {
		return contents{}, err
	}
	defer f.Close()
	found, err := read(f, apply)
	if err != nil {
		return contents{}, fmt.Errorf("%s: %w", path, err)
	}
	return found, nil
}

// maxLine is more than any record needs: a key and a name of 255 bytes, quoted.
const maxLine = 8 << 10

func read(r io.Reader, apply func(Lease)) (contents, error) {
	var found contents
	lines := bufio.NewReaderSize(r, maxLine)
	first, err := lines.ReadSlice('\n')
	if err == io.EOF && len(first) == 0 {
		return found, nil
	}
	if string(first) != header {
		return found, ErrFormat
	}
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return found, nil
		case err == bufio.ErrBufferFull:
			found.damaged++
			if err := skipLine(lines); err != nil && err != io.EOF {
				return found, err
			}
			continue
		case err != nil && err != io.EOF:
			return found, err
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		l, bad := parseRecord(text)
		switch {
		case bad == nil:
			found.records++
			apply(l)
		case err == nil:
			found.damaged++
		}
		found.torn = err == io.EOF
	}
}

// skipLine passes over the rest of a line.
func skipLine(r *bufio.Reader) error {
	for {
		_, err := r.ReadSlice('\n')
		if err != bufio.ErrBufferFull {
			return err
		}
	}
}
