package cmd

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// placeholder is a flag's value with the word that stands for it in help texts,
// which pflag takes for the type.
type placeholder struct {
	pflag.Value
	word string
}

// Type implements pflag.Value.
func (p placeholder) Type() string { return p.word }

// namePlaceholders takes the placeholders out of the usages of a command's
// flags, where they are written in backticks: pflag's help understands that, and
// the completions and man pages that cobra makes do not. A flag without one is
// named after its type, in capitals as the others are.
func namePlaceholders(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		word, usage := pflag.UnquoteUsage(f)
		f.Usage = usage
		if word != "" { // no switch
			f.Value = placeholder{f.Value, strings.ToUpper(word)}
		}
	})
}
