package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3response"
)

// PutObject stores an object. The body is read to its end, and verified,
// before the one transaction that makes it visible.
func (s *Store) PutObject(ctx context.Context, in s3response.PutObjectInput) (out s3response.PutObjectOutput, err error) {
	bucket, key := str(in.Bucket), str(in.Key)
	if err := validKey(key); err != nil {
		return out, err
	}
	tags, err := backend.ParseObjectTags(str(in.Tagging))
	if err != nil {
		return out, err
	}
	ver := Version{Headers: Headers{
		ContentType: str(in.ContentType), ContentEncoding: str(in.ContentEncoding), ContentDisposition: str(in.ContentDisposition),
		ContentLanguage: str(in.ContentLanguage), CacheControl: str(in.CacheControl), Meta: in.Metadata, Tags: tags,
	}}
	sum := given(in.ChecksumCRC32, in.ChecksumCRC32C, in.ChecksumCRC64NVME, in.ChecksumSHA256)
	src := source{in.Body, aws.ToInt64(in.ContentLength), sum}
	head, err := s.store(ctx, bucket, key, ver, src, in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return out, err
	}
	return s3response.PutObjectOutput{ETag: quote(head.ETag), Size: &head.Size, VersionID: str(shownID(&head.Version))}, nil
}

func quote(etag string) string { return `"` + etag + `"` }

func preconditions(v view, ifMatch, ifNoneMatch *string) error {
	present := v.head != nil && !v.head.Marker
	etag := ""
	if present {
		etag = v.head.ETag
	}
	return backend.EvaluateObjectPutPreconditions(etag, ifMatch, ifNoneMatch, present)
}

// store stages a body and makes it the latest version of a key, if the
// preconditions hold on the very head it replaces. Otherwise it discards it.
func (s *Store) store(ctx context.Context, bucket, key string, ver Version, src source, ifMatch, ifNoneMatch *string) (*Head, error) {
	dl, began := deadline(ctx), time.Now()
	st, err := s.stage(src)
	if err != nil {
		return nil, err
	}
	dl = dl.Add(time.Since(began)) // the body's own time does not count
	ver.Size, ver.ETag, ver.Time = st.segment.Size, st.segment.MD5, time.Now().UTC()
	ver.Segments = []Segment{st.segment}
	if st.marker != "" && clientGone(ctx) {
		s.discard(st)
		return nil, errBusy
	}
	head, err := s.publish(dl, bucket, key, ver, ifMatch, ifNoneMatch, st.reference)
	if err != nil {
		s.discard(st)
	}
	return head, err
}

// publish makes a version the latest of a key, if the preconditions hold on
// the very head it replaces; with adds what else the change does.
func (s *Store) publish(dl time.Time, bucket, key string, ver Version, ifMatch, ifNoneMatch *string, with func(*change)) (head *Head, err error) {
	err = s.mutate(dl, bucket, key, func(v view) (*change, error) {
		if err := preconditions(v, ifMatch, ifNoneMatch); err != nil {
			return nil, err
		}
		c, err := s.push(dl, bucket, key, v, ver)
		if err == nil {
			with(c)
			head = c.head
		}
		return c, err
	})
	return head, err
}
