package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"pxe/boot"
	"pxe/demo"
	"pxe/dhcp"
	"pxe/tftp"
)

// openTree opens the tree to boot from, or the built-in one.
func openTree(path string) (*bootTree, error) {
	if path == "" {
		files := demo.FS()
		return &bootTree{title: "built in", files: files, tftp: tftp.FS(files), close: func() error { return nil }}, nil
	}
	return openFiles(path)
}

// bootfile is the name to hand out to machines of an architecture: the one that
// serve-dhcp hands out, good or bad, so that what is tried is what will be
// served; and only where that is not in the tree the first program that suits.
// The note then tells what to say to serve-dhcp.
func (t *bootTree) bootfile(arch boot.Arch) (name, note string, err error) {
	usual := dhcp.DefaultFiles()[arch]
	if _, err := fs.Stat(t.files, usual); !errors.Is(err, fs.ErrNotExist) {
		return usual, "", nil
	}
	name, err = findBootfile(t.files, arch)
	if err == nil && t.title != "built in" {
		note = fmt.Sprintf("the tree has no %s, which serve-dhcp hands out by default: use it with --bootfile-for %s=%s", usual, arch, name)
	}
	return name, note, err
}

// checkIPXE tells why iPXE would get nothing by what --ipxe says, which is a URL,
// or the name of a file over TFTP. What iPXE would put into it is not known.
func (t *bootTree) checkIPXE(asked string) error {
	if strings.Contains(asked, "${") {
		return nil
	}
	no := func(format string, args ...any) error {
		err := &noError{fmt.Errorf("--ipxe %s: %s", asked, fmt.Sprintf(format, args...))}
		return withHint(err, "name a file of the tree, or its URL: http://%s/boot.ipxe", tryServer.Addr())
	}
	name := asked
	if strings.Contains(asked, "://") {
		ports := map[string]string{"http": "80", "tftp": "69"}
		u, err := url.Parse(asked)
		switch {
		case err != nil:
			return no("not a URL")
		case ports[u.Scheme] == "":
			return no("nobody serves %s here, only http and tftp", u.Scheme)
		case u.Hostname() != tryServer.Addr().String():
			return no("nobody has the address %s here, only %s", u.Hostname(), tryServer.Addr())
		case u.Port() != "" && u.Port() != ports[u.Scheme]:
			return no("nobody listens on port %s here", u.Port())
		}
		name = u.Path
	}
	name, _, err := tftp.CleanName(name)
	if err != nil {
		return no("names no file")
	}
	if info, err := fs.Stat(t.files, name); err != nil || info.IsDir() {
		return no("the tree has no file %s", name)
	}
	return nil
}
