package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
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

// serve runs a node until it is told to stop.
func serve(c config) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	n := &node{cfg: c}
	n.metrics = newMetrics(n)
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
	if err = waitForSpace(ctx, c.dataDir, spaceToStart(), freeBytes); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	if n.member, err = startMember(c); err != nil {
		return err
	}
	go hurryPeers(ctx, c)
	n.store = store.New(n.member.client, c.name, n.member.inUse)
	n.store.Reader = c.readAccess
	n.store.LeaderChanged = n.member.etcd.Server.LeaderChangedNotify
	n.users = newUsers(n.member.client, c)
	n.started.Store(true)
	gw, failed, err := n.open(ctx)
	if err != nil {
		return err
	}
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
// confirmed a write of it.
func (n *node) open(ctx context.Context) (*s3api.S3ApiServer, <-chan error, error) {
	for !n.member.voter() || n.store.MoveFence(time.Now().Add(time.Second)) != nil {
		select {
		case <-ctx.Done():
			return nil, nil, nil
		case err := <-n.member.etcd.Err():
			return nil, nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
	go n.store.KeepFence(ctx)
	go n.store.Collect(ctx, n.member.isLeader)
	go n.promote(ctx)
	go n.handOver(ctx)
	gw, err := newGateway(n.cfg, n.store, n.users, n.metrics, &n.listening)
	if err != nil {
		return nil, nil, err
	}
	failed := make(chan error, 1)
	go func() { failed <- gw.ServeMultiPort([]string{n.cfg.s3Listen}) }()
	return gw, failed, nil
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
	n.member.resign()
	select {
	case <-drained:
	case <-time.After(700 * time.Millisecond):
	}
	n.member.stop()
}
