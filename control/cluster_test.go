package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	rootKey, rootSecret = "testroot", "testroot-secret"
	roKey, roSecret     = "testread", "testread-secret"
	token               = "test-token"
)

var names = []string{"bumble", "honey", "sting"}

// TestMain runs this very binary as a node when the tests start one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" && os.Getenv("CONTROL_TEST_NODE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// testNode is one node of a test cluster, in a process of its own.
type testNode struct {
	name, s3, admin, peer, dir string
	cmd                        *exec.Cmd
}

type cluster struct {
	t     *testing.T
	nodes []*testNode
}

// newCluster starts three nodes and waits until all are ready.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{t: t}
	for _, name := range names {
		c.nodes = append(c.nodes, &testNode{name: name, s3: freeAddr(t), admin: freeAddr(t), peer: freeAddr(t), dir: filepath.Join(t.TempDir(), name)})
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			c.kill(n)
		}
	})
	for _, n := range c.nodes {
		c.start(n, "new")
	}
	for _, n := range c.nodes {
		c.waitReady(n)
	}
	return c
}

func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func (c *cluster) start(n *testNode, state string) {
	c.t.Helper()
	var all []string
	for _, m := range c.nodes {
		all = append(all, m.name+"=http://"+m.peer)
	}
	n.cmd = exec.Command(os.Args[0], "serve", "--name", n.name, "--data-dir", n.dir, "--s3-listen", n.s3,
		"--admin-listen", n.admin, "--peer-listen", n.peer, "--initial-cluster", strings.Join(all, ","), "--cluster-state", state)
	n.cmd.Env = append(os.Environ(), "CONTROL_TEST_NODE=1",
		"CONTROL_ROOT_ACCESS_KEY="+rootKey, "CONTROL_ROOT_SECRET_KEY="+rootSecret,
		"CONTROL_READONLY_ACCESS_KEY="+roKey, "CONTROL_READONLY_SECRET_KEY="+roSecret, "CONTROL_ADMIN_TOKEN="+token)
	n.cmd.Stderr = os.Stderr
	if err := n.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cluster) kill(n *testNode) {
	if n.cmd != nil {
		_ = n.cmd.Process.Kill()
		_ = n.cmd.Wait()
		n.cmd = nil
	}
}

func (c *cluster) signal(n *testNode, s syscall.Signal) {
	c.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		c.t.Fatal(err)
	}
}

// eventually waits for a condition; the limit only ends a test that hangs.
func (c *cluster) eventually(what string, ok func() bool) {
	c.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	c.t.Fatalf("never happened: %s", what)
}

func (c *cluster) waitReady(n *testNode) {
	c.t.Helper()
	c.eventually(n.name+" is ready", func() bool {
		code, _ := c.admin(n, http.MethodGet, "/readyz", "")
		return code == http.StatusOK
	})
}

// admin asks a node's admin API; code 0 means no answer.
func (c *cluster) admin(n *testNode, method, path, body string) (int, string) {
	req, err := http.NewRequest(method, "http://"+n.admin+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Timeout: 25 * time.Second}).Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func (c *cluster) leader() *testNode {
	c.t.Helper()
	var found *testNode
	c.eventually("a leader is known", func() bool {
		for _, n := range c.nodes {
			code, body := c.admin(n, http.MethodGet, "/members", "")
			var v struct{ Members []memberView }
			if code != http.StatusOK || json.Unmarshal([]byte(body), &v) != nil {
				continue
			}
			for i, m := range v.Members {
				if m.Leader {
					for _, o := range c.nodes {
						if o.name == v.Members[i].Name {
							found = o
						}
					}
				}
			}
		}
		return found != nil
	})
	return found
}

func (c *cluster) others(n *testNode) (out []*testNode) {
	for _, o := range c.nodes {
		if o != n {
			out = append(out, o)
		}
	}
	return out
}

// client is an S3 client that never retries, so that what it sees is what
// the node answered.
func (c *cluster) client(n *testNode) *minio.Core { return c.clientAs(n, rootKey, rootSecret) }

func (c *cluster) clientAs(n *testNode, key, secret string) *minio.Core {
	c.t.Helper()
	cl, err := minio.NewCore(n.s3, &minio.Options{
		Creds: credentials.NewStaticV4(key, secret, ""), Region: "us-east-1", MaxRetries: 1, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return cl
}

func (c *cluster) bucket(name string, versioned bool) {
	c.t.Helper()
	cl, ctx := c.client(c.nodes[0]), context.Background()
	if err := cl.MakeBucket(ctx, name, minio.MakeBucketOptions{}); err != nil {
		c.t.Fatal(err)
	}
	if versioned {
		if err := cl.EnableVersioning(ctx, name); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *cluster) put(n *testNode, bucket, key, body string) (minio.UploadInfo, error) {
	return c.client(n).Client.PutObject(context.Background(), bucket, key, strings.NewReader(body), int64(len(body)), minio.PutObjectOptions{DisableMultipart: true})
}

func (c *cluster) get(n *testNode, bucket, key, version string) (string, error) {
	r, _, _, err := c.client(n).GetObject(context.Background(), bucket, key, minio.GetObjectOptions{VersionID: version})
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	return string(b), err
}

// code is the S3 error code of an error, "" for none.
func code(err error) string {
	if err == nil {
		return ""
	}
	return minio.ToErrorResponse(err).Code
}

// noDivergence runs the check on every node.
func (c *cluster) noDivergence() {
	c.t.Helper()
	for _, n := range c.nodes {
		code, body := c.admin(n, http.MethodGet, "/check", "")
		var v struct{ Divergences []any }
		if code != http.StatusOK || json.Unmarshal([]byte(body), &v) != nil || len(v.Divergences) > 0 {
			c.t.Errorf("check on %s: %d %s", n.name, code, body)
		}
	}
}

func unique(prefix string, i int) string {
	return fmt.Sprintf("%s-%04d-%d", prefix, i, time.Now().UnixNano())
}
