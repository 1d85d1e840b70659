package demo

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// The files of the tree.
const (
	BIOSFile   = "pxe-demo.0"   // boot program for a BIOS PXE ROM
	EFIFile    = "pxe-demo.efi" // boot program for x64 UEFI, by PXE or HTTP Boot
	ReadmeFile = "README.txt"
)

const readme = `This is the tree that pxe carries with it. It holds two boot programs, each of
which prints one line on the screen and on the serial console and then waits:

  ` + BIOSFile + `    for a BIOS PXE ROM
  ` + EFIFile + `  for x64 UEFI, by PXE or by HTTP Boot

A machine that prints the line got its address, found the file name in the
answer, fetched the file and ran it. What is left is a tree of your own.

The programs are not signed: firmware with Secure Boot switched on refuses them.
`

// FS is the tree: a flat directory, always the same bytes. Its files can be
// read at any offset (io.ReaderAt, io.Seeker) and have no modification time.
func FS() fs.FS {
	return tree{
		BIOSFile:   biosProgram(),
		EFIFile:    efiProgram(),
		ReadmeFile: []byte(readme),
	}
}

// tree is a directory of files by name. It is never written after it is made,
// so it is safe for concurrent use.
type tree map[string][]byte

func (t tree) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if name == "." {
		return &openDir{entries: t.entries()}, nil
	}
	data, ok := t[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return openFile{bytes.NewReader(data), info{name, int64(len(data)), 0o444}}, nil
}

func (t tree) entries() []fs.DirEntry {
	entries := make([]fs.DirEntry, 0, len(t))
	for _, name := range slices.Sorted(maps.Keys(t)) {
		entries = append(entries, fs.FileInfoToDirEntry(info{name, int64(len(t[name])), 0o444}))
	}
	return entries
}

type openFile struct {
	*bytes.Reader
	info info
}

func (f openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f openFile) Close() error               { return nil }

// openDir is the directory itself; entries are those not yet read.
type openDir struct{ entries []fs.DirEntry }

func (d *openDir) Stat() (fs.FileInfo, error) { return info{".", 0, fs.ModeDir | 0o555}, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: ".", Err: fs.ErrInvalid}
}

func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.entries)
	} else if len(d.entries) == 0 {
		return nil, io.EOF
	}
	read := d.entries[:min(n, len(d.entries))]
	d.entries = d.entries[len(read):]
	return read, nil
}

type info struct {
	name string
	size int64
	mode fs.FileMode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }
