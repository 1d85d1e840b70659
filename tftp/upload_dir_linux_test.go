package tftp

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	realLab "pxe/scripts/lab"
)

// A full disk is error 3 and leaves nothing, one that is read-only error 2.
func TestUploadDirDisk(t *testing.T) {
	realLab.NeedRoot(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	err = put(t, UploadDir{Root: root}, "large", string(make([]byte, 128<<10)), -1)
	var fault *Error
	if !errors.As(err, &fault) || fault.Code != CodeDiskFull || !errors.Is(err, unix.ENOSPC) {
		t.Errorf("error %v, want code 3", err)
	}
	if left := all(t, dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if err := put(t, UploadDir{Root: root}, "small", "small", -1); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := (UploadDir{Root: root}).Try(); err != nil {
		t.Error(err)
	}
	if left := all(t, dir); len(left) != 1 {
		t.Errorf("left %q", left)
	}

	// Nothing can be written any more: error 2.
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	err = put(t, UploadDir{Root: root}, "other", "", -1)
	if got := faultFor(err, "other"); got.Code != CodeAccess || !errors.Is(err, unix.EROFS) {
		t.Errorf("on a read-only file system: %v, %v", err, got)
	}
	if err := (UploadDir{Root: root}).Try(); !errors.Is(err, unix.EROFS) {
		t.Errorf("on a read-only file system: %v", err)
	}
}
