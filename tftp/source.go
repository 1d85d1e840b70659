package tftp

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"strings"
)

// File is what a transfer reads. It must hold the same Size bytes as long as it
// is open: when it no longer does, ReadAt returns an error, ErrChanged for
// example, and the client gets an ERROR and no end of the file.
//
// One goroutine reads the files of many transfers, which wait for each other. A
// File whose ReadAt may take long, because it comes over a network for example,
// should say so by MayWait: see WaitingFile.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64 // bytes
}

// WaitingFile is a File that may be slow. Those of Dir and Disk on a network file
// system say so.
type WaitingFile interface {
	File
	MayWait() bool // the transfer shall have a goroutine of its own
}

// MayWait reports whether f says that it may be slow.
func MayWait(f File) bool {
	w, ok := f.(WaitingFile)
	return ok && w.MayWait()
}

// Source finds the file for a name. The name is clean: relative, separated by
// single slashes, without "." and "..", as CleanName returns it. Errors become
// ERROR packets: an *Error goes out as it is, fs.ErrNotExist as code 1,
// fs.ErrPermission as code 2, any other as code 0 without its text. Open is
// called from several goroutines.
type Source interface {
	Open(name string, client netip.AddrPort) (File, error)
}

// SourceFunc is a function as a Source, for files made on demand.
type SourceFunc func(name string, client netip.AddrPort) (File, error)

// Open calls f.
func (f SourceFunc) Open(name string, client netip.AddrPort) (File, error) { return f(name, client) }

// Chain asks sources in turn, until one has the file. Any error other than
// fs.ErrNotExist ends the search.
func Chain(sources ...Source) Source {
	return SourceFunc(func(name string, client netip.AddrPort) (File, error) {
		for _, s := range sources {
			f, err := s.Open(name, client)
			if !errors.Is(err, fs.ErrNotExist) {
				return f, err
			}
		}
		return nil, fs.ErrNotExist
	})
}

// StripPrefix takes a leading directory off the names that have it, and leaves
// others as they are: with prefix "/tftpboot" both "tftpboot/pxelinux.0" and
// "pxelinux.0" are asked of s as "pxelinux.0".
func StripPrefix(prefix string, s Source) Source {
	prefix = strings.Trim(prefix, "/") + "/"
	return SourceFunc(func(name string, client netip.AddrPort) (File, error) {
		return s.Open(strings.TrimPrefix(name, prefix), client)
	})
}

// Bytes is a File in memory.
func Bytes(b []byte) File { return memoryFile{bytes.NewReader(b)} }

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }
