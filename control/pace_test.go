package main

import (
	"slices"
	"testing"
	"time"
)

// limpsAfter is after which of these sleeps, in milliseconds, a process is
// first said to limp; 0 if after none.
func limpsAfter(sleeps ...int) int {
	var p pace
	now := time.Unix(1_000_000, 0)
	for i, ms := range sleeps {
		slept := now
		now = now.Add(time.Duration(ms) * time.Millisecond)
		if p.woke(slept, now) {
			return i + 1
		}
	}
	return 0
}

func TestPace(t *testing.T) {
	busy := make([]int, 200)
	for i := range busy {
		busy[i] = 50 + i%2*60
	}
	for name, c := range map[string]struct {
		sleeps []int
		want   int
	}{
		"frozen for 450 of every 500 ms":    {[]int{50, 500, 500, 500, 500}, 3},
		"frozen once, for long":             {[]int{50, 9000, 50, 50, 50, 50}, 0},
		"a busy machine":                    {busy, 0},
		"two pauses that are far apart":     {slices.Concat([]int{600}, busy[:60], []int{600}), 0},
		"two pauses, one after the other":   {[]int{50, 500, 50, 500, 50}, 4},
		"it ran well for a while and stops": {slices.Concat(busy[:100], []int{500, 500}), 102},
	} {
		if got := limpsAfter(c.sleeps...); got != c.want {
			t.Errorf("%s: limps after %d sleeps, want %d", name, got, c.want)
		}
	}
}
