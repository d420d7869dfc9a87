package main

import (
	"context"
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

func (n *node) listMembers(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	resp, err := n.member.client.MemberList(ctx)
	if err != nil {
		failure(w, http.StatusServiceUnavailable, "no quorum")
		return
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
	answer(w, http.StatusOK, out)
}

// replaceMember removes the member of that name, or with that peer URL, and
// adds it anew as a learner. Its data is not needed: the node that starts
// with an empty folder gets everything from the others.
func (n *node) replaceMember(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name    string `json:"name"`
		PeerURL string `json:"peer_url"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if u, err := url.Parse(in.PeerURL); err != nil || u.Host == "" || in.Name == "" {
		failure(w, http.StatusBadRequest, "name and peer_url are needed")
		return
	}
	if in.Name == n.cfg.name {
		failure(w, http.StatusConflict, "a member does not replace itself: ask a survivor")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()
	if err := n.replace(ctx, in.Name, in.PeerURL); err != nil {
		failure(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"name": in.Name, "state": "learner"})
}

// replace repeats what etcd refuses for the moment (it wants the others to
// have been connected for some seconds) until ctx ends.
func (n *node) replace(ctx context.Context, name, peerURL string) error {
	for {
		err := n.replaceOnce(ctx, name, peerURL)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (n *node) replaceOnce(ctx context.Context, name, peerURL string) error {
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
