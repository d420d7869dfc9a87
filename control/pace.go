package main

import (
	"context"
	"time"
)

const (
	paceTick = 50 * time.Millisecond
	// paceKept is how far back stalls count; a process that lost half of it,
	// in several stalls, limps.
	paceKept = 1500 * time.Millisecond
	limping  = paceKept / 2
)

// pace knows when this process did not run although it wanted to.
type pace struct{ stalls []stall }

type stall struct {
	end  time.Time
	lost time.Duration
}

// woke notes a wait for a tick. It returns whether the process limps.
func (p *pace) woke(slept, now time.Time) bool {
	if lost := now.Sub(slept) - paceTick; lost > 2*paceTick {
		p.stalls = append(p.stalls, stall{now, lost})
	}
	for len(p.stalls) > 0 && now.Sub(p.stalls[0].end) > paceKept {
		p.stalls = p.stalls[1:]
	}
	var lost time.Duration
	for _, s := range p.stalls {
		lost += s.lost
	}
	return len(p.stalls) > 1 && lost > limping
}

// handOver gives leadership away while this process limps: every change and
// every read of all members waits for the leader.
func (n *node) handOver(ctx context.Context) {
	var p pace
	for ctx.Err() == nil {
		slept := time.Now()
		time.Sleep(paceTick)
		if p.woke(slept, time.Now()) && n.member.isLeader() {
			n.member.resign()
			p = pace{}
		}
	}
}
