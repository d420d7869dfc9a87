package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/s3err"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// UploadPart stores one part, or replaces it.
func (s *Store) UploadPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	if err := writable(ctx); err != nil {
		return nil, err
	}
	dl, k, id := deadline(ctx), uploadKey(str(in.Bucket), str(in.Key), str(in.UploadId)), str(in.UploadId)
	up, _, err := s.upload(dl, str(in.Bucket), str(in.Key), id)
	if err != nil {
		return nil, err
	}
	src := source{body: in.Body, sum: partSum(in, up)}
	if in.ContentLength != nil {
		src.length = *in.ContentLength
	}
	began := time.Now()
	st, err := s.stage(src)
	if err != nil {
		return nil, err
	}
	dl = dl.Add(time.Since(began)) // the body's own time does not count
	if up.Algorithm != "" && st.sum.Algorithm != up.Algorithm {
		s.discard(st)
		return nil, s3err.GetAPIError(s3err.ErrInvalidRequest)
	}
	p := &Part{Number: *in.PartNumber, Segment: st.segment, Sum: st.sum}
	if err := s.namePart(dl, k, id, p, st); err != nil {
		s.discard(st)
		return nil, err
	}
	return &s3.UploadPartOutput{
		ETag:          ptr(quote(p.Segment.MD5)),
		ChecksumCRC32: p.Sum.of("CRC32"), ChecksumCRC32C: p.Sum.of("CRC32C"),
		ChecksumCRC64NVME: p.Sum.of("CRC64NVME"), ChecksumSHA256: p.Sum.of("SHA256"),
	}, nil
}

// namePart makes a staged body a part of the upload whose key is k, if that
// still exists. It rewrites the upload's record, so that a completion which
// read other parts is refused.
func (s *Store) namePart(dl time.Time, k, id string, p *Part, st *staged) error {
	pk := partKey(id, p.Number)
	for {
		kvs, err := s.get(dl, k, pk)
		if err != nil {
			return err
		}
		if kvs[0] == nil {
			return s3err.GetNoSuchUploadErr(id)
		}
		c := &change{cmps: []clientv3.Cmp{exists(k), modIs(pk, kvs[1].GetModRevision())}}
		if kvs[1] != nil {
			old, err := decode[Part](kvs[1].Value)
			if err != nil {
				return err
			}
			c.ops = s.drop([]Segment{old.Segment})
		}
		st.reference(c)
		done, err := s.writeOnce(dl, append(c.cmps, c.onlyOnce()), append(c.ops, put(pk, p), clientv3.OpPut(k, string(kvs[0].Value))))
		if err != nil || done {
			return err
		}
		if !pause(dl) {
			return errBusy
		}
	}
}
