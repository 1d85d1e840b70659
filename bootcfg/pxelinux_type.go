package bootcfg

import "strings"

// typeByKeyword reads the directives that name an image (readconfig.c,
// kernel_types). LOCALBOOT is not among them: it names no file.
func typeByKeyword(word string) (Type, bool) {
	switch word {
	case "kernel", "linux":
		return TypeLinux, true
	case "com32":
		return TypeModule, true
	case "pxe":
		return TypeNBP, true
	case "boot", "bss", "fdimage":
		return TypeSector, true
	case "config":
		return TypeConfig, true
	}
	return 0, false
}

// typeByName tells the type of what KERNEL or a command line names, by its
// ending (ldlinux.c, file_extensions).
func typeByName(name string) Type {
	for _, ext := range []struct {
		ending string
		kind   Type
	}{
		{".c32", TypeModule},
		{".img", TypeSector},
		{".bss", TypeSector},
		{".bin", TypeSector},
		{".bs", TypeSector},
		{".0", TypeNBP},
	} {
		if strings.HasSuffix(name, ext.ending) {
			return ext.kind
		}
	}
	return TypeLinux
}
