package bootcfg

import "strconv"

// truth is the answer to a condition, which may need a running machine.
type truth uint8

const (
	unknown truth = iota
	yes
	no
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth {
	switch t {
	case yes:
		return no
	case no:
		return yes
	}
	return unknown
}

// condition tells how a list of commands ends: the last one decides. What comes
// before it has been run already.
func (e *grubRun) condition(list []grubStmt) truth {
	if len(list) == 0 {
		return unknown
	}
	last := list[len(list)-1]
	if last.kind != grubCommand || len(last.words) == 0 {
		return unknown
	}
	args, miss := e.vars.expandAll(last.words)
	if len(args) == 0 {
		return unknown
	}
	switch args[0] {
	case "true":
		return yes
	case "false":
		return no
	case "[":
		if n := len(args); args[n-1] == "]" {
			args = args[:n-1]
		}
	case "test":
	default:
		return unknown
	}
	if miss != "" {
		return unknown
	}
	return testGRUB(args[1:])
}

// testGRUB evaluates the arguments of test: -o binds weakest, then -a, then !.
// Tests of files need the machine.
func testGRUB(args []string) truth {
	for i, arg := range args {
		if arg == "-o" && i > 0 {
			left, right := testGRUB(args[:i]), testGRUB(args[i+1:])
			if left == yes || right == yes {
				return yes
			}
			if left == no && right == no {
				return no
			}
			return unknown
		}
	}
	for i, arg := range args {
		if arg == "-a" && i > 0 {
			left, right := testGRUB(args[:i]), testGRUB(args[i+1:])
			if left == no || right == no {
				return no
			}
			if left == yes && right == yes {
				return yes
			}
			return unknown
		}
	}
	if len(args) > 1 && args[0] == "!" {
		return testGRUB(args[1:]).not()
	}
	switch len(args) {
	case 0:
		return no
	case 1:
		return truthOf(args[0] != "")
	case 2:
		switch args[0] {
		case "-n":
			return truthOf(args[1] != "")
		case "-z":
			return truthOf(args[1] == "")
		}
	case 3:
		return compareGRUB(args[0], args[1], args[2])
	}
	return unknown
}

func compareGRUB(a, op, b string) truth {
	switch op {
	case "=", "==":
		return truthOf(a == b)
	case "!=":
		return truthOf(a != b)
	case "<":
		return truthOf(a < b)
	case ">":
		return truthOf(a > b)
	}
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX != nil || errY != nil {
		return unknown
	}
	switch op {
	case "-eq":
		return truthOf(x == y)
	case "-ne":
		return truthOf(x != y)
	case "-lt":
		return truthOf(x < y)
	case "-le":
		return truthOf(x <= y)
	case "-gt":
		return truthOf(x > y)
	case "-ge":
		return truthOf(x >= y)
	}
	return unknown
}
