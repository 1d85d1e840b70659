package bootcfg

import (
	"strings"
	"testing"
)

func TestGRUBConditions(t *testing.T) {
	tests := []struct {
		args string // words apart by blanks; _ is an empty one
		want truth
	}{
		{"", no},
		{"x", yes},
		{"_", no},
		{"-n x", yes},
		{"-n _", no},
		{"-z _", yes},
		{"-z x", no},
		{"-e /x", unknown},
		{"a = a", yes},
		{"a == b", no},
		{"a != b", yes},
		{"a < b", yes},
		{"a > b", no},
		{"a ~ b", unknown},
		{"1 -eq 1", yes},
		{"1 -ne 1", no},
		{"1 -lt 2", yes},
		{"2 -le 1", no},
		{"2 -gt 1", yes},
		{"1 -ge 2", no},
		{"1 -eq x", unknown},
		{"1 -xx 2", unknown},
		{"! x", no},
		{"! _", yes},
		{"! -e /x", unknown},
		{"! a = b", yes},
		{"a = a -a b = b", yes},
		{"a = a -a b = c", no},
		{"a = b -a -e /x", no},
		{"a = a -a -e /x", unknown},
		{"a = b -o b = b", yes},
		{"a = b -o b = c", no},
		{"a = a -o -e /x", yes},
		{"a = b -o -e /x", unknown},
		{"a = b -a c = c -o d = d", yes}, // -a binds closer
		{"x y z u", unknown},
	}
	for _, tt := range tests {
		var args []string
		for _, arg := range strings.Fields(tt.args) {
			args = append(args, strings.Trim(arg, "_"))
		}
		if got := testGRUB(args); got != tt.want {
			t.Errorf("[ %s ] is %d, want %d", tt.args, got, tt.want)
		}
	}
}

func TestGRUBIfWithoutATest(t *testing.T) {
	tests := []struct {
		cond string
		want truth
	}{
		{"true", yes},
		{"false", no},
		{"set x=1; true", yes},
		{"true; loadfont x", unknown},
		{"$nothing", unknown},
		{"{ true; }", unknown},
		{"[ x = x", yes}, // as if ] were there
		{"test $net_default_ip", unknown},
		{"", unknown},
	}
	for _, tt := range tests {
		list, _ := parseGRUBScript(tt.cond)
		e := &grubRun{vars: newGRUBVars(nil)}
		if got := e.condition(list); got != tt.want {
			t.Errorf("if %s is %d, want %d", tt.cond, got, tt.want)
		}
	}
}
