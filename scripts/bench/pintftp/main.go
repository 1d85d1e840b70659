// Command pintftp is a contestant of scripts/bench: the smallest TFTP server
// that github.com/pin/tftp makes, reading files from the folder that is its only
// argument.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pin/tftp/v3"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pintftp:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: pintftp FOLDER")
	}
	root, err := os.OpenRoot(args[0])
	if err != nil {
		return err
	}
	read := func(name string, to io.ReaderFrom) error {
		f, err := root.Open(strings.TrimLeft(name, "/"))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = to.ReadFrom(f)
		return err
	}
	return tftp.NewServer(read, nil).ListenAndServe(":69")
}
