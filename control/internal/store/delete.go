package store

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
)

// DeleteObject removes a key, puts a delete marker on it, or removes one
// version of it, as the bucket's versioning state and the request say.
func (s *Store) DeleteObject(ctx context.Context, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	return s.remove(deadline(ctx), str(in.Bucket), str(in.Key), str(in.VersionId))
}

func (s *Store) remove(dl time.Time, bucket, key, id string) (*s3.DeleteObjectOutput, error) {
	if err := validKey(key); err != nil {
		return nil, err
	}
	out := &s3.DeleteObjectOutput{}
	err := s.mutate(dl, bucket, key, func(v view) (*change, error) {
		*out = s3.DeleteObjectOutput{}
		if id != "" {
			return s.planRemoveVersion(dl, bucket, key, id, v, out)
		}
		if v.bucket.Versioning == "" {
			return s.planRemoveVersion(dl, bucket, key, nullVersion, v, &s3.DeleteObjectOutput{})
		}
		c, err := s.push(dl, bucket, key, v, Version{Marker: true, Time: time.Now().UTC()})
		if err != nil {
			return nil, err
		}
		out.DeleteMarker, out.VersionId = new(true), &c.head.ID
		return c, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// planRemoveVersion removes one version. If it is the latest, the next newest
// becomes the head in the same transaction.
func (s *Store) planRemoveVersion(dl time.Time, bucket, key, id string, v view, out *s3.DeleteObjectOutput) (*change, error) {
	out.VersionId = &id
	ver, err := s.versionOf(dl, bucket, key, id, v)
	if err != nil {
		return nil, err
	}
	if ver == nil || v.head == nil {
		return &change{none: true}, nil
	}
	if ver.Marker {
		out.DeleteMarker = new(true)
	}
	c := &change{ops: append(s.drop(ver.Segments), clientv3.OpDelete(versionKey(bucket, key, ver.Seq)))}
	head := *v.head
	if head.Null == ver.Seq {
		head.Null = 0
	}
	if head.Seq == ver.Seq {
		next, err := s.newestBelow(dl, bucket, key, ver.Seq)
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
	resp, err := s.read(dl, clientv3.OpGet(from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(versionsOf(bucket, key))), clientv3.WithLimit(1)))
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
	if _, _, err := s.bucket(deadline(ctx), str(in.Bucket)); err != nil {
		return s3response.DeleteResult{}, err
	}
	var res s3response.DeleteResult
	var mu sync.Mutex // guards res
	end := time.Now().Add(Budget + time.Duration(len(in.Delete.Objects))*10*time.Millisecond)
	var work errgroup.Group
	work.SetLimit(8)
	for _, o := range in.Delete.Objects {
		work.Go(func() error {
			out, err := s.removeOne(end, str(in.Bucket), o)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				res.Error = append(res.Error, deleteError(o, err))
				return nil
			}
			d := types.DeletedObject{Key: o.Key, VersionId: o.VersionId, DeleteMarker: out.DeleteMarker}
			if d.DeleteMarker != nil {
				d.DeleteMarkerVersionId = out.VersionId
			}
			res.Deleted = append(res.Deleted, d)
			return nil
		})
	}
	_ = work.Wait()
	return res, nil
}

func (s *Store) removeOne(end time.Time, bucket string, o types.ObjectIdentifier) (*s3.DeleteObjectOutput, error) {
	if o.ETag != nil || o.LastModifiedTime != nil || o.Size != nil {
		return nil, s3err.GetAPIError(s3err.ErrNotImplemented)
	}
	return s.remove(time.Now().Add(min(Budget, time.Until(end))), bucket, str(o.Key), str(o.VersionId))
}

func deleteError(o types.ObjectIdentifier, err error) types.Error {
	api := s3err.GetAPIError(s3err.ErrInternalError)
	if e, ok := err.(s3err.S3Error); ok {
		api = e.BaseError()
	}
	return types.Error{Key: o.Key, VersionId: o.VersionId, Code: &api.Code, Message: &api.Description}
}
