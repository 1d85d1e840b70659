package tftp

import (
	"os"

	"golang.org/x/sys/unix"
)

// isRemote reports whether f comes from another machine or another process, which may
// keep its readers waiting for as long as it likes.
func isRemote(f *os.File) bool {
	var info unix.Statfs_t
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) { err = unix.Fstatfs(int(fd), &info) })
	return err == nil && isRemoteType(uint32(info.Type))
}

// isRemoteType knows the types of statfs(2).
func isRemoteType(t uint32) bool {
	switch t {
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC,
		unix.FUSE_SUPER_MAGIC, unix.V9FS_MAGIC, unix.CEPH_SUPER_MAGIC, unix.AFS_SUPER_MAGIC,
		unix.AFS_FS_MAGIC, unix.CODA_SUPER_MAGIC:
		return true
	}
	return false
}
