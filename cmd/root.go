// Package cmd is the command line of pxe: the only code that knows cobra, the
// terminal, signals and exit codes. Each subcommand is one file: an options
// struct, a constructor and a run function.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The help groups.
const (
	groupServe    = "serve"
	groupGenerate = "generate"
	groupDebug    = "debug"
)

// Main runs the program with its arguments (without the program's name) and
// returns the exit code. SIGINT and SIGTERM end the command in order; a second
// one kills the process.
func Main(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	out := &resultWriter{w: s.Out}
	s.Out = out
	root := newRootCmd(s)
	root.SetArgs(args)
	ran, err := root.ExecuteContextC(ctx)
	if err = out.lost(err); err != nil {
		var usage *usageError
		if errors.As(err, &usage) && hintOf(err) == "" {
			err = withHint(err, "see `%s --help`", ran.CommandPath())
		}
		printError(s, err, wantsJSON(ran, args))
	}
	return codeFor(err)
}

// wantsJSON tells whether the command was asked for JSON. Its arguments are read
// once more for that: after a mistake the flags are parsed up to there alone.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	if cmd.Flags().Lookup("json") != nil { // where --output is a file
		return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
	}
	if f := cmd.Flags().Lookup("output"); f != nil && f.Value.String() == string(formatJSON) {
		return true
	}
	for i, arg := range args {
		switch arg {
		case "-o", "--output":
			if i+1 < len(args) && args[i+1] == string(formatJSON) {
				return true
			}
		case "-ojson", "-o=json", "--output=json":
			return true
		}
	}
	return false
}

func newRootCmd(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "pxe",
		Short: "Network boot, one link at a time",
		Long: `pxe is a toolkit for network boot: each link of the chain (DHCP, TFTP, HTTP,
boot loader configuration, the client itself) is a command that can be run,
generated or debugged alone.`,
		Example: `  pxe try                             see a machine boot, without touching a network
  pxe probe-client --interface eth0   why does this machine not boot?
  pxe serve-tftp /srv/tftp            serve one link of the chain`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{plainFlagError(err)} })
	root.AddGroup(
		&cobra.Group{ID: groupServe, Title: "Serve:"},
		&cobra.Group{ID: groupGenerate, Title: "Generate:"},
		&cobra.Group{ID: groupDebug, Title: "Debug:"},
	)
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			c.DisableFlagsInUseLine = true
			namePlaceholders(c)
			root.AddCommand(c)
		}
	}
	add(groupServe, newServeDHCPCmd(s), newServeTFTPCmd(s), newServeHTTPCmd(s), newLeasesCmd(s), newArmCmd(s))
	add(groupGenerate, newGenPXELINUXCmd(s), newGenManCmd(s))
	add(groupDebug, newTryCmd(s), newProbeClientCmd(s), newFetchCmd(s))
	root.AddCommand(&cobra.Command{Use: "quirks", Short: "What serve-dhcp does for certain firmware", Long: quirksHelp()})
	root.AddCommand(&cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodesHelp})
	refuseUnknownTopics(root)
	return root
}

// refuseUnknownTopics makes cobra's own commands, which answer whatever they do
// not know with a help text, refuse it as the others do.
func refuseUnknownTopics(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, topic []string) error {
				at, rest, err := root.Find(topic)
				if err != nil {
					return err
				}
				return unknownCommand(at, rest)
			}
		case "completion":
			cmd.Args = unknownCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}

// unknownCommand refuses a word that is no command, and names the nearest.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := usagef("unknown command %q", args[0])
	if near := nearCommands(cmd, args[0]); near != "" {
		return withHint(err, "%s", near)
	}
	return err
}

// nearCommands asks whether one of the commands that are called like that was meant;
// "" if none is.
func nearCommands(cmd *cobra.Command, word string) string {
	cmd.SuggestionsMinimumDistance = 2
	near := cmd.SuggestionsFor(word)
	if len(near) == 0 {
		return ""
	}
	path := cmd.CommandPath()
	return fmt.Sprintf("did you mean `%s %s`?", path, strings.Join(near, "` or `"+path+" "))
}
