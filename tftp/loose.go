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

	"golang.org/x/sync/singleflight"
)

// Bounds of the search for one name, and of what is remembered.
const (
	maxLooseEntries = 10_000 // of a directory; one with more is not searched
	maxLooseTries   = 64     // names that are looked at for one request
	maxLooseDirs    = 64     // that are remembered
	maxLooseReaders = 4      // that read directories at the same time
	// looseSettled is how long a directory must have been as it is for its time
	// to tell of every later change: clocks of file systems tick slowly.
	looseSettled = 2 * time.Second
)

// LooseNames is s for clients that do not care about case, as those of Windows:
// a name that s does not have is looked for in tree, the files of s, whatever the
// case of its letters. Of several names that fit the one as asked comes first,
// then the others in the order of their bytes. (Backslashes are slashes already
// for CleanName.)
//
// A directory with more than 10,000 entries is not searched. The first time one is
// met, tooLarge is told, from the goroutine of a request; nil: nobody is.
func LooseNames(tree fs.FS, s Source, tooLarge func(dir string)) Source {
	return &looseNames{
		tree: tree, source: s, now: time.Now, tooLarge: tooLarge,
		readers: make(chan struct{}, maxLooseReaders),
		dirs:    make(map[string]looseDir), told: make(map[string]bool),
	}
}

type looseNames struct {
	tree     fs.FS
	source   Source
	now      func() time.Time
	tooLarge func(dir string)

	// Anybody can ask for names that are not there, as often as he likes: whoever
	// wants a directory that is being read waits for that, and few are read at once.
	reads   singleflight.Group
	readers chan struct{}

	mu   sync.Mutex // guards the fields below
	dirs map[string]looseDir
	told map[string]bool // of which directories tooLarge was
}

// looseDir is what was in a directory when it was last changed at modTime.
type looseDir struct {
	modTime  time.Time
	names    []string // sorted
	tooLarge bool     // then without names
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

// list is what is in dir; nil for what is no directory, or too large.
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
	if known, ok := l.known(dir, info.ModTime()); ok {
		return known.names
	}
	names, _, _ := l.reads.Do(dir, func() (any, error) {
		l.readers <- struct{}{}
		defer func() { <-l.readers }()
		return l.read(d, dir, info.ModTime()), nil
	})
	return names.([]string)
}

// known is what is remembered of dir, if it was last changed then.
func (l *looseNames) known(dir string, modTime time.Time) (looseDir, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.dirs[dir]
	return known, ok && known.modTime.Equal(modTime)
}

// read reads dir, which was last changed at modTime.
func (l *looseNames) read(d fs.ReadDirFile, dir string, modTime time.Time) []string {
	entries, err := d.ReadDir(maxLooseEntries + 1)
	switch {
	case err != nil:
		return nil
	case len(entries) > maxLooseEntries:
		// Also when it has just changed: to read it again costs more than a later
		// change that does not show is worth.
		l.remember(dir, looseDir{modTime: modTime, tooLarge: true})
		return nil
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	slices.Sort(names)
	if l.now().Sub(modTime) > looseSettled {
		l.remember(dir, looseDir{modTime: modTime, names: names})
	}
	return names
}

func (l *looseNames) remember(dir string, d looseDir) {
	l.mu.Lock()
	if len(l.dirs) >= maxLooseDirs {
		clear(l.dirs)
	}
	l.dirs[dir] = d
	tell := d.tooLarge && l.tooLarge != nil && !l.told[dir] && len(l.told) < maxLooseDirs
	if tell {
		l.told[dir] = true
	}
	l.mu.Unlock()
	if tell {
		l.tooLarge(dir)
	}
}
