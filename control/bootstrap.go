package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/etcdserver/api/membership"
)

const (
	stateNew, stateExisting, stateAuto = "new", "existing", "auto"

	askEvery = 200 * time.Millisecond
	askLimit = time.Second
)

// chooseState finds out whether a node that was told "auto" starts a cluster
// or joins one. With data it only goes on. Without data it asks all others
// until the answer is certain: it never takes an unreachable cluster for a
// new one, and never takes the place of a member whose data it has lost.
func chooseState(ctx context.Context, c config) (string, error) {
	if c.clusterState != stateAuto {
		return c.clusterState, nil
	}
	if _, err := os.Stat(filepath.Join(c.dataDir, "etcd", "member", "wal")); err == nil {
		return stateNew, nil // etcd reads its own log and no flag
	}
	waiting, err := net.Listen("tcp", c.peerListen)
	if err != nil {
		return "", err
	}
	noMembers := func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, []*membership.Member{}) }
	srv := &http.Server{Handler: http.HandlerFunc(noMembers), ReadHeaderTimeout: askLimit}
	go func() { _ = srv.Serve(waiting) }()
	defer srv.Close()
	said := ""
	for {
		state, why := decide(c, askOthers(c))
		if state != "" {
			return state, nil
		}
		if why != said {
			said = why
			fmt.Fprintln(os.Stderr, "ha-control: this node has no data and waits:", why)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(askEvery):
		}
	}
}

// decide is the choice from what the others said; "" and a reason if it is
// not certain yet. No answer is nil, an empty list is a node without data.
func decide(c config, answers map[string][]*membership.Member) (state, why string) {
	own := c.peers[c.name].String()
	silent := []string{}
	for name, members := range answers {
		if members == nil {
			silent = append(silent, name)
			continue
		}
		at := slices.IndexFunc(members, func(m *membership.Member) bool { return slices.Contains(m.PeerURLs, own) })
		switch {
		case len(members) == 0:
		case at < 0:
			return "", name + " does not know it as a member: POST /members/replace adds it"
		case members[at].Name == "":
			return stateExisting, ""
		case len(members[at].ClientURLs) > 0:
			return "", name + " knows it as a member that had data: POST /members/replace lets it join anew"
		}
	}
	if len(silent) > 0 {
		slices.Sort(silent)
		return "", "no answer from " + strings.Join(silent, " and ")
	}
	return stateNew, ""
}

// askOthers asks each of them for its members; no answer is nil.
func askOthers(c config) map[string][]*membership.Member {
	answers := map[string][]*membership.Member{}
	for name, urls := range c.peers {
		if name != c.name {
			answers[name] = askMembers(urls.String())
		}
	}
	return answers
}

func askMembers(peerURL string) []*membership.Member {
	resp, err := (&http.Client{Timeout: askLimit}).Get(peerURL + "/members")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var members []*membership.Member
	if resp.StatusCode != http.StatusOK || json.NewDecoder(resp.Body).Decode(&members) != nil {
		return nil
	}
	return members
}
