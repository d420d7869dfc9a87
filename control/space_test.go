package main

import (
	"context"
	"errors"
	"testing"
)

func TestStartsOnlyOnceThereIsSpace(t *testing.T) {
	asked := 0
	free := func(string) (uint64, error) {
		asked++
		return []uint64{0, 99, 100}[asked-1], nil
	}
	if err := waitForSpace(t.Context(), t.TempDir(), 100, free); err != nil || asked != 3 {
		t.Fatalf("asked %d times, then %v", asked, err)
	}
}

func TestWaitingForSpaceEndsWithTheProcess(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	free := func(string) (uint64, error) {
		cancel()
		return 0, nil
	}
	if err := waitForSpace(ctx, t.TempDir(), 1, free); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestFreeBytes(t *testing.T) {
	if free, err := freeBytes(t.TempDir()); err != nil || free == 0 {
		t.Fatal(free, err)
	}
	if _, err := freeBytes("/no/such/folder"); err == nil {
		t.Fatal("a folder that is not there has space")
	}
}
