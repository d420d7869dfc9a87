package store

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// DeleteObject removes a key, puts a delete marker on it, or removes one
// version of it, as the bucket's versioning state and the request say.
func (s *Store) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	if err := writable(ctx); err != nil {
		return nil, err
	}
	pre := backend.ObjectDeletePreconditions{IfMatch: in.IfMatch, IfMatchLastModTime: in.IfMatchLastModifiedTime, IfMatchSize: in.IfMatchSize}
	return s.remove(deadline(ctx), str(in.Bucket), str(in.Key), str(in.VersionId), pre)
}

func (s *Store) remove(dl time.Time, bucket, key, id string, pre backend.ObjectDeletePreconditions) (*s3.DeleteObjectOutput, error) {
	if err := validKey(key); err != nil {
		return nil, err
	}
	out := &s3.DeleteObjectOutput{}
	err := s.mutate(dl, bucket, key, func(v view) (*change, error) {
		*out = s3.DeleteObjectOutput{}
		if id != "" {
			return s.planRemoveVersion(dl, bucket, key, id, v, pre, out)
		}
		if v.head != nil && !v.head.Marker {
			if err := backend.EvaluateObjectDeletePreconditions(v.head.ETag, v.head.Time, v.head.Size, pre); err != nil {
				return nil, err
			}
		}
		if v.bucket.Versioning == "" {
			return planRemove(bucket, key, v), nil
		}
		old, err := s.nullOf(dl, bucket, key, v)
		if err != nil {
			return nil, err
		}
		c := push(bucket, key, v, Version{Marker: true, Data: newID(), Time: time.Now().UTC()}, old)
		out.DeleteMarker, out.VersionId = ptr(true), &c.head.ID
		return c, nil
	})
	if errors.Is(err, errExtra) {
		err = ErrUnavailable
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// planRemove removes a key of a bucket that has never kept versions.
func planRemove(bucket, key string, v view) *change {
	if v.head == nil {
		return &change{none: true}
	}
	c := &change{ops: garbage(&v.head.Version)}
	c.ops = append(c.ops, clientv3.OpDelete(versionKey(bucket, key, v.head.Seq)))
	return c
}

// planRemoveVersion removes one version. If it is the latest, the next newest
// becomes the head in the same transaction.
func (s *Store) planRemoveVersion(dl time.Time, bucket, key, id string, v view, pre backend.ObjectDeletePreconditions, out *s3.DeleteObjectOutput) (*change, error) {
	out.VersionId = &id
	seq, ok := versionSeq(id)
	if id == nullVersion && v.head != nil {
		seq, ok = v.head.Null, true
	}
	if !ok && id != nullVersion {
		return nil, s3err.GetInvalidArgumentErr(s3err.InvalidArgVersionId, id)
	}
	if v.head == nil || seq == 0 {
		return &change{none: true}, nil
	}
	ver, err := s.versionAt(dl, bucket, key, seq)
	if err != nil {
		return nil, err
	}
	if ver == nil || ver.ID != id {
		return &change{none: true}, nil
	}
	if err := backend.EvaluateObjectDeletePreconditions(ver.ETag, ver.Time, ver.Size, pre); err != nil {
		return nil, err
	}
	if ver.Marker {
		out.DeleteMarker = ptr(true)
	}
	c := &change{ops: garbage(ver)}
	c.ops = append(c.ops, clientv3.OpDelete(versionKey(bucket, key, seq)))
	head := *v.head
	if head.Null == seq {
		head.Null = 0
	}
	if v.head.Seq == seq {
		next, err := s.newestBelow(dl, bucket, key, seq)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return c, nil // the last version: the key is gone
		}
		head.Version = *next
	}
	c.head = &head
	return c, nil
}

// newestBelow is the newest version older than seq. Every change of a version
// also changes the head, so what it reads is current if the head still is.
func (s *Store) newestBelow(dl time.Time, bucket, key string, seq uint64) (*Version, error) {
	from := versionKey(bucket, key, seq) + "\x00"
	resp, err := s.read(dl, clientv3.OpGet(from, clientv3.WithRange(prefixEnd(versionsOf(bucket, key))), clientv3.WithLimit(1)))
	if err != nil {
		return nil, err
	}
	kvs := resp.Responses[0].GetResponseRange().Kvs
	if len(kvs) == 0 {
		return nil, nil
	}
	return decode[Version](kvs[0].Value)
}

// DeleteObjects deletes each object in a transaction of its own; what failed
// is reported for each.
func (s *Store) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput) (s3response.DeleteResult, error) {
	if err := writable(ctx); err != nil {
		return s3response.DeleteResult{}, err
	}
	if _, _, err := s.bucket(deadline(ctx), str(in.Bucket)); err != nil {
		return s3response.DeleteResult{}, err
	}
	objs := in.Delete.Objects
	deleted, failed := make([]*types.DeletedObject, len(objs)), make([]error, len(objs))
	free := make(chan struct{}, 8)
	var wg sync.WaitGroup
	dl := time.Now().Add(Budget + time.Duration(len(objs))*10*time.Millisecond)
	for i := range objs {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			o := objs[i]
			pre := backend.ObjectDeletePreconditions{IfMatch: backend.TrimEtag(o.ETag), IfMatchLastModTime: o.LastModifiedTime, IfMatchSize: o.Size}
			out, err := s.remove(minTime(dl, time.Now().Add(Budget)), str(in.Bucket), str(o.Key), str(o.VersionId), pre)
			if err != nil {
				failed[i] = err
				return
			}
			d := &types.DeletedObject{Key: o.Key, VersionId: o.VersionId}
			if out.DeleteMarker != nil {
				d.DeleteMarker, d.DeleteMarkerVersionId = out.DeleteMarker, out.VersionId
			}
			deleted[i] = d
		})
	}
	wg.Wait()
	var res s3response.DeleteResult
	for i, o := range objs {
		if failed[i] != nil {
			res.Error = append(res.Error, deleteError(o, failed[i]))
			continue
		}
		res.Deleted = append(res.Deleted, *deleted[i])
	}
	return res, nil
}

func deleteError(o types.ObjectIdentifier, err error) types.Error {
	api := s3err.GetAPIError(s3err.ErrInternalError)
	if e, ok := err.(s3err.S3Error); ok {
		api = e.BaseError()
	}
	return types.Error{Key: o.Key, VersionId: o.VersionId, Code: &api.Code, Message: &api.Description}
}

func minTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
