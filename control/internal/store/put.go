package store

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// PutObject stores an object. The body is read to its end, and verified,
// before the one transaction that makes it visible.
func (s *Store) PutObject(ctx context.Context, in s3response.PutObjectInput) (out s3response.PutObjectOutput, err error) {
	if err := writable(ctx); err != nil {
		return out, err
	}
	bucket, key := str(in.Bucket), str(in.Key)
	if err := validKey(key); err != nil {
		return out, err
	}
	if in.ObjectLockMode != "" || in.ObjectLockLegalHoldStatus != "" {
		return out, s3err.GetAPIError(s3err.ErrMissingObjectLockConfigurationNoSpaces)
	}
	tags, err := backend.ParseObjectTags(str(in.Tagging))
	if err != nil {
		return out, err
	}
	dl := deadline(ctx)
	src := source{body: in.Body}
	if in.ContentLength != nil {
		src.length = *in.ContentLength
	}
	src.algorithm, src.expected = requestChecksum(in)
	if src.length > ChunkSize {
		// Do not take a long body that will be refused.
		if err := s.precheck(dl, bucket, key, in.IfMatch, in.IfNoneMatch); err != nil {
			return out, err
		}
	}
	began := time.Now()
	st, err := s.stage(src)
	if err != nil {
		return out, err
	}
	dl = dl.Add(time.Since(began)) // the body's own time does not count
	ver := Version{
		Data: st.segment.Data, Size: st.segment.Size, ETag: st.segment.MD5, Time: time.Now().UTC(),
		Headers: putHeaders(in), Tags: tags, Sum: st.sum, Segments: []Segment{st.segment},
	}
	if st.chunked && clientGone(ctx) {
		s.discard(st)
		return out, errBusy
	}
	head, err := s.publish(dl, bucket, key, ver, st, in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return out, err
	}
	out = s3response.PutObjectOutput{ETag: quote(head.ETag), Size: &head.Size}
	if head.ID != nullVersion {
		out.VersionID = head.ID
	}
	setPutSums(&out, head.Sum)
	return out, nil
}

func quote(etag string) string { return `"` + etag + `"` }

// precheck answers what a write would be refused for, if it came now.
func (s *Store) precheck(dl time.Time, bucket, key string, ifMatch, ifNoneMatch *string) error {
	v, err := s.view(dl, bucket, key)
	if err != nil {
		return err
	}
	return preconditions(v, ifMatch, ifNoneMatch)
}

func preconditions(v view, ifMatch, ifNoneMatch *string) error {
	present := v.head != nil && !v.head.Marker
	etag := ""
	if present {
		etag = v.head.ETag
	}
	if ifMatch != nil && *ifMatch == "*" && ifNoneMatch == nil {
		if !present {
			return s3err.GetAPIError(s3err.ErrNoSuchKey)
		}
		return nil
	}
	return backend.EvaluateObjectPutPreconditions(etag, ifMatch, ifNoneMatch, present)
}

// publish makes a staged body the latest version of a key, if the
// preconditions hold on the very head it replaces. Otherwise it discards it.
func (s *Store) publish(dl time.Time, bucket, key string, ver Version, st *staged, ifMatch, ifNoneMatch *string) (*Head, error) {
	var made *Head
	err := s.mutate(dl, bucket, key, func(v view) (*change, error) {
		if err := preconditions(v, ifMatch, ifNoneMatch); err != nil {
			return nil, err
		}
		old, err := s.nullOf(dl, bucket, key, v)
		if err != nil {
			return nil, err
		}
		c := push(bucket, key, v, ver, old)
		st.reference(c)
		made = c.head
		return c, nil
	})
	if errors.Is(err, errExtra) {
		err = ErrUnavailable
	}
	if err != nil {
		s.discard(st) // does nothing if the body was published after all
		return nil, err
	}
	return made, nil
}

func putHeaders(in s3response.PutObjectInput) Headers {
	return Headers{
		ContentType: str(in.ContentType), ContentEncoding: str(in.ContentEncoding),
		ContentDisposition: str(in.ContentDisposition), ContentLanguage: str(in.ContentLanguage),
		CacheControl: str(in.CacheControl), Expires: str(in.Expires),
		Redirect: str(in.WebsiteRedirectLocation), Meta: in.Metadata,
	}
}

// requestChecksum is the checksum that the request's headers announce; an
// object always gets one.
func requestChecksum(in s3response.PutObjectInput) (algorithm, value string) {
	for _, c := range []struct {
		a types.ChecksumAlgorithm
		v *string
	}{
		{types.ChecksumAlgorithmCrc32, in.ChecksumCRC32},
		{types.ChecksumAlgorithmCrc32c, in.ChecksumCRC32C},
		{types.ChecksumAlgorithmSha1, in.ChecksumSHA1},
		{types.ChecksumAlgorithmSha256, in.ChecksumSHA256},
		{types.ChecksumAlgorithmCrc64nvme, in.ChecksumCRC64NVME},
		{types.ChecksumAlgorithmSha512, in.ChecksumSHA512},
		{types.ChecksumAlgorithmMd5, in.ChecksumMD5},
		{types.ChecksumAlgorithmXxhash64, in.ChecksumXXHASH64},
		{types.ChecksumAlgorithmXxhash3, in.ChecksumXXHASH3},
		{types.ChecksumAlgorithmXxhash128, in.ChecksumXXHASH128},
	} {
		if c.v != nil {
			return string(c.a), *c.v
		}
	}
	if in.ChecksumAlgorithm != "" {
		return string(in.ChecksumAlgorithm), ""
	}
	return string(types.ChecksumAlgorithmCrc64nvme), ""
}
