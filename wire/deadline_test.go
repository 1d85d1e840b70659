package wire

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d deadline
		start := time.Now()
		at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
		want := func(s int, what string) {
			t.Helper()
			<-d.wait()
			if got := time.Since(start); got != time.Duration(s)*time.Second {
				t.Fatalf("%s: passed after %v, want %d s", what, got, s)
			}
		}
		waiting := d.wait()
		d.set(at(5))
		d.set(at(1))
		<-waiting
		want(1, "moved while someone waits")
		want(1, "stays passed")
		d.set(at(3))
		want(3, "set again")
		d.set(at(2))
		want(3, "set to the past")
		d.set(at(9))
		d.set(time.Time{})
		select {
		case <-d.wait():
			t.Error("no deadline passed")
		case <-time.After(time.Hour):
		}
	})
}
