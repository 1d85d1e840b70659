package cmd

import (
	"os"
	"time"
)

// readFiles are files as they were when they were read; nil is one that could
// not be.
type readFiles map[string]os.FileInfo

// fileWatch sees that files have changed by looking at them from time to time.
// That works for every file system, and for editors that put a new file in the
// place of the old one.
type fileWatch struct {
	last readFiles // as they were when they were last looked at
}

// changed reports whether a file is another than when it was read, and was so
// the last time too: whoever writes it may have been at it then.
func (w *fileWatch) changed(read readFiles) bool {
	now := make(readFiles, len(read))
	differs, settled := false, true
	for name := range read {
		now[name] = stat(name)
		differs = differs || !sameFile(now[name], read[name])
		settled = settled && sameFile(now[name], w.last[name])
	}
	w.last = now
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
