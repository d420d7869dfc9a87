package store

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// spillAt is how many segments a record carries itself.
const spillAt = 32

// CompleteMultipartUpload makes the chosen parts the latest version of the
// key and ends the upload, in one transaction, if the preconditions hold and
// no part has changed since they were read.
func (s *Store) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput) (res s3response.CompleteMultipartUploadResult, versionID string, err error) {
	if err := writable(ctx); err != nil {
		return res, "", err
	}
	bucket, key, id := str(in.Bucket), str(in.Key), str(in.UploadId)
	if in.MultipartUpload == nil {
		return res, "", s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	dl := deadline(ctx)
	if _, _, err := s.upload(dl, bucket, key, id); err != nil {
		return res, "", err
	}
	data := newID()
	for {
		up, rev, parts, err := s.parts(dl, bucket, key, id)
		if err != nil {
			return res, "", err
		}
		ver, extra, err := assemble(in, data, up, parts)
		if err != nil {
			return res, "", err
		}
		uk := uploadKey(bucket, key, id)
		var made *Head
		err = s.mutate(dl, bucket, key, func(v view) (*change, error) {
			if err := preconditions(v, in.IfMatch, in.IfNoneMatch); err != nil {
				return nil, err
			}
			old, err := s.nullOf(dl, bucket, key, v)
			if err != nil {
				return nil, err
			}
			c := push(bucket, key, v, *ver, old)
			c.cmps = append(c.cmps, modIs(uk, rev))
			c.ops = append(c.ops, extra...)
			c.ops = append(c.ops, clientv3.OpDelete(uk), clientv3.OpDelete(partRange(id), clientv3.WithPrefix()))
			c.consumes = true
			made = c.head
			return c, nil
		})
		if errors.Is(err, errExtra) && pause(dl) {
			continue // a part was replaced, or the upload ended
		}
		if errors.Is(err, errExtra) {
			err = errBusy
		}
		if err != nil {
			return res, "", err
		}
		if made.ID != nullVersion {
			versionID = made.ID
		}
		w := made.Sum.whole()
		return s3response.CompleteMultipartUploadResult{
			Bucket: &bucket, Key: &key, ETag: ptr(quote(made.ETag)), ChecksumType: &w.ChecksumType,
			ChecksumCRC32: w.ChecksumCRC32, ChecksumCRC32C: w.ChecksumCRC32C, ChecksumSHA1: w.ChecksumSHA1,
			ChecksumSHA256: w.ChecksumSHA256, ChecksumCRC64NVME: w.ChecksumCRC64NVME, ChecksumSHA512: w.ChecksumSHA512,
			ChecksumMD5: w.ChecksumMD5, ChecksumXXHASH64: w.ChecksumXXHASH64, ChecksumXXHASH3: w.ChecksumXXHASH3,
			ChecksumXXHASH128: w.ChecksumXXHASH128,
		}, versionID, nil
	}
}

// assemble checks a completion against the parts there are, and makes the
// version it asks for and the operations that go with it.
func assemble(in *s3.CompleteMultipartUploadInput, data string, up *Upload, parts []*Part) (*Version, []clientv3.Op, error) {
	if in.ChecksumType != "" && up.Sum.Type != string(in.ChecksumType) {
		return nil, nil, s3err.GetChecksumTypeMismatchOnMpErr(types.ChecksumType(up.Sum.Type))
	}
	have := map[int32]*Part{}
	for _, p := range parts {
		have[p.Number] = p
	}
	ver := &Version{Data: data, Time: time.Now().UTC(), Headers: up.Headers, Tags: up.Tags, Multipart: true}
	var used []*Part
	etags := md5.New()
	last := int32(0)
	for i, c := range in.MultipartUpload.Parts {
		if c.PartNumber == nil || c.ETag == nil {
			return nil, nil, s3err.GetAPIError(s3err.ErrMalformedXML)
		}
		if *c.PartNumber <= last {
			return nil, nil, s3err.GetAPIError(s3err.ErrInvalidPartOrder)
		}
		last = *c.PartNumber
		p := have[last]
		if p == nil || !backend.AreEtagsSame(p.Segment.MD5, *c.ETag) {
			return nil, nil, s3err.GetInvalidPartErr(up.ID, last, *c.ETag)
		}
		if i < len(in.MultipartUpload.Parts)-1 && p.Segment.Size < backend.MinPartSize {
			return nil, nil, s3err.GetEntityTooSmallErr(p.Segment.Size, backend.MinPartSize)
		}
		if err := checkClaim(up.Sum, up.ID, p, c); err != nil {
			return nil, nil, err
		}
		sum, _ := hex.DecodeString(p.Segment.MD5)
		etags.Write(sum)
		used = append(used, p)
		delete(have, last)
		ver.Segments = append(ver.Segments, p.Segment)
		ver.Size += p.Segment.Size
	}
	ver.ETag = fmt.Sprintf("%x-%d", etags.Sum(nil), len(used))
	if in.MpuObjectSize != nil && *in.MpuObjectSize != ver.Size {
		return nil, nil, s3err.GetIncorrectMpObjectSizeErr(ver.Size, *in.MpuObjectSize)
	}
	var err error
	if ver.Sum, err = combine(up.Sum, used); err != nil {
		return nil, nil, err
	}
	if want := claimedWhole(ver.Sum.Algorithm, in); want != "" && want != ver.Sum.Value {
		return nil, nil, s3err.GetChecksumBadDigestErr(types.ChecksumAlgorithm(ver.Sum.Algorithm))
	}
	var g Garbage
	for _, p := range have {
		g.Data = append(g.Data, p.Segment.Data)
	}
	ops := garbageOps(g)
	if len(ver.Segments) > spillAt {
		ops = append(ops, put(manifestKey(data), ver.Segments))
		ver.Segments, ver.Spilled = nil, true
	}
	return ver, ops, nil
}
