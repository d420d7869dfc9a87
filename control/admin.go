package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"tofustate.local/control/internal/store"
)

// handler answers a request of the admin API with a value or an error.
type handler func(ctx context.Context, r *http.Request) (any, error)

// refusal is an error whose status is not 503.
type refusal struct {
	code   int
	reason string
}

func (r refusal) Error() string { return r.reason }

// adminHandler serves probes, metrics, the check, and changes with the token.
func (n *node) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", n.within(time.Second, n.readyz))
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /check", n.within(5*time.Minute, n.check))
	mux.HandleFunc("GET /members", n.within(time.Second, n.listMembers))
	mux.HandleFunc("POST /members/replace", n.needToken(n.within(20*time.Second, n.replaceMember)))
	mux.HandleFunc("POST /users", n.needToken(n.within(2*time.Second, n.postUser)))
	mux.HandleFunc("DELETE /users/{access_key}", n.needToken(n.within(2*time.Second, n.deleteUser)))
	if n.cfg.plantable {
		mux.HandleFunc("/plant", n.needToken(n.within(2*time.Second, n.plant)))
	}
	return mux
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

func failure(w http.ResponseWriter, code int, msg string) {
	answer(w, code, map[string]string{"error": msg})
}

// needToken lets only holders of the admin token through.
func (n *node) needToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if n.cfg.adminToken == "" || !ok || subtle.ConstantTimeCompare([]byte(got), []byte(n.cfg.adminToken)) != 1 {
			failure(w, http.StatusUnauthorized, "a bearer token is needed")
			return
		}
		next(w, r)
	}
}

// within gives a handler a time limit. Until the member has started, it
// answers 503 in its place.
func (n *node) within(limit time.Duration, h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !n.started.Load() {
			failure(w, http.StatusServiceUnavailable, "the member has not started yet")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		v, err := h(ctx, r)
		if refused, ok := errors.AsType[refusal](err); ok {
			failure(w, refused.code, refused.reason)
		} else if err != nil {
			failure(w, http.StatusServiceUnavailable, err.Error())
		} else {
			answer(w, http.StatusOK, v)
		}
	}
}

// readyz is 200 only if a quorum confirmed a read just now, this member
// votes, and the S3 endpoint is open.
func (n *node) readyz(ctx context.Context, _ *http.Request) (any, error) {
	switch {
	case !n.listening.Load() || n.stopping.Load():
		return nil, errors.New("the S3 endpoint is not open")
	case n.member.linearizable(ctx) != nil:
		return nil, errNoQuorum
	case !n.member.voter():
		return nil, errors.New("not a voting member yet")
	}
	return "ok", nil
}

func (n *node) check(ctx context.Context, _ *http.Request) (any, error) {
	rep, err := n.store.Check(ctx)
	if err == nil {
		n.metrics.checks.Inc()
		n.metrics.divergence.Set(float64(len(rep.Divergences)))
	}
	return rep, err
}

func (n *node) plant(ctx context.Context, r *http.Request) (any, error) {
	in, err := words(r)
	if err != nil {
		return nil, err
	}
	there, err := n.store.Plant(ctx, in["bucket"], in["key"], r.Method == http.MethodDelete)
	if err == nil && !there && r.Method == http.MethodPost {
		err = refusal{http.StatusNotFound, "there is no such object"}
	}
	return map[string]bool{"moved": there}, err
}

// words reads a JSON object of strings.
func words(r *http.Request) (in map[string]string, err error) {
	if json.NewDecoder(io.LimitReader(r.Body, 1<<16)).Decode(&in) != nil {
		err = refusal{http.StatusBadRequest, "the body is not the JSON that is needed"}
	}
	return in, err
}

func (n *node) postUser(ctx context.Context, r *http.Request) (any, error) {
	in, err := words(r)
	if err != nil {
		return nil, err
	}
	access := in["access_key"]
	if access == "" || len(in["secret_key"]) < 8 || strings.ContainsAny(access, "/,= \x00") || in["role"] != "admin" {
		return nil, refusal{http.StatusBadRequest, "access_key, secret_key (8 characters or more) and role (admin) are needed"}
	}
	return n.changeUser(ctx, access, clientv3.OpPut(store.UserPrefix+access, in["secret_key"]))
}

func (n *node) deleteUser(ctx context.Context, r *http.Request) (any, error) {
	access := r.PathValue("access_key")
	return n.changeUser(ctx, access, clientv3.OpDelete(store.UserPrefix+access))
}

// changeUser returns once a quorum has the change.
func (n *node) changeUser(ctx context.Context, access string, op clientv3.Op) (any, error) {
	if _, ok := n.users.fixed[access]; ok {
		return nil, refusal{http.StatusConflict, "this credential comes from the environment"}
	}
	_, err := n.member.client.Do(ctx, op)
	return map[string]string{"access_key": access}, err
}
