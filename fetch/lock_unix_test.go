//go:build unix

package fetch

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"
)

func TestOneFetchAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	var second error
	o := &origin{data: []byte("0123456789"), etag: `"1"`}
	c := newServer(t, o.ServeHTTP)
	o.instead = func(w http.ResponseWriter, r *http.Request) bool {
		_, second = c.ToFile(t.Context(), Request{URL: fileURL}, path) // while the first one runs
		return false
	}
	if _, err := c.ToFile(t.Context(), Request{URL: fileURL}, path); err != nil {
		t.Errorf("the first fetch: %v", err)
	}
	if !errors.Is(second, ErrBusy) {
		t.Errorf("the second fetch: %v, want %v", second, ErrBusy)
	}
	wantFiles(t, dir, map[string]string{"f": "0123456789"})
}

// Whoever waited for the lock of a part may find that it has become the file.
func TestPartThatWasFinishedIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f.part")
	first, err := openPart(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.begin(answer{}); err != nil {
		t.Fatal(err)
	}
	first.f.WriteString("whole")
	if err := first.commit(filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	if there, err := lockedAt(first.f, name); there || err != nil {
		t.Errorf("lockedAt = %v, %v, want the file to be gone", there, err)
	}
	first.close()
	wantFiles(t, dir, map[string]string{"f": "whole"})
}
