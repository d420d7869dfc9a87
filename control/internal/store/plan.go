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
	if v.bucket.Versioning == string(types.BucketVersioningStatusEnabled) {
		h.ID = newVersionID(h.Seq)
	}
	return h
}

// push plans a new latest version. Where versions are not kept, the previous
// null version goes, and its data becomes garbage.
func (s *Store) push(deadline time.Time, bucket, key string, v view, ver Version) (*change, error) {
	h := nextHead(v, ver)
	c := &change{head: h}
	if h.ID == nullVersion {
		old, err := s.nullOf(deadline, bucket, key, v)
		if err != nil {
			return nil, err
		}
		if old != nil {
			c.ops = append(s.drop(old.Segments), clientv3.OpDelete(versionKey(bucket, key, old.Seq)))
		}
		h.Null = h.Seq
	}
	c.ops = append(c.ops, put(versionKey(bucket, key, h.Seq), &h.Version))
	return c, nil
}

// nullOf reads the null version of the key that v shows; nil if there is none.
func (s *Store) nullOf(deadline time.Time, bucket, key string, v view) (*Version, error) {
	if v.head == nil || v.head.Null == 0 {
		return nil, nil
	}
	if v.head.Seq == v.head.Null {
		return &v.head.Version, nil
	}
	return s.versionAt(deadline, bucket, key, v.head.Null)
}

// versionAt reads a version by its sequence number; nil if there is none.
func (s *Store) versionAt(deadline time.Time, bucket, key string, seq uint64) (*Version, error) {
	kvs, err := s.get(deadline, versionKey(bucket, key, seq))
	if err != nil || kvs[0] == nil {
		return nil, err
	}
	return decode[Version](kvs[0].Value)
}
