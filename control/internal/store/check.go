package store

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// Divergence is one way in which the index and the data disagree.
type Divergence struct {
	Kind   string `json:"kind"`
	Bucket string `json:"bucket,omitempty"`
	Key    string `json:"key,omitempty"`
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
	named  map[string]string // data -> who names it
}

// Check compares heads with version lists, version lists with data, digests
// with bodies, and data with what names it.
func (s *Store) Check(ctx context.Context) (*Report, error) {
	resp, err := s.read(time.Now().Add(Budget), clientv3.OpGet(bucketPrefix, clientv3.WithPrefix(), clientv3.WithCountOnly()))
	if err != nil {
		return nil, err
	}
	c := &checker{s: s, ctx: ctx, rev: resp.Header.Revision, named: map[string]string{}, report: Report{Divergences: []Divergence{}}}
	for _, step := range []func() error{c.markers, c.uploads, c.versions, c.orphans} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &c.report, nil
}

func (c *checker) found(kind, bucket, key, format string, args ...any) {
	c.report.Divergences = append(c.report.Divergences, Divergence{kind, bucket, key, fmt.Sprintf(format, args...)})
}

// each calls fn for every record with the prefix, at the check's revision.
func (c *checker) each(prefix string, page int64, fn func(kv *mvccpb.KeyValue) error, opts ...clientv3.OpOption) error {
	from, end := prefix, prefixEnd(prefix)
	for {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		o := append([]clientv3.OpOption{clientv3.WithRange(end), clientv3.WithLimit(page), clientv3.WithRev(c.rev)}, opts...)
		resp, err := c.s.read(time.Now().Add(2*Budget), clientv3.OpGet(from, o...))
		if err != nil {
			return fmt.Errorf("the check was overtaken, run it again: %w", err)
		}
		r := resp.Responses[0].GetResponseRange()
		for _, kv := range r.Kvs {
			if err := fn(kv); err != nil {
				return err
			}
			from = string(kv.Key) + "\x00"
		}
		if !r.More {
			return nil
		}
	}
}

// markers notes the data that garbage and intents name.
func (c *checker) markers() error {
	if err := c.each(intentPrefix, 500, func(kv *mvccpb.KeyValue) error {
		c.named[strings.TrimPrefix(string(kv.Key), intentPrefix)] = "intent"
		return nil
	}, clientv3.WithKeysOnly()); err != nil {
		return err
	}
	return c.each(garbagePrefix, 500, func(kv *mvccpb.KeyValue) error {
		g, err := decode[Garbage](kv.Value)
		if err != nil {
			return err
		}
		for _, d := range g.Data {
			c.named[d] = "garbage"
		}
		if g.Manifest != "" {
			c.named[g.Manifest] = "garbage"
			segs, err := c.manifest(g.Manifest)
			if err != nil {
				return err
			}
			for _, s := range segs {
				c.named[s.Data] = "garbage"
			}
		}
		return nil
	})
}

func (c *checker) manifest(data string) ([]Segment, error) {
	var segs []Segment
	err := c.each(manifestKey(data), 1, func(kv *mvccpb.KeyValue) error {
		v, err := decode[[]Segment](kv.Value)
		if err == nil {
			segs = *v
		}
		return err
	})
	return segs, err
}

// uploads notes the data of parts, and finds parts without an upload.
func (c *checker) uploads() error {
	ids := map[string]bool{}
	if err := c.each(uploadPrefix, 500, func(kv *mvccpb.KeyValue) error {
		k := string(kv.Key)
		ids[k[strings.LastIndexByte(k, 0)+1:]] = true
		return nil
	}, clientv3.WithKeysOnly()); err != nil {
		return err
	}
	return c.each(partPrefix, 500, func(kv *mvccpb.KeyValue) error {
		p, err := decode[Part](kv.Value)
		if err != nil {
			return err
		}
		id, _, _ := strings.Cut(strings.TrimPrefix(string(kv.Key), partPrefix), "/")
		if !ids[id] {
			c.found("part-without-upload", "", "", "part %d of upload %s", p.Number, id)
		}
		c.named[p.Segment.Data] = "part"
		return nil
	})
}

