package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strconv"
	"syscall"
)

// parseListen checks the value of a --listen flag: [ADDRESS]:PORT.
func parseListen(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		if _, numErr := strconv.ParseUint(s, 10, 16); numErr == nil {
			return "", fmt.Errorf("%q is a port alone: want :%s, or an address before the colon", s, s)
		}
		return "", fmt.Errorf("%q is not [ADDRESS]:PORT", s)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return "", fmt.Errorf("%q is not a port", port)
	}
	return net.JoinHostPort(host, port), nil
}

// listenError says what to do about asked, a --listen value at which could not be
// listened. port is one that needs no privileges.
func listenError(err error, asked string, port int) error {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return withHint(err, "nobody knows the name %q: --listen wants an address of this host, or none for all of them, as in :69", dns.Name)
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "ports below 1024 need root or CAP_NET_BIND_SERVICE; without them use --listen %s", elsewhere(asked, port))
	case errors.Is(err, syscall.EADDRINUSE):
		return withHint(err, "another server has this port; find it with `ss -lntup`, or use --listen %s", elsewhere(asked, port))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return withHint(err, "this host does not have that address; see `ip address`")
	}
	return err
}

// elsewhere is asked with another port: that port, or the next if it is the one.
func elsewhere(asked string, port int) string {
	host, taken, _ := net.SplitHostPort(asked)
	if taken == strconv.Itoa(port) {
		port++
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
