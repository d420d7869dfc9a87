package main

import (
	"context"
	"encoding/json"
	"errors"
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
// and those in etcd, which are read anew for each request.
type users struct {
	client *clientv3.Client
	fixed  map[string]user
}

var _ auth.IAMService = (*users)(nil)

var errFixedUser = errors.New("this credential comes from the environment")

func newUsers(client *clientv3.Client, c config) *users {
	u := &users{client: client, fixed: map[string]user{c.rootAccess: {c.rootSecret, roleAdmin}}}
	if c.readAccess != "" && c.readSecret != "" {
		u.fixed[c.readAccess] = user{c.readSecret, roleReadOnly}
	}
	return u
}

func (u *users) find(access string) (v user, err error) {
	if v, ok := u.fixed[access]; ok {
		return v, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	resp, err := u.client.Get(ctx, store.UserPrefix+access)
	if err != nil {
		return v, store.ErrUnavailable
	}
	if len(resp.Kvs) == 0 {
		return v, auth.ErrNoSuchUser
	}
	return v, json.Unmarshal(resp.Kvs[0].Value, &v)
}

// GetUserAccount is what the gateway verifies a signature against.
func (u *users) GetUserAccount(access string) (auth.Account, error) {
	v, err := u.find(access)
	if err != nil {
		return auth.Account{}, err
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
		if _, err := u.find(k); errors.Is(err, auth.ErrNoSuchUser) {
			missing = append(missing, k)
		} else if err != nil {
			return nil, err
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

func (u *users) CreateAccount(auth.Account) error                  { return errors.ErrUnsupported }
func (u *users) UpdateUserAccount(string, auth.MutableProps) error { return errors.ErrUnsupported }
func (u *users) DeleteUserAccount(string) error                    { return errors.ErrUnsupported }
func (u *users) ListUserAccounts() ([]auth.Account, error)         { return nil, errors.ErrUnsupported }
func (u *users) Shutdown() error                                   { return nil }
