package cmd

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
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
	if err := writeManPages(root, dir); err != nil {
		return fmt.Errorf("write man pages to %s: %w", dir, err)
	}
	fmt.Fprintf(s.Err, "man pages written to %s\n", dir)
	return nil
}

// writeManPages writes the page of a command and those of the ones below it.
func writeManPages(cmd *cobra.Command, dir string) error {
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writeManPages(c, dir); err != nil {
			return err
		}
	}
	page, err := manPage(cmd)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manName(cmd)+".1"), page, 0o644)
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is cobra's page of a command, with its options as manuals write them
// and the exit codes.
func manPage(cmd *cobra.Command) ([]byte, error) {
	var page bytes.Buffer
	header := doc.GenManHeader{
		Title: strings.ToUpper(manName(cmd)), Section: "1", Source: "pxe " + version(), Manual: "pxe manual",
	}
	if err := doc.GenMan(cmd, &header, &page); err != nil {
		return nil, err
	}
	text := manOption.ReplaceAllStringFunc(page.String(), func(option string) string {
		m := manOption.FindStringSubmatch(option)
		return m[1] + manValue(cmd.Flags().Lookup(m[2])) + m[3] + manDefault(cmd.Flags().Lookup(m[2]))
	})
	status := ".SH EXIT STATUS\n.EX\n" + exitCodesHelp + "\n.EE\n\n\n"
	at := len(text)
	for _, next := range []string{".SH EXAMPLE", ".SH SEE ALSO"} {
		if i := strings.Index(text, next); i >= 0 {
			at = min(at, i)
		}
	}
	return []byte(text[:at] + status + text[at:]), nil
}

// manOption finds an option in one of cobra's pages: the flag, its name, and the
// line of its usage. Between them is the default, which cobra writes as if it
// were the value, also that of a switch.
var manOption = regexp.MustCompile(`(?m)^((?:\\fB-\w\\fP, )?\\fB--([a-z0-9-]+)\\fP).*(\n\t.*)$`)

// manValue is what may follow a flag.
func manValue(f *pflag.Flag) string {
	word := `\fI` + f.Value.Type() + `\fP`
	switch {
	case f.Value.Type() == "bool":
		return ""
	case f.NoOptDefVal != "":
		return "[=" + word + "]"
	}
	return "=" + word
}

func manDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false":
		return ""
	}
	return " (default " + f.DefValue + ")"
}
