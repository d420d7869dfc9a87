package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

// TestMeasure prints the figures of the README. It asserts nothing about
// time, and runs only when asked for:
//
//	CONTROL_MEASURE=1 go test -run TestMeasure -v .
func TestMeasure(t *testing.T) {
	if os.Getenv("CONTROL_MEASURE") == "" {
		t.Skip("set CONTROL_MEASURE=1")
	}
	began := time.Now()
	c := newCluster(t)
	fmt.Printf("three new nodes ready: %.1f s\n", time.Since(began).Seconds())
	c.bucket("measure", true)
	follower := func() *testNode { return c.others(c.leader())[0] }
	for _, f := range []struct {
		what   string
		victim func() *testNode
		signal syscall.Signal
	}{
		{"follower killed", follower, syscall.SIGKILL}, {"leader killed", c.leader, syscall.SIGKILL},
		{"follower frozen", follower, syscall.SIGSTOP}, {"leader frozen", c.leader, syscall.SIGSTOP},
		{"leader stopped", c.leader, syscall.SIGTERM},
	} {
		v := f.victim()
		worst := c.outage(v, func() {
			c.signal(v, f.signal)
			time.Sleep(8 * time.Second)
		})
		back := time.Now()
		c.bringBack(v, f.signal)
		fmt.Printf("%s: survivors' longest outage GET %.2f s, PUT %.2f s; ready again after %.1f s\n",
			f.what, worst["GET"].Seconds(), worst["PUT"].Seconds(), time.Since(back).Seconds())
	}
	body := bytes.Repeat([]byte("64 MiB, and no two chunks are short."), 64<<20/36)
	c.showMemory("before")
	for i := range 30 {
		key := fmt.Sprint("large-", i%10)
		if _, err := c.client(c.nodes[i%3]).Client.PutObject(context.Background(), "measure", key, bytes.NewReader(body), int64(len(body)), minio.PutObjectOptions{DisableMultipart: true}); err != nil {
			fmt.Println("large upload:", err)
		}
	}
	c.showMemory("after 30 uploads of 64 MiB")
}

// outage runs a fault and returns, per operation, the longest time in which a
// survivor answered none.
func (c *cluster) outage(victim *testNode, fault func()) map[string]time.Duration {
	worst := map[string]time.Duration{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for _, n := range c.others(victim) {
		for _, op := range []string{"GET", "PUT"} {
			if _, err := c.put(n, "measure", n.name, "x"); err != nil {
				c.t.Fatal(err)
			}
			wg.Go(func() {
				last := time.Now()
				for {
					var err error
					if op == "GET" {
						_, err = c.get(n, "measure", n.name, "")
					} else {
						_, err = c.put(n, "measure", n.name, "x")
					}
					if err == nil {
						mu.Lock()
						worst[op] = max(worst[op], time.Since(last))
						mu.Unlock()
						last = time.Now()
					}
					select {
					case <-stop:
						return
					case <-time.After(10 * time.Millisecond):
					}
				}
			})
		}
	}
	time.Sleep(time.Second)
	fault()
	close(stop)
	wg.Wait()
	return worst
}

func (c *cluster) showMemory(when string) {
	for _, n := range c.nodes {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
		for _, l := range strings.Split(string(b), "\n") {
			if strings.HasPrefix(l, "VmRSS") {
				fmt.Println(when, n.name, strings.Join(strings.Fields(l), " "))
			}
		}
	}
}

// bringBack ends what the signal did to a node, and waits until it is ready.
func (c *cluster) bringBack(n *testNode, signal syscall.Signal) {
	if signal == syscall.SIGSTOP {
		c.signal(n, syscall.SIGCONT)
	} else {
		c.kill(n)
		c.start(n, "new")
	}
	c.waitReady(n)
}
