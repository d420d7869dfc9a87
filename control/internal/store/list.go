package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// pageSize is how many records one read of a walk fetches at most.
const pageSize = 500

// errStop ends a walk early.
var errStop = errors.New("stop")

// span is what a walk reads: records whose key is base and then a name with
// the prefix.
type span struct {
	base, prefix string
	from         string // key to begin at; the first of them if ""
	page         int    // how many records one read fetches; 0 for pageSize
	rev          int64  // revision to read; 0 for that of the first, linearizable read
}

// walk calls fn for each record of a span, all at one revision. fn returns
// where to go on, or "" for the next record.
func (s *Store) walk(dl time.Time, in span, fn func(name string, value []byte) (skip string, err error)) error {
	first := in.base + in.prefix
	from, end := cmp.Or(in.from, first), clientv3.GetPrefixRangeEnd(first)
	limit := max(2, min(cmp.Or(in.page, pageSize), pageSize))
	for from < end {
		resp, err := s.read(dl, clientv3.OpGet(from, clientv3.WithRange(end), clientv3.WithLimit(int64(limit)), clientv3.WithRev(in.rev)))
		if err != nil {
			return err
		}
		in.rev = cmp.Or(in.rev, resp.Header.Revision)
		page := resp.Responses[0].GetResponseRange()
		for _, kv := range page.Kvs {
			k := string(kv.Key)
			if k < from {
				continue
			}
			skip, err := fn(k[len(in.base):], kv.Value)
			if err == errStop {
				return nil
			}
			if err != nil {
				return err
			}
			from = cmp.Or(skip, k+"\x00")
		}
		if !page.More {
			return nil
		}
	}
	return nil
}

// records is a walk over records of one type.
func records[T any](s *Store, dl time.Time, in span, fn func(name string, record *T) (skip string, err error)) error {
	return s.walk(dl, in, func(name string, value []byte) (string, error) {
		record, err := decode[T](value)
		if err != nil {
			return "", err
		}
		return fn(name, record)
	})
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
	in := span{base: base, prefix: prefix, from: startOf(base, prefix, delimiter, after, "\x00"), page: maxKeys + 1}
	err := records(s, dl, in, func(key string, head *Head) (string, error) {
		if head.Marker {
			return "", nil
		}
		if len(l.objects)+len(l.prefixes) == maxKeys {
			l.truncated = maxKeys > 0
			return "", errStop
		}
		if cp, ok := commonPrefix(key, prefix, delimiter); ok {
			l.prefixes = append(l.prefixes, types.CommonPrefix{Prefix: &cp})
			l.next = cp
			return clientv3.GetPrefixRangeEnd(base + cp), nil
		}
		l.next = key
		l.objects = append(l.objects, s3response.Object{
			Key: &key, ETag: new(quote(head.ETag)), Size: &head.Size, LastModified: &head.Time,
			StorageClass: types.ObjectStorageClassStandard,
		})
		return "", nil
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
		return clientv3.GetPrefixRangeEnd(base + after)
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
