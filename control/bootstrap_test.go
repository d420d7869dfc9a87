package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/etcd/client/pkg/v3/types"
	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
)

func TestStateIsChosenOnlyWhenItIsCertain(t *testing.T) {
	peers, err := types.NewURLsMap("bumble=http://b:1,honey=http://h:1,sting=http://s:1")
	if err != nil {
		t.Fatal(err)
	}
	c := config{name: "sting", peers: peers}
	seen := func(name string, clientURLs ...string) []*membership.Member {
		return []*membership.Member{{
			RaftAttributes: membership.RaftAttributes{PeerURLs: []string{"http://s:1"}},
			Attributes:     membership.Attributes{Name: name, ClientURLs: clientURLs},
		}}
	}
	stranger := []*membership.Member{{RaftAttributes: membership.RaftAttributes{PeerURLs: []string{"http://x:1"}}}}
	none := []*membership.Member{}
	for _, v := range []struct {
		bumble, honey []*membership.Member
		state, why    string
	}{
		{none, none, stateNew, ""},
		{none, seen("sting"), stateNew, ""},
		{nil, nil, "", "no answer from bumble and honey"},
		{none, nil, "", "no answer from honey"},
		{seen("sting"), nil, "", "no answer from honey"},
		{seen(""), nil, stateExisting, ""},
		{nil, seen("sting", "http://s:1"), "", "had data"},
		{none, seen("sting", "http://s:1"), "", "had data"},
		{none, stranger, "", "does not know it"},
	} {
		state, why := decide(c, map[string][]*membership.Member{"bumble": v.bumble, "honey": v.honey})
		if state != v.state || !strings.Contains(why, v.why) {
			t.Errorf("bumble %v, honey %v: %q %q, not %q %q", v.bumble, v.honey, state, why, v.state, v.why)
		}
	}
}

func TestAutoBeginsOnceAndRejoinsOnlyAfterReplacement(t *testing.T) {
	c := &cluster{t: t}
	for _, name := range names {
		c.nodes = append(c.nodes, &testNode{name: name, s3: freeAddr(t), admin: freeAddr(t), peer: freeAddr(t), dir: filepath.Join(t.TempDir(), name)})
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			c.kill(n)
		}
	})
	survivor, v := c.nodes[0], c.nodes[2]
	c.start(survivor, stateAuto)
	c.start(c.nodes[1], stateAuto)
	waits := func(n *testNode) bool {
		resp, err := http.Get("http://" + n.peer + "/members")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.Header.Get("X-Etcd-Cluster-ID") == ""
	}
	c.eventually("two nodes wait for the third", func() bool { return waits(survivor) && waits(c.nodes[1]) })
	c.start(v, stateAuto)
	for _, n := range c.nodes {
		c.waitReady(n)
	}
	c.bucket("auto", false)
	if _, err := c.put(survivor, "auto", "k", "before"); err != nil {
		t.Fatal(err)
	}

	c.kill(v)
	c.start(v, stateAuto) // with its data it goes on
	c.waitReady(v)

	c.kill(v)
	if err := os.RemoveAll(v.dir); err != nil {
		t.Fatal(err)
	}
	c.start(v, stateAuto)
	c.eventually("the emptied node waits", func() bool { return waits(v) })
	if code, _ := c.admin(v, http.MethodGet, "/readyz", ""); code != http.StatusServiceUnavailable {
		t.Errorf("an emptied node answers %d to /readyz", code)
	}
	if code, body := c.admin(survivor, http.MethodPost, "/members/replace", fmt.Sprintf(`{"name":%q,"peer_url":"http://%s"}`, v.name, v.peer)); code != http.StatusOK {
		t.Fatalf("replace: %d %s", code, body)
	}
	c.waitReady(v)
	if got, err := c.get(v, "auto", "k", ""); err != nil || got != "before" {
		t.Errorf("after the repair: %q %v", got, err)
	}
	c.noDivergence()
}
