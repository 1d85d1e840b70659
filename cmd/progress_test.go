package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestProgress(t *testing.T) {
	type step struct {
		at          time.Duration
		done, total int64
	}
	const mb = 1_000_000
	for _, tt := range []struct {
		name  string
		steps []step
		want  []string // lines drawn, in order
	}{
		{"short work shows nothing", []step{{0, 1 * mb, 10 * mb}, {900 * time.Millisecond, 10 * mb, 10 * mb}}, nil},
		{"a bar", []step{
			{500 * time.Millisecond, 1 * mb, 40 * mb},
			{2 * time.Second, 20 * mb, 40 * mb},
			{2*time.Second + 50*time.Millisecond, 21 * mb, 40 * mb}, // too soon to draw again
			{4 * time.Second, 40 * mb, 40 * mb},
		}, []string{
			"━━━━━━━━━━━━━━━━━━━━━━━━  50%  20.0 MB of 40.0 MB  9.5 MB/s  2s left",
			"━━━━━━━━━━━━━━━━━━━━━━━━ 100%  40.0 MB of 40.0 MB  9.8 MB/s",
		}},
		{"a rate without what was there before", []step{
			{0, 30 * mb, 40 * mb},
			{2 * time.Second, 32 * mb, 40 * mb},
		}, []string{"━━━━━━━━━━━━━━━━━━━━━━━━  80%  32.0 MB of 40.0 MB  1.0 MB/s  8s left"}},
		{"no size, no bar", []step{{0, 0, -1}, {2 * time.Second, 20 * mb, -1}}, []string{"20.0 MB  10.0 MB/s"}},
		{"more than was said", []step{{0, 0, 10}, {2 * time.Second, 20, 10}},
			[]string{"━━━━━━━━━━━━━━━━━━━━━━━━ 100%  20 B of 10 B  10 B/s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			clock := time.Unix(0, 0)
			p := newProgress(&out, newStyles(Streams{}, &out, false), func() time.Time { return clock })
			for _, s := range tt.steps {
				clock = time.Unix(0, 0).Add(s.at)
				p.update(s.done, s.total)
			}
			p.clear()
			want := ""
			for _, line := range tt.want {
				want += "\r" + line + "\x1b[K"
			}
			if want != "" {
				want += "\r\x1b[K"
			}
			if diff := cmp.Diff(want, out.String()); diff != "" {
				t.Errorf("drawn (-want +got):\n%s", diff)
			}
		})
	}
}
