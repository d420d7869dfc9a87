package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	clientv3 "go.etcd.io/etcd/client/v3"
	"tofustate.local/control/internal/store"
)

// adminHandler serves probes, metrics, the check and the changes that need
// the admin token.
func (n *node) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /check", n.needEtcd(n.check))
	mux.HandleFunc("GET /members", n.needEtcd(n.listMembers))
	mux.HandleFunc("POST /members/replace", n.needToken(n.needEtcd(n.replaceMember)))
	mux.HandleFunc("POST /users", n.needToken(n.needEtcd(n.postUser)))
	mux.HandleFunc("DELETE /users/{access_key}", n.needToken(n.needEtcd(n.deleteUser)))
	if n.cfg.plantable {
		mux.HandleFunc("POST /plant", n.needToken(n.needEtcd(n.plant)))
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

// needEtcd answers 503 until the member has started.
func (n *node) needEtcd(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !n.started.Load() {
			failure(w, http.StatusServiceUnavailable, "the member has not started yet")
			return
		}
		next(w, r)
	}
}

// readyz is 200 only if a quorum confirmed a read just now, this member
// votes, and the S3 endpoint is open.
func (n *node) readyz(w http.ResponseWriter, r *http.Request) {
	if !n.listening.Load() || n.stopping.Load() {
		failure(w, http.StatusServiceUnavailable, "the S3 endpoint is not open")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := n.member.linearizable(ctx); err != nil {
		failure(w, http.StatusServiceUnavailable, "no quorum")
		return
	}
	if !n.member.voter() {
		failure(w, http.StatusServiceUnavailable, "not a voting member yet")
		return
	}
	answer(w, http.StatusOK, "ok")
}

func (n *node) check(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Minute)
	defer cancel()
	rep, err := n.store.Check(ctx)
	if err != nil {
		failure(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	n.metrics.checks.Inc()
	n.metrics.divergence.Set(float64(len(rep.Divergences)))
	answer(w, http.StatusOK, rep)
}

func (n *node) plant(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Bucket string `json:"bucket"`
		Key    string `json:"key"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	there, err := n.store.Plant(r.Context(), in.Bucket, in.Key)
	switch {
	case err != nil:
		failure(w, http.StatusServiceUnavailable, err.Error())
	case !there:
		failure(w, http.StatusNotFound, "there is no such object")
	default:
		answer(w, http.StatusOK, "the index has lost it")
	}
}

// readJSON reads a request's body, or answers 400.
func readJSON(w http.ResponseWriter, r *http.Request, in any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(in)
	if err != nil {
		failure(w, http.StatusBadRequest, "the body is not the JSON that is needed")
	}
	return err == nil
}

func (n *node) postUser(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Access string `json:"access_key"`
		Secret string `json:"secret_key"`
		Role   string `json:"role"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	if in.Access == "" || len(in.Secret) < 8 || strings.ContainsAny(in.Access, "/,= \x00") || in.Role != "admin" {
		failure(w, http.StatusBadRequest, "access_key, secret_key (8 characters or more) and role (admin) are needed")
		return
	}
	n.changeUser(w, r, in.Access, clientv3.OpPut(store.UserPrefix+in.Access, in.Secret))
}

func (n *node) deleteUser(w http.ResponseWriter, r *http.Request) {
	access := r.PathValue("access_key")
	n.changeUser(w, r, access, clientv3.OpDelete(store.UserPrefix+access))
}

// changeUser answers once a quorum has the change.
func (n *node) changeUser(w http.ResponseWriter, r *http.Request, access string, op clientv3.Op) {
	if _, ok := n.users.fixed[access]; ok {
		failure(w, http.StatusConflict, "this credential comes from the environment")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if _, err := n.member.client.Do(ctx, op); err != nil {
		failure(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"access_key": access})
}
