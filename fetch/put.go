package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"time"
)

// Put sends a file of size bytes to a server. Only TFTP servers take files; of
// the Request what is asked of a server, Timeout and Progress count. Result.SHA256
// is that of the file as it was read before. The errors are those of a fetch, and
// an *tftp.Error with code 3 (the disk is full) or 6 (nothing is overwritten).
func (c *Client) Put(ctx context.Context, req Request, file io.ReaderAt, size int64) (Result, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, size)); err != nil {
		return Result{}, err
	}
	j, err := c.newJob(ctx, req)
	if err != nil {
		return Result{}, err
	}
	defer j.stop()
	j.upload = true
	start := time.Now()
	if err := j.transport.put(j, file, size); err != nil {
		return Result{}, j.failed(err)
	}
	j.result.Size, j.result.Total, j.result.Duration = size, size, time.Since(start)
	j.result.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return j.result, nil
}
