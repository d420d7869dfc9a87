package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/versity/versitygw/s3api"
	"tofustate.local/control/internal/store"
)

// node is one running process: an etcd member, a gateway and the admin API.
type node struct {
	cfg     config
	member  *member
	store   *store.Store
	users   *users
	metrics *metrics

	started   atomic.Bool // the etcd member runs
	listening atomic.Bool // the S3 endpoint is open
	stopping  atomic.Bool
}

const stopLimit = 1800 * time.Millisecond

// saveMemory makes the collector keep the heap small. Not while the database
// is read at start: reading 500 MB then takes 1.5 s of CPU instead of 0.9.
func saveMemory() {
	debug.SetGCPercent(50)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(100 << 20)
	}
}

// serve runs a node until it is told to stop.
func serve(c config) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	n := &node{cfg: c, metrics: newMetrics()}
	admin, err := n.startAdmin()
	if err != nil {
		return err
	}
	defer admin.Close()
	if c.clusterState, err = chooseState(ctx, c); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if n.member, err = startMember(c); err != nil {
		return err
	}
	go trimMapping(ctx, n.member.databaseFile())
	n.store = store.New(n.member.client, c.name, n.member.inUse)
	n.store.LeaderChanged = n.member.etcd.Server.LeaderChangedNotify
	n.users = newUsers(n.member.client, c)
	n.started.Store(true)
	gw, failed, err := n.open(ctx)
	if err != nil {
		return err
	}
	saveMemory()
	select {
	case <-ctx.Done():
	case err = <-failed:
	case err = <-n.member.etcd.Err():
	}
	n.stop(gw)
	return err
}

func (n *node) startAdmin() (*http.Server, error) {
	ln, err := net.Listen("tcp", n.cfg.adminListen)
	if err != nil {
		return nil, err
	}
	srv := &http.Server{Handler: n.adminHandler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = srv.Serve(ln) }()
	return srv, nil
}

// open opens the S3 endpoint once this member votes and a quorum has
// confirmed a read and a write of it.
func (n *node) open(ctx context.Context) (*s3api.S3ApiServer, <-chan error, error) {
	var rev int64
	for {
		err := n.prepare(ctx, &rev)
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil, nil, nil
		case err := <-n.member.etcd.Err():
			return nil, nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
	go n.users.follow(ctx, rev)
	go n.store.KeepFence(ctx)
	go n.store.Collect(ctx, n.member.isLeader)
	go n.promote(ctx)
	gw, err := newGateway(n.cfg, n.store, n.users, n.metrics, &n.listening)
	if err != nil {
		return nil, nil, err
	}
	failed := make(chan error, 1)
	go func() { failed <- gw.ServeMultiPort([]string{n.cfg.s3Listen}) }()
	return gw, failed, nil
}

var errNotYet = errors.New("this member does not vote yet")

func (n *node) prepare(ctx context.Context, rev *int64) error {
	if !n.member.voter() {
		return errNotYet
	}
	try, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var err error
	if *rev, err = n.users.load(try); err != nil {
		return err
	}
	return n.store.Open(time.Now().Add(time.Second))
}

// stop lets requests in flight finish, hands over leadership and ends, all
// within stopLimit.
func (n *node) stop(gw *s3api.S3ApiServer) {
	n.stopping.Store(true)
	time.AfterFunc(stopLimit, func() {
		fmt.Fprintln(os.Stderr, "ha-control: stopped without waiting any longer")
		os.Exit(0)
	})
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		if gw != nil {
			_ = gw.ShutDown()
		}
	}()
	if n.member == nil {
		return
	}
	n.member.resign(600 * time.Millisecond)
	select {
	case <-drained:
	case <-time.After(700 * time.Millisecond):
	}
	n.member.stop()
}
