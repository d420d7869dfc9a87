package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

// TestMeasureReturn prints how soon a follower is ready again that was away
// for 7 s while the others were written to as the suite's load does. It
// asserts nothing about time, and runs only when asked for:
//
//	CONTROL_MEASURE=1 go test -run TestMeasureReturn -v .
func TestMeasureReturn(t *testing.T) {
	if os.Getenv("CONTROL_MEASURE") == "" {
		t.Skip("set CONTROL_MEASURE=1")
	}
	c := newCluster(t)
	c.bucket("load", true)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	for _, w := range []struct {
		writers, size int
		every         time.Duration
	}{{10, 1 << 10, 100 * time.Millisecond}, {1, 256 << 10, 800 * time.Millisecond}, {1, 5 << 20, 2500 * time.Millisecond}} {
		for i := range w.writers {
			wg.Go(func() { c.keepWriting(fmt.Sprintf("%d/%d", w.size, i), w.size, w.every, stop) })
		}
	}
	time.Sleep(40 * time.Second)
	for _, f := range []struct {
		what   string
		signal syscall.Signal
	}{{"killed", syscall.SIGKILL}, {"stopped", syscall.SIGTERM}, {"frozen", syscall.SIGSTOP}} {
		v := c.others(c.leader())[0]
		c.signal(v, f.signal)
		time.Sleep(7 * time.Second)
		back := time.Now()
		c.bringBack(v, f.signal)
		took := time.Since(back)
		file, _ := os.Stat(v.dir + "/etcd/member/snap/db")
		fmt.Printf("%s under load: ready again after %.1f s, database %d MiB\n", f.what, took.Seconds(), file.Size()>>20)
		time.Sleep(35 * time.Second) // etcd keeps its log for 30 s after it has sent a snapshot
	}
	c.showMemory("under load")
}

// keepWriting writes a body in turn to ten keys through whichever node takes it, and
// removes the previous one of each.
func (c *cluster) keepWriting(prefix string, size int, every time.Duration, stop <-chan struct{}) {
	body := bytes.Repeat([]byte("x"), size)
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(every):
		}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		cl := c.client(c.nodes[i%3]).Client
		key := fmt.Sprintf("%s/%d", prefix, i%10)
		_ = cl.RemoveObject(ctx, "load", key, minio.RemoveObjectOptions{})
		_, _ = cl.PutObject(ctx, "load", key, bytes.NewReader(body), int64(size), minio.PutObjectOptions{DisableMultipart: true})
		cancel()
	}
}
