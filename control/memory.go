package main

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// trimMapping keeps the database's mapped pages from being counted as this
// process's memory for ever: it gives them back every few seconds. They stay
// in the page cache, and are mapped again when read. The mapping is read-only
// and backed by the file, so this changes no content.
func trimMapping(ctx context.Context, file string) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, r := range mappings(file) {
				_, _, _ = unix.Syscall(unix.SYS_MADVISE, r[0], r[1]-r[0], unix.MADV_DONTNEED)
			}
		}
	}
}

// mappings are the address ranges where the file is mapped read-only.
func mappings(file string) (ranges [][2]uintptr) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 6 || fields[5] != file || !strings.HasPrefix(fields[1], "r--") {
			continue
		}
		lo, hi, _ := strings.Cut(fields[0], "-")
		a, err1 := strconv.ParseUint(lo, 16, 64)
		b, err2 := strconv.ParseUint(hi, 16, 64)
		if err1 == nil && err2 == nil && b > a {
			ranges = append(ranges, [2]uintptr{uintptr(a), uintptr(b)})
		}
	}
	return ranges
}
