package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// copySource finds the version that a copy reads, if the conditions on it
// hold.
func (s *Store) copySource(ctx context.Context, header string, pre backend.PreConditions) (*Version, error) {
	bucket, key, id, err := backend.ParseCopySource(header)
	if err != nil {
		return nil, err
	}
	ver, err := s.object(ctx, bucket, key, id)
	if err != nil {
		if ver != nil && ver.Marker && id != "" {
			return nil, s3err.GetAPIError(s3err.ErrInvalidRequest)
		}
		return nil, err
	}
	err = backend.EvaluatePreconditions(quote(ver.ETag), ver.Time.Truncate(time.Second), pre)
	if e, ok := err.(s3err.S3Error); ok && e.BaseError() == s3err.GetAPIError(s3err.ErrNotModified) {
		err = s3err.GetPreconditionFailedErr(s3err.ConditionIfNoneMatch)
	}
	return ver, err
}

// CopyObject writes a new object with the body of another, or of an earlier
// version of the same, which is how that version is restored.
func (s *Store) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (out s3response.CopyObjectOutput, err error) {
	if err := writable(ctx); err != nil {
		return out, err
	}
	bucket, key := str(in.Bucket), str(in.Key)
	if err := validKey(key); err != nil {
		return out, err
	}
	ver, err := s.copySource(ctx, str(in.CopySource), backend.PreConditions{
		IfMatch: in.CopySourceIfMatch, IfNoneMatch: in.CopySourceIfNoneMatch,
		IfModSince: in.CopySourceIfModifiedSince, IfUnmodeSince: in.CopySourceIfUnmodifiedSince,
	})
	if err != nil {
		return out, err
	}
	fresh := Version{Time: time.Now().UTC(), Headers: ver.Headers, Tags: ver.Tags}
	fresh.Headers.Redirect = str(in.WebsiteRedirectLocation)
	if in.MetadataDirective == types.MetadataDirectiveReplace {
		fresh.Headers = Headers{
			ContentType: str(in.ContentType), ContentEncoding: str(in.ContentEncoding),
			ContentDisposition: str(in.ContentDisposition), ContentLanguage: str(in.ContentLanguage),
			CacheControl: str(in.CacheControl), Expires: str(in.Expires), Redirect: str(in.WebsiteRedirectLocation), Meta: in.Metadata,
		}
	}
	if in.TaggingDirective == types.TaggingDirectiveReplace {
		if fresh.Tags, err = backend.ParseObjectTags(str(in.Tagging)); err != nil {
			return out, err
		}
	}
	dl := deadline(ctx)
	if err := s.precheck(dl, bucket, key, nil, nil); err != nil {
		return out, err
	}
	body, err := s.open(dl, ver, 0, ver.Size)
	if err != nil {
		return out, err
	}
	algorithm := string(in.ChecksumAlgorithm)
	if algorithm == "" {
		algorithm = ver.Sum.Algorithm
	}
	began := time.Now()
	st, err := s.stage(source{body: body, length: ver.Size, algorithm: algorithm})
	if err != nil {
		return out, err
	}
	dl = dl.Add(time.Since(began)) // the body's own time does not count
	fresh.Data, fresh.Size, fresh.ETag = st.segment.Data, st.segment.Size, st.segment.MD5
	fresh.Sum, fresh.Segments = st.sum, []Segment{st.segment}
	head, err := s.publish(dl, bucket, key, fresh, st, nil, nil)
	if err != nil {
		return out, err
	}
	w := head.Sum.whole()
	return s3response.CopyObjectOutput{
		CopyObjectResult: &s3response.CopyObjectResult{
			ETag: ptr(quote(head.ETag)), LastModified: &head.Time, ChecksumType: w.ChecksumType,
			ChecksumCRC32: w.ChecksumCRC32, ChecksumCRC32C: w.ChecksumCRC32C, ChecksumSHA1: w.ChecksumSHA1,
			ChecksumSHA256: w.ChecksumSHA256, ChecksumCRC64NVME: w.ChecksumCRC64NVME, ChecksumSHA512: w.ChecksumSHA512,
			ChecksumMD5: w.ChecksumMD5, ChecksumXXHASH64: w.ChecksumXXHASH64, ChecksumXXHASH3: w.ChecksumXXHASH3,
			ChecksumXXHASH128: w.ChecksumXXHASH128,
		},
		VersionId: shownID(&head.Version), CopySourceVersionId: shownID(ver),
	}, nil
}
