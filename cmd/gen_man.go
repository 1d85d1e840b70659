package cmd

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newGenManCmd(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:     "gen-man DIR",
		Short:   "Write the man pages",
		Long:    `Write one man page a command (section 1) into DIR, made from the help texts.`,
		Example: `  pxe gen-man /usr/local/share/man/man1`,
		Args:    exactArgs("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGenMan(s, cmd.Root(), args[0])
		},
	}
}

func runGenMan(s Streams, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root.DisableAutoGenTag = true
	if err := doc.GenManTree(root, &doc.GenManHeader{Title: "PXE", Section: "1", Source: "pxe"}, dir); err != nil {
		return fmt.Errorf("write man pages to %s: %w", dir, err)
	}
	fmt.Fprintf(s.Err, "man pages written to %s\n", dir)
	return nil
}
