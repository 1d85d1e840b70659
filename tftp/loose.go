package tftp

import (
	"errors"
	"io/fs"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bounds of the search for one name, and of what is remembered.
const (
	maxLooseEntries = 10_000 // of a directory; one with more is not searched
	maxLooseTries   = 64     // names that are looked at for one request
	maxLooseDirs    = 64     // that are remembered
	// looseSettled is how long a directory must have been as it is for its time
	// to tell of every later change: clocks of file systems tick slowly.
	looseSettled = 2 * time.Second
)

// LooseNames is s for clients that do not care about case, as those of Windows:
// a name that s does not have is looked for in tree, the files of s, whatever the
// case of its letters. Of several names that fit the one as asked comes first,
// then the others in the order of their bytes. (Backslashes are slashes already
// for CleanName.)
func LooseNames(tree fs.FS, s Source) Source {
	return &looseNames{tree: tree, source: s, now: time.Now, dirs: make(map[string]looseDir)}
}

type looseNames struct {
	tree   fs.FS
	source Source
	now    func() time.Time

	mu   sync.Mutex
	dirs map[string]looseDir
}

// looseDir is what was in a directory when it was last changed at modTime.
type looseDir struct {
	modTime time.Time
	names   []string // sorted
}

func (l *looseNames) Open(name string, client netip.AddrPort) (File, error) {
	f, err := l.source.Open(name, client)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	tries := maxLooseTries
	if found, ok := l.find(".", strings.Split(name, "/"), &tries); ok {
		return l.source.Open(found, client)
	}
	return nil, err
}

// find looks for the file parts below dir, one directory after the other.
func (l *looseNames) find(dir string, parts []string, tries *int) (string, bool) {
	for _, name := range l.candidates(dir, parts[0]) {
		if *tries--; *tries < 0 {
			return "", false
		}
		at := path.Join(dir, name)
		if len(parts) == 1 {
			if info, err := fs.Stat(l.tree, at); err == nil && !info.IsDir() {
				return at, true
			}
			continue
		}
		if found, ok := l.find(at, parts[1:], tries); ok {
			return found, true
		}
	}
	return "", false
}

// candidates are the names in dir that differ from want in case alone, in the
// order in which they are tried.
func (l *looseNames) candidates(dir, want string) []string {
	var found []string
	for _, name := range l.list(dir) {
		switch {
		case name == want:
			found = slices.Insert(found, 0, name)
		case strings.EqualFold(name, want):
			found = append(found, name)
		}
	}
	return found
}

// list is what is in dir; nil for what is no directory.
func (l *looseNames) list(dir string) []string {
	f, err := l.tree.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	info, err := f.Stat()
	d, ok := f.(fs.ReadDirFile)
	if err != nil || !ok || !info.IsDir() {
		return nil
	}
	l.mu.Lock()
	known, ok := l.dirs[dir]
	l.mu.Unlock()
	if ok && known.modTime.Equal(info.ModTime()) {
		return known.names
	}
	entries, err := d.ReadDir(maxLooseEntries + 1)
	if err != nil || len(entries) > maxLooseEntries {
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.Sort(names)
	if l.now().Sub(info.ModTime()) > looseSettled {
		l.remember(dir, looseDir{info.ModTime(), names})
	}
	return names
}

func (l *looseNames) remember(dir string, d looseDir) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.dirs) >= maxLooseDirs {
		clear(l.dirs)
	}
	l.dirs[dir] = d
}
