package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestREADMECommandsExist runs --help of every pxe command in the README's code
// blocks and looks for each of its flags there.
func TestREADMECommandsExist(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "pxe")
	if out, err := exec.Command("go", "build", "-o", bin, "pxe/cmd/pxe").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	commands := pxeCommands(string(text))
	if len(commands) < 5 {
		t.Fatalf("found only %q: is the README still written the way this test reads it?", commands)
	}
	for _, command := range commands {
		words := strings.Fields(command)
		var help, usage string
		var args []string
		for n := names(words); n >= 0; n-- { // as many words as are one command
			out, err := exec.Command(bin, append(slices.Clone(words[:n]), "--help")...).CombinedOutput()
			help, args = string(out), words[n:]
			// The help of a command that does not exist is that of the one above it.
			usage = strings.Join(append([]string{"\n  pxe"}, words[:n]...), " ")
			if err == nil && strings.Contains(help, usage) || n == 1 {
				break
			}
		}
		if !strings.Contains(help, usage) {
			t.Errorf("%s: no such command:\n%s", command, help)
			continue
		}
		for _, word := range args {
			flag, _, _ := strings.Cut(word, "=")
			if !regexp.MustCompile(`^--?[a-z]`).MatchString(flag) {
				continue
			}
			if !regexp.MustCompile(`(^|[\s,])` + regexp.QuoteMeta(flag) + `\b`).MatchString(help) {
				t.Errorf("%s: no flag %s", command, flag)
			}
		}
	}
}

// names is how many of the first words after the program's name may be names of
// commands.
func names(words []string) int {
	n := 0
	for n < min(len(words), 2) && regexp.MustCompile(`^[a-z][a-z-]*$`).MatchString(words[n]) {
		n++
	}
	return n
}

// pxeCommands are the pxe command lines in the fenced code blocks of a Markdown
// text, without the program's name, with continued lines joined.
func pxeCommands(text string) []string {
	text = strings.ReplaceAll(text, "\\\n", " ")
	var commands []string
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
			continue
		}
		line, _, _ = strings.Cut(line, " #")
		line = strings.TrimPrefix(strings.TrimPrefix(line, "$ "), "sudo ")
		for _, program := range []string{"pxe ", "./pxe ", "go run ./cmd/pxe "} {
			if rest, ok := strings.CutPrefix(line, program); ok && fenced {
				commands = append(commands, rest)
			}
		}
	}
	return commands
}
