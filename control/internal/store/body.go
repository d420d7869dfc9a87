package store

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const (
	// ChunkSize is the size of a body chunk: small enough that the entries
	// which raft keeps in memory stay few megabytes.
	ChunkSize = 256 << 10
	// window is how many chunks of one upload are in flight at a time.
	window = 4
	// A chunk of a long body may take longer than a whole short request:
	// such uploads load the disks themselves.
	patientAbove = 8 << 20
	patience     = 4 * time.Second
	// maxInUse is where uploads are refused, well below etcd's quota, so that
	// deletes and small writes still work.
	maxInUse = 3 << 30
)

// intent is the record of an upload that nothing references yet.
type intent struct {
	Time time.Time `json:"t"`
}

// staged is a body that has been read to its end and whose checksums held.
// A body of at most one chunk is held in memory; the others are in etcd under
// an intent.
type staged struct {
	segment Segment
	inline  []byte
	chunked bool
	sum     Checksum
	crc64   string
}

// source is a body with what the client said about it.
type source struct {
	body      io.Reader
	length    int64
	algorithm string // checksum algorithm, or "" for none
	expected  string // its value, or "" if unknown
	crc64     bool   // also compute CRC64NVME
}

// trailer returns the checksum algorithm that the body's own trailer carries.
func trailer(body io.Reader) (middlewares.ChecksumReader, string) {
	r, ok := body.(middlewares.ChecksumReader)
	if !ok || r.Algorithm() == "" {
		return nil, ""
	}
	return r, strings.ToUpper(r.Algorithm())
}

// stage reads a body to its end and stores its chunks. Nothing it stores is
// visible. On any error it discards what it stored.
func (s *Store) stage(src source) (*staged, error) {
	if src.length > ChunkSize && s.inUse != nil && s.inUse() > maxInUse {
		return nil, errBusy
	}
	st := &staged{segment: Segment{Data: newID()}}
	sum := md5.New()
	var r io.Reader = src.body
	tr, trAlgo := trailer(src.body)
	var own, crc *utils.HashReader
	var err error
	if tr != nil {
		src.algorithm = trAlgo
	} else if src.algorithm != "" {
		if own, err = utils.NewHashReader(r, src.expected, utils.HashType(strings.ToLower(src.algorithm))); err != nil {
			return nil, s3err.GetAPIError(s3err.ErrInvalidRequest)
		}
		r = own
	}
	if src.crc64 {
		if crc, err = utils.NewHashReader(r, "", utils.HashTypeCRC64NVME); err != nil {
			return nil, err
		}
		r = crc
	}
	limit := Budget
	if src.length > patientAbove {
		limit = patience
	}
	if err = s.stageChunks(st, r, sum, limit); err == nil && st.segment.Size != src.length {
		err = s3err.GetAPIError(s3err.ErrIncompleteBody)
	}
	if err != nil {
		s.discard(st)
		return nil, err
	}
	st.segment.MD5 = hex.EncodeToString(sum.Sum(nil))
	if src.algorithm != "" {
		st.sum = Checksum{Algorithm: src.algorithm, Type: "FULL_OBJECT"}
		if tr != nil {
			st.sum.Value = tr.Checksum()
		} else {
			st.sum.Value = own.Sum()
		}
	}
	if crc != nil {
		st.crc64 = crc.Sum()
	}
	return st, nil
}

// stageChunks reads r to EOF, which is where the readers of the gateway
// verify signatures and checksums.
func (s *Store) stageChunks(st *staged, r io.Reader, sum hash.Hash, limit time.Duration) error {
	sink := newSink(s, st.segment.Data, limit)
	defer sink.wait()
	buf := make([]byte, ChunkSize)
	for {
		n, err := io.ReadFull(r, buf)
		sum.Write(buf[:n])
		st.segment.Size += int64(n)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return bodyError(err)
		}
		if last && !st.chunked {
			st.inline = bytes.Clone(buf[:n])
			st.segment.Chunks = 1
			return nil
		}
		if n > 0 {
			if !st.chunked {
				st.chunked = true
				if err := s.openIntent(st.segment.Data); err != nil {
					return err
				}
			}
			sink.put(st.segment.Chunks, bytes.Clone(buf[:n]))
			st.segment.Chunks++
		}
		if last {
			return sink.wait()
		}
		if err := sink.failed(); err != nil {
			return err
		}
	}
}

// bodyError keeps the gateway's own verdicts on a body; anything else means
// that the body did not arrive.
func bodyError(err error) error {
	var api s3err.S3Error
	if errors.As(err, &api) {
		return api
	}
	return s3err.GetAPIError(s3err.ErrIncompleteBody)
}

func (s *Store) openIntent(data string) error {
	_, err := s.writeRepeatable(time.Now().Add(Budget), nil,
		[]clientv3.Op{put(intentKey(data), intent{Time: time.Now().UTC()})})
	return err
}

// discard removes a staged body that will not be referenced. Where it cannot,
// the garbage collector will.
func (s *Store) discard(st *staged) {
	if st == nil || !st.chunked {
		return
	}
	data := st.segment.Data
	_, _ = s.writeRepeatable(time.Now().Add(opTimeout), []clientv3.Cmp{exists(intentKey(data))}, []clientv3.Op{
		clientv3.OpDelete(intentKey(data)),
		clientv3.OpDelete(dataRange(data), clientv3.WithPrefix()),
	})
}

// reference adds to a change what makes a staged body part of it: the body
// itself, if small, or the end of its intent, which garbage collection must
// not have taken.
func (st *staged) reference(c *change) {
	if st.chunked {
		c.cmps = append(c.cmps, exists(intentKey(st.segment.Data)))
		c.ops = append(c.ops, clientv3.OpDelete(intentKey(st.segment.Data)))
		// The intent's end makes the change happen once; the data key, which
		// exists already, cannot.
		c.consumes = true
		return
	}
	k := chunkKey(st.segment.Data, 0)
	c.once = k
	c.ops = append(c.ops, clientv3.OpPut(k, string(st.inline)))
}
