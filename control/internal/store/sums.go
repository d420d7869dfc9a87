package store

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/versity/versitygw/s3api/utils"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// of is the value if the checksum is of that algorithm.
func (c Checksum) of(a types.ChecksumAlgorithm) *string {
	if c.Algorithm != string(a) || c.Value == "" {
		return nil
	}
	return &c.Value
}

// whole is the checksum as an answer gives it.
func (c Checksum) whole() types.Checksum {
	return types.Checksum{
		ChecksumType:  types.ChecksumType(c.Type),
		ChecksumCRC32: c.of(types.ChecksumAlgorithmCrc32), ChecksumCRC32C: c.of(types.ChecksumAlgorithmCrc32c),
		ChecksumSHA1: c.of(types.ChecksumAlgorithmSha1), ChecksumSHA256: c.of(types.ChecksumAlgorithmSha256),
		ChecksumCRC64NVME: c.of(types.ChecksumAlgorithmCrc64nvme), ChecksumSHA512: c.of(types.ChecksumAlgorithmSha512),
		ChecksumMD5: c.of(types.ChecksumAlgorithmMd5), ChecksumXXHASH64: c.of(types.ChecksumAlgorithmXxhash64),
		ChecksumXXHASH3: c.of(types.ChecksumAlgorithmXxhash3), ChecksumXXHASH128: c.of(types.ChecksumAlgorithmXxhash128),
	}
}

func setPutSums(o *s3response.PutObjectOutput, c Checksum) {
	w := c.whole()
	o.ChecksumType = w.ChecksumType
	o.ChecksumCRC32, o.ChecksumCRC32C, o.ChecksumSHA1 = w.ChecksumCRC32, w.ChecksumCRC32C, w.ChecksumSHA1
	o.ChecksumSHA256, o.ChecksumCRC64NVME, o.ChecksumSHA512 = w.ChecksumSHA256, w.ChecksumCRC64NVME, w.ChecksumSHA512
	o.ChecksumMD5, o.ChecksumXXHASH64, o.ChecksumXXHASH3 = w.ChecksumMD5, w.ChecksumXXHASH64, w.ChecksumXXHASH3
	o.ChecksumXXHASH128 = w.ChecksumXXHASH128
}

func setPartSums(o *s3.UploadPartOutput, c Checksum) {
	w := c.whole()
	o.ChecksumCRC32, o.ChecksumCRC32C, o.ChecksumSHA1 = w.ChecksumCRC32, w.ChecksumCRC32C, w.ChecksumSHA1
	o.ChecksumSHA256, o.ChecksumCRC64NVME, o.ChecksumSHA512 = w.ChecksumSHA256, w.ChecksumCRC64NVME, w.ChecksumSHA512
	o.ChecksumMD5, o.ChecksumXXHASH64, o.ChecksumXXHASH3 = w.ChecksumMD5, w.ChecksumXXHASH64, w.ChecksumXXHASH3
	o.ChecksumXXHASH128 = w.ChecksumXXHASH128
}

// claimed is the checksum that a CompleteMultipartUpload names for a part.
func claimed(a string, p types.CompletedPart) string {
	switch types.ChecksumAlgorithm(a) {
	case types.ChecksumAlgorithmCrc32:
		return str(p.ChecksumCRC32)
	case types.ChecksumAlgorithmCrc32c:
		return str(p.ChecksumCRC32C)
	case types.ChecksumAlgorithmSha1:
		return str(p.ChecksumSHA1)
	case types.ChecksumAlgorithmSha256:
		return str(p.ChecksumSHA256)
	case types.ChecksumAlgorithmCrc64nvme:
		return str(p.ChecksumCRC64NVME)
	case types.ChecksumAlgorithmSha512:
		return str(p.ChecksumSHA512)
	case types.ChecksumAlgorithmMd5:
		return str(p.ChecksumMD5)
	case types.ChecksumAlgorithmXxhash64:
		return str(p.ChecksumXXHASH64)
	case types.ChecksumAlgorithmXxhash3:
		return str(p.ChecksumXXHASH3)
	case types.ChecksumAlgorithmXxhash128:
		return str(p.ChecksumXXHASH128)
	}
	return ""
}

// claimedWhole is the checksum that it names for the object.
func claimedWhole(a string, in *s3.CompleteMultipartUploadInput) string {
	return claimed(a, types.CompletedPart{
		ChecksumCRC32: in.ChecksumCRC32, ChecksumCRC32C: in.ChecksumCRC32C, ChecksumSHA1: in.ChecksumSHA1,
		ChecksumSHA256: in.ChecksumSHA256, ChecksumCRC64NVME: in.ChecksumCRC64NVME, ChecksumSHA512: in.ChecksumSHA512,
		ChecksumMD5: in.ChecksumMD5, ChecksumXXHASH64: in.ChecksumXXHASH64, ChecksumXXHASH3: in.ChecksumXXHASH3,
		ChecksumXXHASH128: in.ChecksumXXHASH128,
	})
}

// combine is the checksum of an object made of parts: of the upload's own
// algorithm and type, or CRC64NVME if the upload named none.
func combine(up Checksum, parts []*Part) (Checksum, error) {
	sum := up
	if sum.Algorithm == "" {
		sum = Checksum{Algorithm: string(types.ChecksumAlgorithmCrc64nvme), Type: string(types.ChecksumTypeFullObject)}
	}
	algo := types.ChecksumAlgorithm(sum.Algorithm)
	if sum.Type == string(types.ChecksumTypeComposite) {
		r, err := utils.NewCompositeChecksumReader(utils.HashType(strings.ToLower(sum.Algorithm)))
		if err != nil {
			return sum, err
		}
		for _, p := range parts {
			if err := r.Process(p.Sum.Value); err != nil {
				return sum, err
			}
		}
		sum.Value = fmt.Sprintf("%s-%d", r.Sum(), len(parts))
		return sum, nil
	}
	for i, p := range parts {
		v := p.Sum.Value
		if up.Algorithm == "" {
			v = p.CRC64
		}
		if i == 0 {
			sum.Value = v
			continue
		}
		var err error
		if sum.Value, err = utils.AddCRCChecksum(algo, sum.Value, v, p.Segment.Size); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// checkClaim compares what a completion says of a part with what was stored.
func checkClaim(up Checksum, id string, p *Part, c types.CompletedPart) error {
	if up.Algorithm == "" {
		return nil
	}
	got := claimed(up.Algorithm, c)
	if got == "" && up.Type == string(types.ChecksumTypeComposite) {
		return s3err.APIError{
			Code: "InvalidRequest", HTTPStatusCode: http.StatusBadRequest,
			Description: fmt.Sprintf("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.", strings.ToLower(up.Algorithm), p.Number),
		}
	}
	if got != "" && got != p.Sum.Value {
		return s3err.GetInvalidPartErr(id, p.Number, str(c.ETag))
	}
	return nil
}
