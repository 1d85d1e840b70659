package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// format is how a command prints its result.
type format string

// The formats.
const (
	formatText format = "text"
	formatJSON format = "json"
)

// common holds the flags that most commands have.
type common struct {
	format  format
	verbose bool
}

// addTo registers the flags on a command.
func (c *common) addTo(cmd *cobra.Command) {
	c.format = formatText
	enumFlag(cmd, &c.format, "output", "o", "print results as `FORMAT`", formatText, formatJSON)
	c.addVerbose(cmd)
}

func (c *common) addVerbose(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&c.verbose, "verbose", "v", false, "say more, packets that were ignored and why among it")
}

// json reports whether results are to be printed as JSON.
func (c *common) json() bool { return c.format == formatJSON }

// value is a flag of any type that a function can read.
type value[T any] struct {
	p     *T
	typ   string
	parse func(string) (T, error)
	text  func(T) string
}

func (v *value[T]) Set(s string) error {
	got, err := v.parse(s)
	if err != nil {
		return err
	}
	*v.p = got
	return nil
}

func (v *value[T]) Type() string { return v.typ }

func (v *value[T]) String() string {
	if v.p == nil || v.text == nil {
		return ""
	}
	return v.text(*v.p)
}

// newValue is a flag value read by parse; text prints the default in the help
// and may be nil when there is none.
func newValue[T any](p *T, typ string, parse func(string) (T, error), text func(T) string) *value[T] {
	return &value[T]{p, typ, parse, text}
}

// list is a flag that may be given several times.
type list[T any] struct {
	p     *[]T
	typ   string
	parse func(string) (T, error)
}

func (l *list[T]) Set(s string) error {
	got, err := l.parse(s)
	if err != nil {
		return err
	}
	*l.p = append(*l.p, got)
	return nil
}

func (l *list[T]) Type() string   { return l.typ }
func (l *list[T]) String() string { return "" }

// newList is a repeatable flag value, each read by parse.
func newList[T any](p *[]T, typ string, parse func(string) (T, error)) *list[T] {
	return &list[T]{p, typ, parse}
}

// enumFlag registers a flag with a closed set of values: others are refused by
// name, and the shell completes them. *p holds the default.
func enumFlag[T ~string](cmd *cobra.Command, p *T, name, short, usage string, values ...T) {
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	parse := func(s string) (T, error) {
		for _, v := range values {
			if string(v) == s {
				return v, nil
			}
		}
		return "", fmt.Errorf("want one of %s", strings.Join(names, ", "))
	}
	text := func(v T) string { return string(v) }
	usage += ": " + strings.Join(names, ", ")
	cmd.Flags().VarP(newValue(p, name, parse, text), name, short, usage)
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
}

// parseMAC reads the 48-bit hardware address of one machine in any of Go's
// notations.
func parseMAC(s string) (net.HardwareAddr, error) {
	mac, err := net.ParseMAC(s)
	switch {
	case err != nil || len(mac) != 6:
		return nil, fmt.Errorf("%q is not a MAC address: want 52:54:00:12:34:56", s)
	case mac[0]&1 != 0:
		return nil, fmt.Errorf("%s is the address of a group, not of one machine", mac)
	case bytes.Count(mac, []byte{0}) == len(mac):
		return nil, fmt.Errorf("%s is no machine's address", mac)
	}
	return mac, nil
}

// plainFlagError says what pflag's own flags want without naming the function
// that could not read it.
func plainFlagError(err error) error {
	var number *strconv.NumError
	if !errors.As(err, &number) {
		return err
	}
	want := "want a number"
	switch {
	case number.Func == "ParseBool":
		want = "want true or false"
	case errors.Is(number, strconv.ErrRange):
		want = "the number is out of range"
	}
	return errors.New(strings.Replace(err.Error(), number.Error(), want, 1))
}

// exactArgs refuses any other number of arguments, by name.
func exactArgs(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usagef("missing argument %s", names[len(args)])
		}
		return noMoreArgs(args, len(names))
	}
}

// someArgs takes one argument of that name or more.
func someArgs(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("missing argument %s", name)
		}
		return nil
	}
}

// optionalArg takes one argument or none.
func optionalArg(cmd *cobra.Command, args []string) error { return noMoreArgs(args, 1) }

// noArgs takes no argument.
func noArgs(cmd *cobra.Command, args []string) error { return noMoreArgs(args, 0) }

func noMoreArgs(args []string, max int) error {
	if len(args) > max {
		return usagef("unexpected argument %q", args[max])
	}
	return nil
}
