// Package fetch gets one URL into one writer or one file: tftp, http and https.
// Over TFTP it asks as a firmware does (Request.As), finds the largest block that
// a path carries (FindBlock) and sends files (Put). Load is many fetches at once.
//
// A file appears under its name only when it is whole: until then its bytes are
// in name.part, from which a later fetch over HTTP goes on where this one
// stopped, provided that the server says that the file is still the same one.
//
// What went wrong can be told apart by errors.Is: ErrNotFound and ErrForbidden
// are the server's answers, ErrRefused and ErrNoAnswer are the lack of one.
package fetch
