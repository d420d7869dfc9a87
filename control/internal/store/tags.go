package store

import "context"

// GetObjectTagging answers with the tags that the PUT of that version gave
// it; a copy has those of its source.
func (s *Store) GetObjectTagging(ctx context.Context, bucket, object, versionID string) (map[string]string, error) {
	ver, err := s.object(ctx, bucket, object, versionID)
	if err != nil {
		return nil, err
	}
	if ver.Headers.Tags == nil {
		return map[string]string{}, nil
	}
	return ver.Headers.Tags, nil
}
