package cmd

import (
	"maps"
	"os"
	"time"
)

// fileWatch sees that files have changed by looking at them from time to time.
// That works for every file system, and for editors that put a new file in the
// place of the old one.
type fileWatch struct {
	known  map[string]os.FileInfo // when they were read; nil: not there
	before map[string]os.FileInfo // when they were last looked at
}

// read notes the files as they are now: what comes is a change to that.
func (w *fileWatch) read() {
	for name := range w.known {
		w.known[name] = stat(name)
	}
	w.before = maps.Clone(w.known)
}

// follow looks at these files from now on. Of those that it knows already it
// keeps how they were when they were read.
func (w *fileWatch) follow(files []string) {
	known := make(map[string]os.FileInfo)
	for _, name := range files {
		info, knew := w.known[name]
		if !knew {
			info = stat(name)
		}
		known[name] = info
	}
	w.known, w.before = known, maps.Clone(known)
}

// changed reports whether a file is another than when it was read, and was so
// the last time too: whoever writes it may have been at it then.
func (w *fileWatch) changed() bool {
	now := make(map[string]os.FileInfo, len(w.known))
	differs, settled := false, true
	for name := range w.known {
		now[name] = stat(name)
		differs = differs || !sameFile(now[name], w.known[name])
		settled = settled && sameFile(now[name], w.before[name])
	}
	w.before = now
	return differs && settled
}

// stat is nil for a file that is not there.
func stat(name string) os.FileInfo {
	info, err := os.Stat(name)
	if err != nil {
		return nil
	}
	return info
}

func sameFile(a, b os.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// watchEvery is how often files are looked at.
const watchEvery = 2 * time.Second
