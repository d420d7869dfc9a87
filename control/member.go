package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver/api/rafthttp"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3client"
	"tofustate.local/control/internal/store"
)

// member is this node's etcd member. Its client calls the server in this
// process, so no request ever waits for a connection to another member.
type member struct {
	etcd   *embed.Etcd
	client *clientv3.Client
}

const (
	// peerTimeout is how long a connection to another member may be silent
	// before it is made anew; each is heard three times in it.
	peerTimeout = 1500 * time.Millisecond

	tickMs     = 100
	electionMs = 1000
	// Raft keeps these many entries in memory for a follower that lags, and
	// etcd itself up to a hundred more; an entry may be a whole body chunk.
	catchUpEntries = 150
	snapshotCount  = 200
	quotaBytes     = 4 << 30
	// Old revisions are kept for a listing or a check that reads one of them.
	historyKept  = "30s"
	requestBytes = 4 << 20
)

func startMember(c config) (*member, error) {
	rafthttp.ConnReadTimeout, rafthttp.ConnWriteTimeout = peerTimeout, peerTimeout
	cfg := embed.NewConfig()
	cfg.Name = c.name
	cfg.Dir = filepath.Join(c.dataDir, "etcd")
	cfg.InitialCluster = c.initialCluster
	cfg.ClusterState = c.clusterState
	cfg.InitialClusterToken = "ha-control"
	cfg.AdvertisePeerUrls = c.peers[c.name]
	cfg.ListenPeerUrls = []url.URL{{Scheme: "http", Host: c.peerListen}}
	cfg.ListenClientUrls = nil // in-process client only
	// Nobody connects to this URL. That it is published shows the others that this member has started, so that
	// it is not taken for a new one once its data is gone.
	cfg.AdvertiseClientUrls = c.peers[c.name]
	cfg.ListenClientHttpUrls = nil
	cfg.TickMs, cfg.ElectionMs = tickMs, electionMs
	cfg.SnapshotCount, cfg.SnapshotCatchUpEntries = snapshotCount, catchUpEntries
	cfg.QuotaBackendBytes = quotaBytes
	cfg.AutoCompactionRetention = historyKept
	cfg.MaxRequestBytes = requestBytes
	cfg.MaxTxnOps = 2 * store.MaxParts
	cfg.LogLevel = "error"
	cfg.LogOutputs = []string{"stderr"}
	e, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("etcd: %w", err)
	}
	return &member{etcd: e, client: v3client.New(e.Server)}, nil
}

// linearizable does one read that a quorum confirms.
func (m *member) linearizable(ctx context.Context) error {
	_, err := m.client.Get(ctx, "b/", clientv3.WithLimit(1), clientv3.WithPrefix(), clientv3.WithKeysOnly())
	return err
}

func (m *member) isLeader() bool { return m.etcd.Server.Leader() == m.etcd.Server.MemberID() }

// inUse is the part of the database file that holds data.
func (m *member) inUse() int64 { return m.etcd.Server.Backend().SizeInUse() }

// resign hands leadership to the member that has been connected for longest.
func (m *member) resign() { _ = m.etcd.Server.TryTransferLeadershipOnShutdown() }

// stop ends the member at once; what it has acknowledged is on its disk.
func (m *member) stop() { m.etcd.Server.HardStop() }

// voter tells whether this member votes.
func (m *member) voter() bool {
	return m.etcd.Server.IsMemberExist(m.etcd.Server.MemberID()) && !m.etcd.Server.IsLearner()
}
