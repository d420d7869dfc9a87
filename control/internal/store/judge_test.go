package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
)

// state is what a key's register held from a time on.
type state struct {
	from time.Time
	etag string // "" for absent
}

// judge compares what clients saw with what etcd carried out.
func judge(etcd *simEtcd, plain *Store, history []*asked) error {
	registers := map[string][]state{}
	for n := range modelKeys {
		registers[fmt.Sprint("key", n)] = []state{{}}
	}
	took := map[string]int{} // how often each write took effect, by its ETag
	for _, e := range etcd.log {
		switch {
		case strings.HasPrefix(e.key, versionPrefix) && e.before != nil && e.after != nil:
			return fmt.Errorf("version %q was rewritten", e.key)
		case strings.HasPrefix(e.key, headPrefix):
			_, key, _ := strings.Cut(e.key[len(headPrefix):], "\x00")
			before, after := headOf(e.before), headOf(e.after)
			registers[key] = append(registers[key], state{e.at, after.ETag})
			if wrote := !after.Marker && after.Next > before.Next; wrote {
				took[after.ETag]++
				if err := explained(e.at, history, func(a *asked) bool {
					holds := a.Kind == opPut || a.Kind == opCreate && before.ETag == "" || a.Kind == opUpdate && before.ETag == a.expected
					return a.writes() && a.etag == after.ETag && holds
				}); err != nil {
					return fmt.Errorf("%s became %.6s after %.6s: %w", key, after.ETag, before.ETag, err)
				}
			} else if err := explained(e.at, history, func(a *asked) bool {
				return a.key == key && (a.Kind == opDelete || a.Kind == opRemove)
			}); err != nil {
				return fmt.Errorf("%s lost %.6s: %w", key, before.ETag, err)
			}
		}
	}
	for _, a := range history {
		if err := fits(a, registers[a.key], took[a.etag]); err != nil {
			return fmt.Errorf("%v: %w", a, err)
		}
	}
	return sound(plain, registers)
}

// headOf reads a head, with the ETag that readers see: "" for none.
func headOf(kv *mvccpb.KeyValue) *Head {
	h, err := decode[Head](kv.GetValue())
	if err != nil {
		return &Head{}
	}
	return h
}

// explained finds a request that was in flight at that time, or whose outcome
// is unknown and whose gateway may not have moved its fence yet.
func explained(at time.Time, history []*asked, by func(*asked) bool) error {
	var early *asked
	for _, a := range history {
		if !by(a) || at.Before(a.start) {
			continue
		}
		if !at.After(a.end) || a.unknown() && at.Before(a.end.Add(fenceLimit)) {
			return nil
		}
		early = a
	}
	return fmt.Errorf("no request explains this at %s; nearest: %v", at.Format("05.000"), early)
}

// fits checks one request's outcome.
func fits(a *asked, register []state, took int) error {
	during := map[string]bool{}
	for i, st := range register {
		if st.from.After(a.end) || i+1 < len(register) && register[i+1].from.Before(a.start) {
			continue
		}
		during[st.etag] = true
	}
	switch {
	case a.unknown():
		if took > 1 {
			return fmt.Errorf("it took effect %d times", took)
		}
	case a.Kind == opGet && (a.err != nil || !during[a.etag]):
		return fmt.Errorf("the key had %v meanwhile", slices.Collect(maps.Keys(during)))
	case a.writes() && a.err == nil && took != 1:
		return fmt.Errorf("it took effect %d times", took)
	case a.writes() && a.err != nil && took != 0:
		return fmt.Errorf("it took effect %d times", took)
	case a.Kind == opCreate && isCode(a.err, "PreconditionFailed") && len(during) == 1 && during[""]:
		return errors.New("the key was absent")
	case a.Kind == opUpdate && a.err != nil && !isCode(a.err, "SlowDown") && len(during) == 1 && during[a.expected]:
		return errors.New("the key was as expected")
	case a.Kind == opDelete && a.err == nil && !during[""]:
		return errors.New("the key was never absent")
	}
	return nil
}

// sound reads everything in the end.
func sound(plain *Store, registers map[string][]state) error {
	for key, register := range registers {
		if etag, err := read(plain, key); err != nil || etag != register[len(register)-1].etag {
			return fmt.Errorf("in the end %s is %.6s (%v), not %.6s", key, etag, err, register[len(register)-1].etag)
		}
	}
	report, err := plain.Check(context.Background())
	if err != nil || len(report.Divergences) > 0 {
		return fmt.Errorf("in the end the index diverges: %v %v", report, err)
	}
	return nil
}
