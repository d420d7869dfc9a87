package store

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// nextHead is the head that follows v with a new version on top. Numbering
// and version id follow from the bucket's versioning state.
func nextHead(v view, ver Version) *Head {
	h := &Head{Version: ver, Next: 1}
	if v.head != nil {
		h.Next, h.Null = v.head.Next, v.head.Null
	}
	h.Seq = h.Next
	h.Next++
	h.ID = nullVersion
	if v.bucket.versioned() {
		h.ID = newVersionID(h.Seq)
	}
	return h
}

func (b *Bucket) versioned() bool {
	return b.Versioning == string(types.BucketVersioningStatusEnabled)
}

// push plans a new latest version. Where versions are not kept, the previous
// null version goes, and its data becomes garbage; old must then be that
// version.
func push(bucket, key string, v view, ver Version, old *Version) *change {
	h := nextHead(v, ver)
	c := &change{head: h}
	if h.ID == nullVersion {
		if old != nil {
			c.ops = append(c.ops, clientv3.OpDelete(versionKey(bucket, key, old.Seq)))
			c.ops = append(c.ops, garbage(old)...)
		}
		h.Null = h.Seq
	}
	c.ops = append(c.ops, put(versionKey(bucket, key, h.Seq), &h.Version))
	return c
}

// garbage is the operation that gives a version's data to the collector.
func garbage(v *Version) []clientv3.Op {
	if v.Marker {
		return nil
	}
	g := Garbage{}
	if v.Spilled {
		g.Manifest = v.Data
	}
	for _, seg := range v.Segments {
		g.Data = append(g.Data, seg.Data)
	}
	return garbageOps(g)
}

func garbageOps(g Garbage) []clientv3.Op {
	if len(g.Data) == 0 && g.Manifest == "" {
		return nil
	}
	k := garbagePrefix + time.Now().UTC().Format("20060102T150405.000") + "-" + newID()
	return []clientv3.Op{put(k, g)}
}

// nullOf reads the null version that a write to v would replace.
func (s *Store) nullOf(deadline time.Time, bucket, key string, v view) (*Version, error) {
	if v.head == nil || v.head.Null == 0 || v.bucket.versioned() {
		return nil, nil
	}
	if v.head.Seq == v.head.Null {
		return &v.head.Version, nil
	}
	return s.versionAt(deadline, bucket, key, v.head.Null)
}

// versionAt reads a version by its sequence number; nil if there is none.
func (s *Store) versionAt(deadline time.Time, bucket, key string, seq uint64) (*Version, error) {
	resp, err := s.read(deadline, clientv3.OpGet(versionKey(bucket, key, seq)))
	if err != nil {
		return nil, err
	}
	kvs := resp.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, nil
	}
	return decode[Version](kvs[0].Value)
}
