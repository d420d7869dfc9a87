package store

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Divergence is one way in which the index and the data disagree.
type Divergence struct {
	Kind   string `json:"kind"`
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Detail string `json:"detail"`
}

// Report is what a check found.
type Report struct {
	Divergences []Divergence `json:"divergences"`
	Objects     int          `json:"objects"`
	Versions    int          `json:"versions"`
}

// checker holds one check's findings. It only reads, and all it reads is of
// one revision.
type checker struct {
	s      *Store
	ctx    context.Context
	rev    int64
	report Report
}

// Check compares heads with version lists, version lists with data, and
// digests with bodies.
func (s *Store) Check(ctx context.Context) (*Report, error) {
	resp, err := s.read(time.Now().Add(Budget), clientv3.OpGet(bucketPrefix, clientv3.WithPrefix(), clientv3.WithCountOnly()))
	if err != nil {
		return nil, err
	}
	c := &checker{s: s, ctx: ctx, rev: resp.Header.Revision, report: Report{Divergences: []Divergence{}}}
	heads, err := c.heads()
	if err == nil {
		err = c.versions(heads)
	}
	if err != nil {
		return nil, fmt.Errorf("the check was not finished, run it again: %w", err)
	}
	return &c.report, nil
}

// Plant moves a key's head away and leaves its versions, which a check must
// find; or back, if no other has come. It reports whether there was a head.
func (s *Store) Plant(ctx context.Context, bucket, key string, back bool) (bool, error) {
	from, to := headKey(bucket, key), plantedPrefix+headKey(bucket, key)
	if back {
		from, to = to, from
	}
	resp, err := s.kv.Get(ctx, from)
	if err != nil || len(resp.Kvs) == 0 {
		return false, err
	}
	put, remove := clientv3.OpPut(to, string(resp.Kvs[0].Value)), clientv3.OpDelete(from)
	_, err = s.kv.Txn(ctx).If(clientv3.Compare(clientv3.CreateRevision(to), "=", 0)).Then(put, remove).Else(remove).Commit()
	return err == nil, err
}

func (c *checker) found(kind, object, format string, args ...any) {
	bucket, key, _ := strings.Cut(object, "\x00")
	c.report.Divergences = append(c.report.Divergences, Divergence{kind, bucket, key, fmt.Sprintf(format, args...)})
}

// checkLimit is the time by which one walk of a check must be done.
func checkLimit() time.Time { return time.Now().Add(time.Minute) }

// heads finds the head of every key.
func (c *checker) heads() (map[string]*Head, error) {
	heads := map[string]*Head{}
	return heads, records(c.s, checkLimit(), span{base: headPrefix, rev: c.rev}, func(object string, h *Head) (string, error) {
		h.Headers, h.Segments = Headers{}, nil // not needed, and there may be many
		heads[object] = h
		if !h.Marker {
			c.report.Objects++
		}
		return "", nil
	})
}

// versions checks each key's version list against its head, and each
// version's body against its record.
func (c *checker) versions(heads map[string]*Head) error {
	last := ""
	err := records(c.s, checkLimit(), span{base: versionPrefix, rev: c.rev}, func(name string, v *Version) (string, error) {
		c.report.Versions++
		object := name[:len(name)-versionTail]
		h := heads[object]
		switch {
		case object == last: // not the latest version
		case h == nil:
			c.found("version-without-head", object, "version %s", v.ID)
		case h.ID != v.ID || h.Seq != v.Seq || h.ETag != v.ETag || h.Size != v.Size || h.Marker != v.Marker:
			c.found("head-is-not-latest", object, "head %s, latest version %s", h.ID, v.ID)
		}
		delete(heads, object)
		last = object
		return "", c.body(object, v)
	})
	for object := range heads {
		c.found("head-without-version", object, "no version record")
	}
	return err
}

// body reads a version's chunks and compares their digests.
func (c *checker) body(object string, v *Version) error {
	var total int64
	for _, seg := range v.Segments {
		sum, size, chunks := md5.New(), int64(0), 0
		err := c.s.walk(checkLimit(), span{base: dataRange(seg.Data), page: 8, rev: c.rev}, func(_ string, value []byte) (string, error) {
			sum.Write(value)
			size += int64(len(value))
			chunks++
			return "", c.ctx.Err()
		})
		if err != nil {
			return err
		}
		total += size
		switch {
		case chunks != seg.Chunks || size != seg.Size:
			c.found("missing-chunks", object, "version %s: %d of %d chunks, %d of %d bytes", v.ID, chunks, seg.Chunks, size, seg.Size)
		case hex.EncodeToString(sum.Sum(nil)) != seg.MD5:
			c.found("digest-mismatch", object, "version %s", v.ID)
		}
	}
	if total != v.Size {
		c.found("size-mismatch", object, "version %s: %d of %d bytes", v.ID, total, v.Size)
	}
	return nil
}
