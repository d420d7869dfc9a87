package store

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// pageSize is how many records one read of a listing fetches.
const pageSize = 500

type visit func(kv *mvccpb.KeyValue) (skip string, stop bool, err error)

// walk calls fn for each record from key from up to end, all at one revision:
// rev, or that of its first, linearizable read. fn returns where to go on (""
// for the next record) or stops. It reads pages of at most limit records.
func (s *Store) walk(dl time.Time, rev int64, from, end string, limit int, fn visit) error {
	limit = max(2, min(limit, pageSize))
	for from < end {
		resp, err := s.read(dl, clientv3.OpGet(from, clientv3.WithRange(end), clientv3.WithLimit(int64(limit)), clientv3.WithRev(rev)))
		if err != nil {
			return err
		}
		if rev == 0 {
			rev = resp.Header.Revision
		}
		page := resp.Responses[0].GetResponseRange()
		for _, kv := range page.Kvs {
			k := string(kv.Key)
			if k < from {
				continue
			}
			skip, stop, err := fn(kv)
			if err != nil || stop {
				return err
			}
			if from = k + "\x00"; skip != "" {
				from = skip
			}
		}
		if !page.More {
			return nil
		}
	}
	return nil
}

// listing is one page of a listing of objects.
type listing struct {
	objects   []s3response.Object
	prefixes  []types.CommonPrefix
	truncated bool
	next      string // the last key or common prefix of the page
}

// list lists the keys after a marker. A marker that is itself a common prefix
// stands for all its keys.
func (s *Store) list(dl time.Time, bucket, prefix, delimiter, after string, maxKeys int) (*listing, error) {
	if _, _, err := s.bucket(dl, bucket); err != nil {
		return nil, err
	}
	l := &listing{}
	base := headRange(bucket)
	from := startOf(base, prefix, delimiter, after, "\x00")
	err := s.walk(dl, 0, from, prefixEnd(base+prefix), maxKeys+1, func(kv *mvccpb.KeyValue) (string, bool, error) {
		key := string(kv.Key)[len(base):]
		head, err := decode[Head](kv.Value)
		if err != nil {
			return "", true, err
		}
		if head.Marker {
			return "", false, nil
		}
		if len(l.objects)+len(l.prefixes) == maxKeys {
			l.truncated = maxKeys > 0
			return "", true, nil
		}
		if cp, ok := commonPrefix(key, prefix, delimiter); ok {
			l.prefixes = append(l.prefixes, types.CommonPrefix{Prefix: &cp})
			l.next = cp
			return prefixEnd(base + cp), false, nil
		}
		l.next = key
		l.objects = append(l.objects, s3response.Object{
			Key: &key, ETag: new(quote(head.ETag)), Size: &head.Size, LastModified: &head.Time,
			StorageClass: types.ObjectStorageClassStandard,
		})
		return "", false, nil
	})
	return l, err
}

// startOf is the first record of a listing: the first with the prefix, or the
// first after the marker.
func startOf(base, prefix, delimiter, after, past string) string {
	if after == "" || after < prefix {
		return base + prefix
	}
	if cp, ok := commonPrefix(after, prefix, delimiter); ok && cp == after {
		return prefixEnd(base + after)
	}
	return base + after + past
}

// commonPrefix is the part of a key up to the first delimiter after prefix.
func commonPrefix(key, prefix, delimiter string) (string, bool) {
	if delimiter == "" || !strings.HasPrefix(key, prefix) {
		return "", false
	}
	before, _, found := strings.Cut(key[len(prefix):], delimiter)
	return prefix + before + delimiter, found
}

// ListObjects is version 1 of the listing.
func (s *Store) ListObjects(ctx context.Context, in *s3.ListObjectsInput) (s3response.ListObjectsResult, error) {
	l, err := s.list(deadline(ctx), str(in.Bucket), str(in.Prefix), str(in.Delimiter), str(in.Marker), int(*in.MaxKeys))
	if err != nil {
		return s3response.ListObjectsResult{}, err
	}
	res := s3response.ListObjectsResult{
		Name: in.Bucket, Prefix: in.Prefix, Marker: in.Marker, MaxKeys: in.MaxKeys, Delimiter: in.Delimiter,
		IsTruncated: &l.truncated, Contents: l.objects, CommonPrefixes: l.prefixes,
	}
	if l.truncated {
		res.NextMarker = &l.next
	}
	return res, nil
}

// ListObjectsV2 is version 2 of the listing.
func (s *Store) ListObjectsV2(ctx context.Context, in *s3.ListObjectsV2Input) (s3response.ListObjectsV2Result, error) {
	after := str(in.StartAfter)
	if t := str(in.ContinuationToken); t != "" {
		b, err := base64.RawURLEncoding.DecodeString(t)
		if err != nil {
			return s3response.ListObjectsV2Result{}, s3err.GetAPIError(s3err.ErrInvalidRequest)
		}
		after = string(b)
	}
	l, err := s.list(deadline(ctx), str(in.Bucket), str(in.Prefix), str(in.Delimiter), after, int(*in.MaxKeys))
	if err != nil {
		return s3response.ListObjectsV2Result{}, err
	}
	res := s3response.ListObjectsV2Result{
		Name: in.Bucket, Prefix: in.Prefix, StartAfter: in.StartAfter, ContinuationToken: in.ContinuationToken,
		MaxKeys: in.MaxKeys, Delimiter: in.Delimiter, IsTruncated: &l.truncated, Contents: l.objects,
		CommonPrefixes: l.prefixes, KeyCount: new(int32(len(l.objects) + len(l.prefixes))),
	}
	if l.truncated {
		res.NextContinuationToken = new(base64.RawURLEncoding.EncodeToString([]byte(l.next)))
	}
	return res, nil
}
