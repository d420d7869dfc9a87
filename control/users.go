package main

import (
	"context"
	"time"

	"github.com/versity/versitygw/auth"
	clientv3 "go.etcd.io/etcd/client/v3"
	"tofustate.local/control/internal/store"
)

// users is the gateway's credential service: the ones from the environment,
// and the secrets in etcd of those that were added, which are administrators
// and are read anew for each request. The gateway's own user administration is
// not served.
type users struct {
	auth.IAMServiceSingle
	client *clientv3.Client
	fixed  map[string]auth.Account
}

var _ auth.IAMService = (*users)(nil)

func newUsers(client *clientv3.Client, c config) *users {
	u := &users{client: client, fixed: map[string]auth.Account{
		c.rootAccess: {Access: c.rootAccess, Secret: c.rootSecret, Role: auth.RoleAdmin},
	}}
	if c.readAccess != "" && c.readSecret != "" {
		u.fixed[c.readAccess] = auth.Account{Access: c.readAccess, Secret: c.readSecret, Role: auth.RoleUser}
	}
	return u
}

// GetUserAccount is what the gateway verifies a signature against.
func (u *users) GetUserAccount(access string) (auth.Account, error) {
	if a, ok := u.fixed[access]; ok {
		return a, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	resp, err := u.client.Get(ctx, store.UserPrefix+access)
	if err != nil {
		return auth.Account{}, store.ErrUnavailable
	}
	if len(resp.Kvs) == 0 {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return auth.Account{Access: access, Secret: string(resp.Kvs[0].Value), Role: auth.RoleAdmin}, nil
}
