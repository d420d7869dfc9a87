package store

import (
	"context"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// CopyObject writes a new object with the body of another, or of an earlier
// version of the same, which is how that version is restored.
func (s *Store) CopyObject(ctx context.Context, in s3response.CopyObjectInput) (out s3response.CopyObjectOutput, err error) {
	bucket, key := str(in.Bucket), str(in.Key)
	if err := validKey(key); err != nil {
		return out, err
	}
	fromBucket, fromKey, id, err := backend.ParseCopySource(str(in.CopySource))
	if err != nil {
		return out, err
	}
	old, err := s.object(ctx, fromBucket, fromKey, id)
	if err != nil {
		if old != nil && id != "" { // a delete marker has nothing to copy
			err = s3err.GetAPIError(s3err.ErrInvalidRequest)
		}
		return out, err
	}
	dl := deadline(ctx)
	body, err := s.open(dl, old, 0, old.Size)
	if err != nil {
		return out, err
	}
	head, err := s.store(ctx, bucket, key, Version{Headers: old.Headers}, source{body: body, length: old.Size}, nil, nil)
	if err != nil {
		return out, err
	}
	return s3response.CopyObjectOutput{
		CopyObjectResult: &s3response.CopyObjectResult{ETag: new(quote(head.ETag)), LastModified: &head.Time},
		VersionId:        shownID(&head.Version), CopySourceVersionId: shownID(old),
	}, nil
}
