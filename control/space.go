package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/storage/wal"
)

const spaceInterval = 250 * time.Millisecond

// spaceToStart is how much must be free on the disk before the member starts.
// A member allocates the next file of its log as soon as it starts. If there
// is no space for that it starts all the same, and ends when it needs the
// file: that may be minutes after the space is back.
func spaceToStart() uint64 { return uint64(wal.SegmentSizeBytes) + 16<<20 }

// waitForSpace returns once so many bytes are free at dir, which it makes.
func waitForSpace(ctx context.Context, dir string, need uint64, free func(string) (uint64, error)) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for said := false; ; said = true {
		have, err := free(dir)
		if err != nil {
			return fmt.Errorf("how much is free at %s: %w", dir, err)
		}
		if have >= need {
			return nil
		}
		if !said {
			fmt.Fprintf(os.Stderr, "ha-control: waiting for space: %d bytes are free at %s, %d are needed\n", have, dir, need)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(spaceInterval):
		}
	}
}

// freeBytes is what an unprivileged process may still write at path.
func freeBytes(path string) (uint64, error) {
	var of syscall.Statfs_t
	if err := syscall.Statfs(path, &of); err != nil {
		return 0, err
	}
	return of.Bavail * uint64(of.Bsize), nil
}
