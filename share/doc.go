// Package share serves one tree of files, the install source, to boot firmware,
// boot loaders and installers. Today it speaks HTTP.
//
// The clients are not browsers, and the differences from a web server are made
// for them: nothing is ever redirected, because UEFI HTTP Boot, shim and GRUB
// stop at a redirect; HEAD states the length that UEFI sizes its buffer from;
// and the content type is never guessed from the bytes, because UEFI decides
// by it what it has fetched.
package share
