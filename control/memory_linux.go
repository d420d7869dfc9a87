package main

import (
	_ "unsafe" // for go:linkname

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// boltOpenOptions are etcd's own, which it offers no way to set. It asks for
// all of the database to be mapped when it is opened (MAP_POPULATE), so a node
// that restarts would hold as much memory as its disk holds data.
//
//go:linkname boltOpenOptions go.etcd.io/etcd/server/v3/storage/backend.boltOpenOptions
var boltOpenOptions *bbolt.Options

func init() { boltOpenOptions.MmapFlags &^= unix.MAP_POPULATE }
