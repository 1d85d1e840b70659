// Package check holds the tests of the repository as a whole: who imports whom,
// and that the README's commands exist.
package check
