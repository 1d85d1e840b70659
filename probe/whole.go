package probe

import (
	"fmt"

	"pxe/fault"
)

// whole is the halt for a file of which the server has only the beginning; nil
// when it is whole, or when that cannot be told: of a part that was fetched
// because no more was wanted, only with the size of the whole.
func whole(c content) error {
	// A header that is itself damaged promises what no file has.
	const nonsense = 1 << 40
	why := fmt.Sprintf("its headers say that it has at least %d", c.Image.Needs)
	switch {
	case c.Size < 0:
		return nil
	case c.inside != "":
		why = fmt.Sprintf("it ends in the middle of its %s data", c.inside)
	case !c.Image.Truncated():
		return nil
	case c.Image.Needs > nonsense:
		why = "its headers say that it has more"
	}
	return stop(fault.FileTruncated, "%s has %d bytes, and %s", shortName(c.URL), c.Size, why)
}
