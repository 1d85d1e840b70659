package share

import (
	"io"
	"net/http"
)

// recorder notes what an answer became. It passes ReadFrom on, through which
// net/http hands a file to the kernel (sendfile): a wrapper without it would
// copy every byte through this process.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	err    error // the first failed write
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	n, err := r.ResponseWriter.Write(p)
	r.note(int64(n), err)
	return n, err
}

// ReadFrom implements io.ReaderFrom.
func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	n, err := io.Copy(r.ResponseWriter, src)
	r.note(n, err)
	return n, err
}

// Unwrap gives http.ResponseController the writer underneath.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) note(n int64, err error) {
	r.bytes += n
	if r.err == nil {
		r.err = err
	}
}
