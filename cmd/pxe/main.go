// Command pxe is a toolkit of composable network-boot utilities.
package main

import (
	"os"

	"pxe/cmd"
)

func main() {
	os.Exit(cmd.Main(os.Args[1:], cmd.StdStreams()))
}
