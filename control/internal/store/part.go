package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// UploadPart stores one part, or replaces it.
func (s *Store) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	if err := writable(ctx); err != nil {
		return nil, err
	}
	dl := deadline(ctx)
	bucket, key, id := str(in.Bucket), str(in.Key), str(in.UploadId)
	up, _, err := s.upload(dl, bucket, key, id)
	if err != nil {
		return nil, err
	}
	src := source{body: in.Body, crc64: up.Sum.Algorithm == ""}
	if in.ContentLength != nil {
		src.length = *in.ContentLength
	}
	src.algorithm, src.expected = partChecksum(in, up)
	if up.Sum.Algorithm != "" && src.algorithm != up.Sum.Algorithm {
		return nil, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	p, err := s.addPart(dl, bucket, key, id, *in.PartNumber, src)
	if err != nil {
		return nil, err
	}
	out := &s3.UploadPartOutput{ETag: ptr(quote(p.Segment.MD5))}
	setPartSums(out, p.Sum)
	return out, nil
}

// partChecksum is the checksum that a part gets: what the request or the
// body's trailer announces, or else the upload's own algorithm.
func partChecksum(in *s3.UploadPartInput, up *Upload) (algorithm, value string) {
	if _, a := trailer(in.Body); a != "" {
		return a, ""
	}
	a, v := requestChecksum(s3response.PutObjectInput{
		ChecksumCRC32: in.ChecksumCRC32, ChecksumCRC32C: in.ChecksumCRC32C, ChecksumSHA1: in.ChecksumSHA1,
		ChecksumSHA256: in.ChecksumSHA256, ChecksumCRC64NVME: in.ChecksumCRC64NVME, ChecksumSHA512: in.ChecksumSHA512,
		ChecksumMD5: in.ChecksumMD5, ChecksumXXHASH64: in.ChecksumXXHASH64, ChecksumXXHASH3: in.ChecksumXXHASH3,
		ChecksumXXHASH128: in.ChecksumXXHASH128,
	})
	if v == "" {
		return up.Sum.Algorithm, ""
	}
	return a, v
}

// addPart stages a part's body and names it in the upload, if that still
// exists. It rewrites the upload's record, so that a completion which read
// other parts is refused.
func (s *Store) addPart(dl time.Time, bucket, key, id string, number int32, src source) (*Part, error) {
	began := time.Now()
	st, err := s.stage(src)
	if err != nil {
		return nil, err
	}
	dl = dl.Add(time.Since(began)) // the body's own time does not count
	p := &Part{Number: number, Time: time.Now().UTC(), Segment: st.segment, Sum: st.sum, CRC64: st.crc64}
	if err := s.namePart(dl, bucket, key, id, p, st); err != nil {
		s.discard(st) // does nothing if the part was named after all
		return nil, err
	}
	return p, nil
}

func (s *Store) namePart(dl time.Time, bucket, key, id string, p *Part, st *staged) error {
	k, pk := uploadKey(bucket, key, id), partKey(id, p.Number)
	for {
		resp, err := s.read(dl, clientv3.OpGet(k), clientv3.OpGet(pk))
		if err != nil {
			return err
		}
		ups, olds := resp.Responses[0].GetResponseRange().Kvs, resp.Responses[1].GetResponseRange().Kvs
		if len(ups) == 0 {
			return s3err.GetNoSuchUploadErr(id)
		}
		var oldRev int64
		c := &change{}
		if len(olds) > 0 {
			old, err := decode[Part](olds[0].Value)
			if err != nil {
				return err
			}
			if old.Segment.Data == p.Segment.Data {
				return nil // an earlier attempt took effect
			}
			oldRev = olds[0].ModRevision
			c.ops = append(c.ops, garbageOps(Garbage{Data: []string{old.Segment.Data}})...)
		}
		st.reference(c)
		cmps := append([]clientv3.Cmp{exists(k), modIs(pk, oldRev)}, c.cmps...)
		ops := append(c.ops, put(pk, p), clientv3.OpPut(k, string(ups[0].Value)))
		w, done := s.write(dl, cmps, ops, nil)
		if done && w.Succeeded {
			return nil
		}
		if !pause(dl) {
			return ErrUnavailable
		}
	}
}

// UploadPartCopy makes a part out of a range of an object.
func (s *Store) UploadPartCopy(ctx context.Context, in *s3.UploadPartCopyInput) (res s3response.CopyPartResult, err error) {
	if err := writable(ctx); err != nil {
		return res, err
	}
	dl := deadline(ctx)
	bucket, key, id := str(in.Bucket), str(in.Key), str(in.UploadId)
	up, _, err := s.upload(dl, bucket, key, id)
	if err != nil {
		return res, err
	}
	ver, err := s.copySource(ctx, str(in.CopySource), backend.PreConditions{
		IfMatch: in.CopySourceIfMatch, IfNoneMatch: in.CopySourceIfNoneMatch,
		IfModSince: in.CopySourceIfModifiedSince, IfUnmodeSince: in.CopySourceIfUnmodifiedSince,
	})
	if err != nil {
		return res, err
	}
	off, length, err := backend.ParseCopySourceRange(ver.Size, str(in.CopySourceRange))
	if err != nil {
		return res, err
	}
	length = min(length, ver.Size-off)
	body, err := s.open(dl, ver, off, length)
	if err != nil {
		return res, err
	}
	p, err := s.addPart(dl, bucket, key, id, *in.PartNumber,
		source{body: body, length: length, algorithm: up.Sum.Algorithm, crc64: up.Sum.Algorithm == ""})
	if err != nil {
		return res, err
	}
	w := p.Sum.whole()
	return s3response.CopyPartResult{
		ETag: ptr(quote(p.Segment.MD5)), LastModified: p.Time, CopySourceVersionId: str(shownID(ver)),
		ChecksumCRC32: w.ChecksumCRC32, ChecksumCRC32C: w.ChecksumCRC32C, ChecksumSHA1: w.ChecksumSHA1,
		ChecksumSHA256: w.ChecksumSHA256, ChecksumCRC64NVME: w.ChecksumCRC64NVME, ChecksumSHA512: w.ChecksumSHA512,
		ChecksumMD5: w.ChecksumMD5, ChecksumXXHASH64: w.ChecksumXXHASH64, ChecksumXXHASH3: w.ChecksumXXHASH3,
		ChecksumXXHASH128: w.ChecksumXXHASH128,
	}, nil
}