// versions checks each key's head against its version list, and each
// version's body against its record.
func (c *checker) versions() error {
	heads := map[string]*Head{}
	if err := c.each(headPrefix, 500, func(kv *mvccpb.KeyValue) error {
		h, err := decode[Head](kv.Value)
		if err != nil {
			return err
		}
		h.Headers, h.Tags, h.Segments = Headers{}, nil, nil
		heads[strings.TrimPrefix(string(kv.Key), headPrefix)] = h
		if !h.Marker {
			c.report.Objects++
		}
		return nil
	}); err != nil {
		return err
	}
	seen := map[string]bool{}
	err := c.each(versionPrefix, 200, func(kv *mvccpb.KeyValue) error {
		c.report.Versions++
		rest := strings.TrimPrefix(string(kv.Key), versionPrefix)
		full := rest[:len(rest)-versionTail]
		bucket, key := splitObject(full, "")
		v, err := decode[Version](kv.Value)
		if err != nil {
			return err
		}
		h := heads[full]
		if !seen[full] {
			seen[full] = true
			switch {
			case h == nil:
				c.found("version-without-head", bucket, key, "version %s", v.ID)
			case h.ID != v.ID || h.Seq != v.Seq || h.ETag != v.ETag || h.Size != v.Size || h.Marker != v.Marker:
				c.found("head-is-not-latest", bucket, key, "head %s, latest version %s", h.ID, v.ID)
			}
		}
		return c.body(bucket, key, v)
	})
	for full := range heads {
		if !seen[full] {
			bucket, key := splitObject(full, "")
			c.found("head-without-version", bucket, key, "no version record")
		}
	}
	return err
}

// body reads a version's chunks and compares their digests.
func (c *checker) body(bucket, key string, v *Version) error {
	segs := v.Segments
	if v.Spilled {
		var err error
		if segs, err = c.manifest(v.Data); err != nil {
			return err
		}
		c.named[v.Data] = "version"
	}
	var total int64
	for _, seg := range segs {
		c.named[seg.Data] = "version"
		var sum hash.Hash = md5.New()
		var size int64
		chunks := 0
		if err := c.each(dataRange(seg.Data), 8, func(kv *mvccpb.KeyValue) error {
			if strings.HasSuffix(string(kv.Key), "/manifest") {
				return nil
			}
			sum.Write(kv.Value)
			size += int64(len(kv.Value))
			chunks++
			return nil
		}); err != nil {
			return err
		}
		total += size
		switch {
		case chunks != seg.Chunks || size != seg.Size:
			c.found("missing-chunks", bucket, key, "version %s: %d of %d chunks, %d of %d bytes", v.ID, chunks, seg.Chunks, size, seg.Size)
		case hex.EncodeToString(sum.Sum(nil)) != seg.MD5:
			c.found("digest-mismatch", bucket, key, "version %s", v.ID)
		}
	}
	if !v.Marker && total != v.Size {
		c.found("size-mismatch", bucket, key, "version %s: %d of %d bytes", v.ID, total, v.Size)
	}
	return nil
}

// orphans finds data that nothing names. An upload in progress has an intent,
// so what is left has no owner at all, however young.
func (c *checker) orphans() error {
	last := ""
	return c.each(dataPrefix, 2000, func(kv *mvccpb.KeyValue) error {
		data, _, _ := strings.Cut(strings.TrimPrefix(string(kv.Key), dataPrefix), "/")
		if data != last && c.named[data] == "" {
			c.found("orphan-data", "", "", "data %s", data)
		}
		last = data
		return nil
	}, clientv3.WithKeysOnly())
}
