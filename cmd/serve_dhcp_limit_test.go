package cmd

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pxe/dhcp"
)

// TestDHCPEventsAreLimited floods both views with junk: a few lines come out and
// how many more there were, and nothing else is held back.
func TestDHCPEventsAreLimited(t *testing.T) {
	junk := dhcp.Event{Kind: dhcp.EventMalformed, Err: errors.New("short")}
	tests := []struct {
		name string
		c    common
		e    dhcp.Event
		line string // of one event
		left string // of those that were left out
		want int
	}{
		{"text", common{format: formatText}, junk, "malformed packet", `more of the same" what="malformed packet" left_out=290`, limitEvents},
		{"JSON", common{format: formatJSON}, junk, `"event":"malformed"`, `"kind":"malformed","count":290}`, limitEvents},
		{"ignored under -v", common{format: formatText, verbose: true}, dhcp.Event{Kind: dhcp.EventIgnored}, "msg=ignored", `what=ignored left_out=290`, limitEvents},
		{"conflicts", common{format: formatText}, dhcp.Event{Kind: dhcp.EventConflict}, "in use by", `set aside" left_out=290`, limitEvents},
		{"messages too many", common{format: formatJSON}, dhcp.Event{Kind: dhcp.EventLimited}, `"event":"limited"`, `"kind":"limited","count":290}`, limitEvents},
		{"replies", common{format: formatJSON}, dhcp.Event{Kind: dhcp.EventOffer}, `"event":"offer"`, "", 300},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				v := newDHCPView(Streams{Out: &out, Err: &out}, tt.c)
				flood := func() {
					for range 300 {
						v.event(tt.e)
					}
				}
				check := func(intervals int) {
					t.Helper()
					text := out.String()
					if n := strings.Count(text, tt.line); n < tt.want*intervals || n > (tt.want+1)*intervals {
						t.Errorf("%d lines %q, want %d", n, tt.line, tt.want*intervals)
					}
					left := strings.Count(text, "left-out") + strings.Count(text, "left_out")
					if tt.left == "" && left != 0 || tt.left != "" && (left != intervals || !strings.Contains(text, tt.left)) {
						t.Errorf("no %q in\n%s", tt.left, text)
					}
				}
				flood()
				time.Sleep(limitInterval)
				synctest.Wait()
				check(1)
				time.Sleep(limitInterval)
				flood() // and the server ends
				v.limit.flush()
				check(2)
				time.Sleep(limitInterval) // the timer of what was flushed
				synctest.Wait()
				check(2)
			})
		})
	}
}

// TestHiddenEventsAreNotCounted has a flood of what is not shown.
func TestHiddenEventsAreNotCounted(t *testing.T) {
	var out bytes.Buffer
	v := newDHCPView(Streams{Out: &out, Err: &out}, common{format: formatText})
	for range 300 {
		v.event(dhcp.Event{Kind: dhcp.EventIgnored})
	}
	v.limit.flush()
	if out.Len() > 0 {
		t.Errorf("wrote %q", &out)
	}
}

// TestOffersAreLimitedLate shows each of many, and not all of a flood.
func TestOffersAreLimitedLate(t *testing.T) {
	for _, kind := range []dhcp.EventKind{dhcp.EventOffer, dhcp.EventNak} {
		var out bytes.Buffer
		v := newDHCPView(Streams{Out: &out, Err: &out}, common{format: formatJSON})
		for range limitReplies + 7 {
			v.event(dhcp.Event{Kind: kind})
		}
		v.limit.flush()
		if n := strings.Count(out.String(), `"event":"`+kind.String()); n != limitReplies || !strings.Contains(out.String(), `"count":7}`) {
			t.Errorf("%s: %d lines, want %d and how many were left out", kind, n, limitReplies)
		}
	}
}
