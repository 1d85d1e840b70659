package fetch

import (
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
)

// part is the file that holds a fetch until it is whole. It is locked while it
// is open, so that no two fetches write one file.
type part struct {
	f         *os.File
	begun     bool // its old content is gone, or is being added to
	resumable bool // a validator is kept beside it
	done      bool // it has become the destination
}

// openPart opens or creates the part called name and locks it.
func openPart(name string) (*part, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		there, err := lockedAt(f, name)
		if err != nil {
			f.Close()
			return nil, err
		}
		if there {
			return &part{f: f}, nil
		}
		f.Close() // it was finished, or removed, by another fetch: once more
	}
}

// lockedAt locks f and reports whether name is still that file.
func lockedAt(f *os.File, name string) (bool, error) {
	if err := lock(f); err != nil {
		return false, err
	}
	mine, err := f.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Lstat(name)
	if os.IsNotExist(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !there.Mode().IsRegular() {
		return false, fmt.Errorf("%s is not a regular file", name)
	}
	return os.SameFile(mine, there), nil
}

func (p *part) validatorName() string { return p.f.Name() + ".json" }

// kept is what an earlier fetch of url left here; its bytes go into h. What
// cannot be known again is nothing.
func (p *part) kept(url string, h hash.Hash) (kept, error) {
	text, err := os.ReadFile(p.validatorName())
	if err != nil {
		return kept{}, nil
	}
	var v validator
	if json.Unmarshal(text, &v) != nil || v.URL != url || v.ifRange() == "" {
		return kept{}, nil
	}
	n, err := io.Copy(h, p.f)
	if err != nil || n == 0 || n >= v.Total {
		return kept{}, err
	}
	p.resumable = true
	return kept{n, v}, nil
}

// begin makes the part ready for what a server is about to send.
func (p *part) begin(a answer) (io.Writer, error) {
	p.begun = true
	if _, err := p.f.Seek(a.offset, io.SeekStart); err != nil {
		return nil, err
	}
	if a.offset > 0 {
		return p.f, nil
	}
	// In this order no validator ever stands beside bytes that it does not
	// describe.
	p.resumable = a.validator.ifRange() != ""
	if err := p.f.Truncate(0); err != nil {
		return nil, err
	}
	if !p.resumable {
		os.Remove(p.validatorName())
		return p.f, nil
	}
	text, err := json.MarshalIndent(a.validator, "", "  ")
	if err != nil {
		return nil, err
	}
	return p.f, os.WriteFile(p.validatorName(), append(text, '\n'), 0o666)
}

// commit makes the part the file called name. The lock is held until the
// rename is done.
func (p *part) commit(name string) error {
	if err := p.f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(p.f.Name(), name); err != nil {
		return err
	}
	p.done = true
	os.Remove(p.validatorName())
	return nil
}

// close leaves the part behind when a later fetch can go on from it, and
// removes it otherwise. One that was not begun stays as it was found.
func (p *part) close() {
	if !p.done && !p.worthKeeping() {
		os.Remove(p.f.Name())
		os.Remove(p.validatorName())
	}
	p.f.Close()
}

func (p *part) worthKeeping() bool {
	info, err := p.f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	return p.resumable || !p.begun
}
