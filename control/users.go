package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/versity/versitygw/auth"
	clientv3 "go.etcd.io/etcd/client/v3"
	"tofustate.local/control/internal/store"
)

const (
	roleAdmin    = "admin"
	roleReadOnly = "readonly"
)

// user is a credential as etcd keeps it.
type user struct {
	Secret string `json:"secret_key"`
	Role   string `json:"role"`
}

// users is the gateway's credential service: the ones from the environment,
// and those in etcd, which a watch keeps current.
type users struct {
	client *clientv3.Client
	fixed  map[string]user
	mu     sync.RWMutex
	known  map[string]user
}

var _ auth.IAMService = (*users)(nil)

var errFixedUser = errors.New("this credential comes from the environment")

func newUsers(client *clientv3.Client, c config) *users {
	u := &users{client: client, known: map[string]user{}, fixed: map[string]user{c.rootAccess: {c.rootSecret, roleAdmin}}}
	if c.readAccess != "" && c.readSecret != "" {
		u.fixed[c.readAccess] = user{c.readSecret, roleReadOnly}
	}
	return u
}

// load reads all credentials with one linearizable read and returns its
// revision.
func (u *users) load(ctx context.Context) (int64, error) {
	resp, err := u.client.Get(ctx, store.UserPrefix, clientv3.WithPrefix())
	if err != nil {
		return 0, err
	}
	known := map[string]user{}
	for _, kv := range resp.Kvs {
		var v user
		if json.Unmarshal(kv.Value, &v) == nil {
			known[strings.TrimPrefix(string(kv.Key), store.UserPrefix)] = v
		}
	}
	u.mu.Lock()
	u.known = known
	u.mu.Unlock()
	return resp.Header.Revision, nil
}

// follow keeps the credentials current from a revision on, until ctx ends.
func (u *users) follow(ctx context.Context, rev int64) {
	for ctx.Err() == nil {
		w, cancel := context.WithCancel(ctx)
		for resp := range u.client.Watch(w, store.UserPrefix, clientv3.WithPrefix(), clientv3.WithRev(rev+1)) {
			if resp.Err() != nil {
				break
			}
			u.apply(resp.Events)
			rev = max(rev, resp.Header.Revision)
		}
		cancel()
		for ctx.Err() == nil { // the watch broke: start over from a full read
			r, cancel := context.WithTimeout(ctx, time.Second)
			fresh, err := u.load(r)
			cancel()
			if err == nil {
				rev = fresh
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}

func (u *users) apply(events []*clientv3.Event) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, e := range events {
		name := strings.TrimPrefix(string(e.Kv.Key), store.UserPrefix)
		var v user
		if e.Type == clientv3.EventTypeDelete || json.Unmarshal(e.Kv.Value, &v) != nil {
			delete(u.known, name)
			continue
		}
		u.known[name] = v
	}
}

func (u *users) find(access string) (user, bool) {
	if v, ok := u.fixed[access]; ok {
		return v, true
	}
	u.mu.RLock()
	defer u.mu.RUnlock()
	v, ok := u.known[access]
	return v, ok
}

func (u *users) readOnly(access string) bool {
	v, ok := u.find(access)
	return ok && v.Role == roleReadOnly
}

// GetUserAccount is what the gateway verifies a signature against.
func (u *users) GetUserAccount(access string) (auth.Account, error) {
	v, ok := u.find(access)
	if !ok {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	a := auth.Account{Access: access, Secret: v.Secret, Role: auth.RoleAdmin}
	if v.Role == roleReadOnly {
		a.ProjectID = store.ReadOnlyMark // the store refuses its writes
	}
	return a, nil
}

// ResolveAccounts returns those of the keys that are unknown.
func (u *users) ResolveAccounts(keys []string) ([]string, error) {
	missing := []string{}
	for _, k := range keys {
		if _, ok := u.find(k); !ok {
			missing = append(missing, k)
		}
	}
	return missing, nil
}

// set stores a credential. It returns once a quorum has it.
func (u *users) set(ctx context.Context, access string, v user) error {
	if _, ok := u.fixed[access]; ok {
		return errFixedUser
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = u.client.Put(ctx, store.UserPrefix+access, string(b))
	return err
}

// remove deletes a credential and tells whether there was one.
func (u *users) remove(ctx context.Context, access string) (bool, error) {
	if _, ok := u.fixed[access]; ok {
		return false, errFixedUser
	}
	resp, err := u.client.Delete(ctx, store.UserPrefix+access)
	if err != nil {
		return false, err
	}
	return resp.Deleted > 0, nil
}

// The gateway's own user administration is not served; use the admin API.

func (u *users) CreateAccount(auth.Account) error { return errors.ErrUnsupported }
func (u *users) UpdateUserAccount(string, auth.MutableProps) error {
	return errors.ErrUnsupported
}
func (u *users) DeleteUserAccount(string) error            { return errors.ErrUnsupported }
func (u *users) ListUserAccounts() ([]auth.Account, error) { return nil, errors.ErrUnsupported }
func (u *users) Shutdown() error                           { return nil }
