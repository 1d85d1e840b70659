// Package bootcfg reads and writes the configurations of boot loaders.
//
// A Menu is what one wants to offer; PXELINUX and GRUB write it in a loader's
// language, and the same menu always gives the same bytes. ParsePXELINUX and
// ParseGRUB read real files, whoever wrote them, as tolerantly as the loader
// does, and tell what boots when nobody touches a key. The lookup functions
// list the names under which each loader asks for its configuration.
package bootcfg
