package main

import (
	"context"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
	"tofustate.local/control/internal/store"
)

// hurryPeers makes the kernel give up connections to other members that have
// been silent for peerTimeout, until ctx ends. etcd means to do so itself, but
// its time limit for reading never takes effect: transport.NewTimeoutTransport
// sets Dial on an http.Transport whose DialContext goes before it. Without a
// limit a connection whose network was cut is tried again only after as long
// a pause as the cut has lasted, and no new one is made meanwhile.
func hurryPeers(ctx context.Context, c config) {
	ports := map[string]bool{}
	for _, urls := range c.peers {
		ports[urls[0].Port()] = true
	}
	store.Every(ctx, peerTimeout/3, func() {
		files, _ := os.ReadDir("/proc/self/fd")
		for _, f := range files {
			fd, err := strconv.Atoi(f.Name())
			if err != nil {
				continue
			}
			remote, _ := unix.Getpeername(fd)
			local, _ := unix.Getsockname(fd)
			if remote != nil && (ports[portOf(remote)] || ports[portOf(local)]) {
				hurry(fd)
			}
		}
	})
}

// hurry sets the limit for data that is not acknowledged, and has an idle
// connection probed after a second.
func hurry(fd int) {
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(peerTimeout.Milliseconds()))
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 1)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 1)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}

func portOf(address unix.Sockaddr) string {
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		return strconv.Itoa(a.Port)
	case *unix.SockaddrInet6:
		return strconv.Itoa(a.Port)
	}
	return ""
}
