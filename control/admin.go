package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminHandler serves probes, metrics, the check and the changes that need
// the admin token.
func (n *node) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", n.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /check", n.needEtcd(n.check))
	mux.HandleFunc("GET /members", n.needEtcd(n.listMembers))
	mux.HandleFunc("POST /members/replace", n.needToken(n.needEtcd(n.replaceMember)))
	mux.HandleFunc("POST /users", n.needToken(n.needEtcd(n.postUser)))
	mux.HandleFunc("DELETE /users/{access_key}", n.needToken(n.needEtcd(n.deleteUser)))
	return mux
}

func text(w http.ResponseWriter, code int, s string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(s + "\n"))
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
		text(w, http.StatusServiceUnavailable, "the S3 endpoint is not open")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := n.member.linearizable(ctx); err != nil {
		text(w, http.StatusServiceUnavailable, "no quorum")
		return
	}
	if !n.member.voter() {
		text(w, http.StatusServiceUnavailable, "not a voting member yet")
		return
	}
	text(w, http.StatusOK, "ok")
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

func (n *node) postUser(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Access string `json:"access_key"`
		Secret string `json:"secret_key"`
		Role   string `json:"role"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in); err != nil {
		failure(w, http.StatusBadRequest, "the body is not the JSON of a credential")
		return
	}
	if in.Access == "" || len(in.Secret) < 8 || strings.ContainsAny(in.Access, "/,= \x00") || in.Role != roleAdmin && in.Role != roleReadOnly {
		failure(w, http.StatusBadRequest, "access_key, secret_key (8 characters or more) and role (admin or readonly) are needed")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if err := n.users.set(ctx, in.Access, user{in.Secret, in.Role}); err != nil {
		failure(w, userStatus(err), err.Error())
		return
	}
	answer(w, http.StatusOK, map[string]string{"access_key": in.Access, "role": in.Role})
}

func (n *node) deleteUser(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	access := r.PathValue("access_key")
	found, err := n.users.remove(ctx, access)
	switch {
	case err != nil:
		failure(w, userStatus(err), err.Error())
	case !found:
		failure(w, http.StatusNotFound, "no such credential")
	default:
		answer(w, http.StatusOK, map[string]string{"access_key": access})
	}
}

func userStatus(err error) int {
	if errors.Is(err, errFixedUser) {
		return http.StatusConflict
	}
	return http.StatusServiceUnavailable
}
