package lease

import (
	"os"

	"golang.org/x/sys/unix"
)

func fdatasync(f *os.File) error { return os.NewSyscallError("fdatasync", unix.Fdatasync(int(f.Fd()))) }
