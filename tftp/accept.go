package tftp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// accept reads an OACK as strictly as firmware does: nothing that was not asked
// for, nothing twice, nothing raised, the timeout as it was asked. size is the
// tsize in it, -1 when there is none.
func accept(asked, answered []Option) (agreed terms, size int64, err error) {
	agreed, size = plainTerms(), -1
	for i, o := range answered {
		o.Name = strings.ToLower(o.Name)
		wanted, ok := findOption(asked, o.Name)
		if !ok {
			return agreed, size, fmt.Errorf("option %q was not asked for", answered[i].Name)
		}
		if _, twice := findOption(answered[:i], o.Name); twice {
			return agreed, size, fmt.Errorf("option %s comes twice", o.Name)
		}
		// What was asked is the limit, if it is a number at all.
		most := func(limit int64) int64 {
			if n, err := strconv.ParseInt(wanted, 10, 64); err == nil {
				return min(n, limit)
			}
			return limit
		}
		var n int64
		switch o.Name {
		case optBlockSize:
			n, err = o.number(MinBlockSize, most(MaxBlockSize))
			agreed.blockSize = int(n)
		case optWindow:
			n, err = o.number(1, most(maxWindow))
			agreed.window = int(n)
		case optTimeout:
			if n, err = o.number(1, 255); err == nil && o.Value != wanted {
				err = fmt.Errorf("option timeout: %q instead of %q", o.Value, wanted)
			}
			agreed.interval = time.Duration(n) * time.Second
		case optSize:
			size, err = o.number(0, 1<<62)
		}
		if err != nil {
			return agreed, size, err
		}
	}
	return agreed, size, nil
}
