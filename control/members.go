package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"tofustate.local/control/internal/store"
)

// memberView is a member as the admin API shows it.
type memberView struct {
	Name    string `json:"name"`
	Learner bool   `json:"learner"`
	Started bool   `json:"started"`
	Leader  bool   `json:"leader"`
}

var errNoQuorum = errors.New("no quorum")

func (n *node) listMembers(ctx context.Context, _ *http.Request) (any, error) {
	resp, err := n.member.client.MemberList(ctx)
	if err != nil {
		return nil, errNoQuorum
	}
	lead := uint64(n.member.etcd.Server.Leader())
	out := struct {
		Members []memberView `json:"members"`
		// Whole says that three members vote and each has started.
		Whole bool `json:"whole"`
	}{Whole: len(resp.Members) == 3}
	for _, m := range resp.Members {
		v := memberView{Name: m.Name, Learner: m.IsLearner, Started: m.Name != "", Leader: m.ID == lead}
		out.Whole = out.Whole && v.Started && !v.Learner
		out.Members = append(out.Members, v)
	}
	return out, nil
}

// replaceMember removes the member of that name, or with that peer URL, and
// adds it anew as a learner. Its data is not needed: the node that starts
// with an empty folder gets everything from the others.
func (n *node) replaceMember(ctx context.Context, r *http.Request) (any, error) {
	in, err := words(r)
	if err != nil {
		return nil, err
	}
	if u, err := url.Parse(in["peer_url"]); err != nil || u.Host == "" || in["name"] == "" {
		return nil, refusal{http.StatusBadRequest, "name and peer_url are needed"}
	}
	if in["name"] == n.cfg.name {
		return nil, refusal{http.StatusConflict, "a member does not replace itself: ask a survivor"}
	}
	// etcd refuses for the moment: it wants the others to have been connected for some seconds.
	for {
		err := n.replace(ctx, in["name"], in["peer_url"])
		if err == nil {
			return map[string]string{"name": in["name"], "state": "learner"}, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (n *node) replace(ctx context.Context, name, peerURL string) error {
	list, err := n.member.client.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, m := range list.Members {
		if m.Name == name || slices.Contains(m.PeerURLs, peerURL) {
			if _, err := n.member.client.MemberRemove(ctx, m.ID); err != nil {
				return err
			}
		}
	}
	_, err = n.member.client.MemberAddAsLearner(ctx, []string{peerURL})
	return err
}

// promote makes learners vote once they have caught up. Each node runs it;
// only the leader acts.
func (n *node) promote(ctx context.Context) {
	store.Every(ctx, 300*time.Millisecond, func() {
		if !n.member.isLeader() {
			return
		}
		for _, m := range n.member.etcd.Server.Cluster().Members() {
			if m.IsLearner && m.Name != "" {
				c, cancel := context.WithTimeout(ctx, time.Second)
				_, _ = n.member.client.MemberPromote(c, uint64(m.ID)) // refused until it has caught up
				cancel()
			}
		}
	})
}
