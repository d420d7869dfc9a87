// Command ha-control is a small highly available S3 store on three embedded
// etcd members. It exists so that a conformance suite can show what a passing
// candidate looks like; it is a control, not a product.
package main

import (
	"flag"
	"fmt"
	"os"

	"go.etcd.io/etcd/client/pkg/v3/types"
)

var version = "1.0.0" // the suite builds a second one, for rolling upgrades: -ldflags=-X main.version=…

func main() {
	if len(os.Args) < 2 {
		usage()
	}
	switch os.Args[1] {
	case "version":
		fmt.Println("ha-control", version)
	case "serve":
		cfg, err := parseServe(os.Args[2:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "ha-control:", err)
			os.Exit(2)
		}
		if err := serve(cfg); err != nil {
			fmt.Fprintln(os.Stderr, "ha-control:", err)
			os.Exit(1)
		}
	default:
		usage()
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: ha-control serve [flags] | ha-control version")
	os.Exit(2)
}

// config is what one node needs to know.
type config struct {
	name, dataDir                      string
	s3Listen, adminListen, peerListen  string
	initialCluster, clusterState       string
	peers                              types.URLsMap // of initialCluster, by name
	rootAccess, rootSecret, adminToken string
	readAccess, readSecret             string
	plantable                          bool
}

// parseServe reads the flags, and the secrets from the environment only.
func parseServe(args []string) (config, error) {
	var c config
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.StringVar(&c.name, "name", "", "name of this node in the cluster")
	fs.StringVar(&c.dataDir, "data-dir", "", "folder for this node's data")
	fs.StringVar(&c.s3Listen, "s3-listen", "", "HOST:PORT of the S3 endpoint")
	fs.StringVar(&c.adminListen, "admin-listen", "", "HOST:PORT of probes, metrics and administration")
	fs.StringVar(&c.peerListen, "peer-listen", "", "HOST:PORT for the other nodes")
	fs.StringVar(&c.initialCluster, "initial-cluster", "", "NAME=http://HOST:PORT,... of all nodes")
	fs.BoolVar(&c.plantable, "plantable", false, "a disposable store: POST /plant makes its index and its data disagree")
	fs.StringVar(&c.clusterState, "cluster-state", "new", "new; existing for a node that joins with an empty folder; or auto: the node finds out by asking the others")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	c.rootAccess, c.rootSecret = os.Getenv("CONTROL_ROOT_ACCESS_KEY"), os.Getenv("CONTROL_ROOT_SECRET_KEY")
	c.readAccess, c.readSecret = os.Getenv("CONTROL_READONLY_ACCESS_KEY"), os.Getenv("CONTROL_READONLY_SECRET_KEY")
	c.adminToken = os.Getenv("CONTROL_ADMIN_TOKEN")
	for _, given := range []struct{ flag, value string }{
		{"--name", c.name}, {"--data-dir", c.dataDir}, {"--s3-listen", c.s3Listen}, {"--admin-listen", c.adminListen},
		{"--peer-listen", c.peerListen}, {"--initial-cluster", c.initialCluster},
		{"CONTROL_ROOT_ACCESS_KEY", c.rootAccess}, {"CONTROL_ROOT_SECRET_KEY", c.rootSecret},
	} {
		if given.value == "" {
			return c, fmt.Errorf("%s is missing", given.flag)
		}
	}
	if c.clusterState != stateNew && c.clusterState != stateExisting && c.clusterState != stateAuto {
		return c, fmt.Errorf("--cluster-state is %q, not new, existing or auto", c.clusterState)
	}
	peers, err := types.NewURLsMap(c.initialCluster)
	if err != nil {
		return c, fmt.Errorf("--initial-cluster is not NAME=http://HOST:PORT,...: %w", err)
	}
	if peers[c.name] == nil {
		return c, fmt.Errorf("--initial-cluster does not name %s", c.name)
	}
	c.peers = peers
	return c, nil
}
