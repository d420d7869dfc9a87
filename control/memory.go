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

// trimAt is how many bytes of mapped pages are left alone.
const trimAt = 32 << 20

// trimMapping keeps the database's mapped pages from being counted as this
// process's memory for ever: it gives them back when they are many. They stay
// in the page cache, and are mapped again when read. The mapping is read-only
// and backed by the file, so this changes no content.
func trimMapping(ctx context.Context, file string) {
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	drop(file)            // a node that starts with a large database has all of it mapped at once
	base := mappedBytes() // the program itself
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if mappedBytes() < base+trimAt {
			continue
		}
		drop(file)
	}
}

// drop takes the pages of the file out of this process's memory.
func drop(file string) {
	for _, r := range mappings(file) {
		_, _, _ = unix.Syscall(unix.SYS_MADVISE, r[0], r[1]-r[0], unix.MADV_DONTNEED)
	}
}

// mappedBytes is the part of the resident memory that files back.
func mappedBytes() int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 3 {
		return 0
	}
	pages, _ := strconv.Atoi(fields[2])
	return pages * os.Getpagesize()
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
