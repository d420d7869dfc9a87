package main

import (
	"net"

	"golang.org/x/sys/unix"
)

// gone tells whether the client has closed its side of the connection. A
// process that was frozen finds requests in its sockets whose clients have
// long given up; carrying those out would only make late writes.
func gone(conn net.Conn) bool {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		closed = n == 0 && err == nil || err == unix.ECONNRESET
	})
	return closed || err != nil
}
