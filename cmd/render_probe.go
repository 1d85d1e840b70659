package cmd

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pxe/dhcp"
	"pxe/probe"
)

// showProbe runs a probe and shows it on standard output as it goes, the
// verdict in the last line; under -o json it prints nothing.
func showProbe(ctx context.Context, s Streams, c common, cfg probe.Config) (*probe.Report, error) {
	if c.json() {
		return probe.Run(ctx, cfg)
	}
	v := &probeView{w: s.Out, st: newStyles(s, s.Out, s.OutTTY), verbose: c.verbose}
	var bar *progressBar
	cfg.OnStep = func(step probe.Step) {
		if bar != nil {
			bar.end()
			bar = nil
		}
		v.step(step)
	}
	if s.ErrTTY {
		cfg.OnProgress = func(_ string, done, total int64) {
			if bar == nil {
				bar = newProgress(s, time.Now).add("")
			}
			bar.update(done, total)
		}
	}
	report, err := probe.Run(ctx, cfg)
	if err == nil {
		v.finish(report)
	}
	return report, err
}

// probeView writes a probe for people: a heading for each stage, a line for each
// step. Names that are asked for and not there are gathered into one line.
type probeView struct {
	w       io.Writer
	st      styles
	verbose bool
	stage   probe.StageName
	absent  []string
}

func (v *probeView) step(s probe.Step) {
	if s.Stage != v.stage {
		v.flush()
		v.stage = s.Stage
		fmt.Fprintln(v.w, v.st.bold.Render(string(s.Stage)))
	}
	if s.Outcome == probe.OutcomeAbsent && !v.verbose {
		v.absent = append(v.absent, fileName(s.Asked))
		return
	}
	v.flush()
	fmt.Fprintf(v.w, "  %s %s\n", v.mark(s.Outcome), stepText(s))
	if v.verbose {
		for _, o := range s.Options {
			fmt.Fprintln(v.w, v.st.dim.Render("      "+optionText(o)))
		}
	}
}

func (v *probeView) mark(o probe.Outcome) string {
	switch o {
	case probe.OutcomeOK:
		return v.st.ok.Render("✓")
	case probe.OutcomeFailed:
		return v.st.bad.Render("✗")
	case probe.OutcomeAbsent:
		return v.st.dim.Render("–")
	}
	return v.st.dim.Render("·")
}

// flush writes the names that were not there.
func (v *probeView) flush() {
	n := len(v.absent)
	if n == 0 {
		return
	}
	text := strings.Join(v.absent, ", ")
	if n > 3 {
		text = fmt.Sprintf("%s … %s (%d names)", v.absent[0], v.absent[n-1], n)
	}
	fmt.Fprintf(v.w, "  %s %s\n", v.mark(probe.OutcomeAbsent), v.st.dim.Render("not there: "+text))
	v.absent = nil
}

// finish writes what only the end shows: stages that did not run, warnings, and
// the verdict.
func (v *probeView) finish(r *probe.Report) {
	v.flush()
	v.rest(r.Stages)
	v.warnings(r.Warnings)
	verdict, rest, _ := strings.Cut(r.Verdict.Sentence, ":")
	style := v.st.bad
	if r.Verdict.WouldBoot {
		style = v.st.ok
	}
	fmt.Fprintf(v.w, "%s%s\n", style.Render(verdict+":"), rest)
}

// rest writes the stages that did not run, those of one reason together. What
// this chain does not need is said at -v only.
func (v *probeView) rest(stages []probe.Stage) {
	for i := 0; i < len(stages); {
		s, names := stages[i], []string(nil)
		for ; i < len(stages) && stages[i].Status == s.Status && stages[i].Reason == s.Reason; i++ {
			names = append(names, string(stages[i].Name))
		}
		ran := s.Status == probe.StatusOK || s.Status == probe.StatusFailed
		if !ran && (v.verbose || s.Status != probe.StatusNotNeeded) {
			fmt.Fprintln(v.w, v.st.dim.Render(strings.Join(names, ", ")+": "+s.Reason))
		}
	}
}

// warnings writes each warning; of several of one fault the first stands for
// all, unless at -v.
func (v *probeView) warnings(list []probe.Warning) {
	for i, w := range list {
		same := func(o probe.Warning) bool { return o.Fault == w.Fault && w.Fault != "" && !v.verbose }
		if slices.ContainsFunc(list[:i], same) {
			continue
		}
		more := ""
		if n := count(list[i+1:], same); n > 0 {
			more = fmt.Sprintf(" (and %d more like it, see -v)", n)
		}
		fmt.Fprintf(v.w, "%s %s: %s%s\n", v.st.warn.Render("warning:"), w.Stage, w.Text, v.st.dim.Render(more))
	}
}

func count[T any](list []T, match func(T) bool) (n int) {
	for _, v := range list {
		if match(v) {
			n++
		}
	}
	return n
}

// stepText is one step in a line.
func stepText(s probe.Step) string {
	if f := s.File; f != nil {
		size := formatBytes(f.Bytes)
		if f.Partial {
			size = "the first " + size
			if f.Size >= 0 {
				size += " of " + formatBytes(f.Size)
			}
		}
		return fmt.Sprintf("%s  %s in %s  %s", fileName(f.URL), size, formatDuration(f.Duration), s.Answer)
	}
	asked := s.Asked
	if what, url, ok := strings.Cut(asked, "tftp://"); ok {
		asked = what + fileName("tftp://"+url)
	}
	if asked != "" && s.Answer != "" {
		asked += ": "
	}
	return asked + s.Answer
}

// fileName is a TFTP URL without its server, which the offer has named.
func fileName(url string) string {
	if _, name, ok := strings.Cut(strings.TrimPrefix(url, "tftp://"), "/"); ok && strings.HasPrefix(url, "tftp://") {
		return name
	}
	return url
}

func optionText(o dhcp.OptionText) string {
	name := o.Name
	if name == "" {
		name = "option"
	}
	return fmt.Sprintf("%d %s: %s", o.Code, name, o.Value)
}
