// Command porcupine judges register histories with github.com/anishathalye/porcupine, an independent linearizability checker.
//
// It reads one history a line from standard input, as readiness/checkers/crosscheck.py writes them, and prints one line for each:
// its name, "ok", "illegal" or "unknown" (out of time), and the nanoseconds of processor time that the checker took, with tabs between them. It is a cross-check for the project's own checker, no part of a run.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

// Operation is one operation on one object. Status 0 means that its answer was lost.
type Operation struct {
	Verb     string  `json:"verb"`
	Status   int     `json:"status"`
	Value    *string `json:"value"`
	Expected *string `json:"expected"`
	Call     int64   `json:"call"`
	Return   int64   `json:"return"`
}

// History is one object's operations.
type History struct {
	Name       string      `json:"name"`
	Operations []Operation `json:"operations"`
}

// register is what the object holds; absent is the zero value.
type register struct {
	present bool
	value   string
}

func holds(value *string) register {
	if value == nil {
		return register{}
	}
	return register{present: true, value: *value}
}

// step tells whether a register in this state may answer so, and what it holds afterwards. A lost answer excludes nothing.
func step(state register, op Operation) (bool, register) {
	lost := op.Status == 0
	switch op.Verb {
	case "read", "head":
		return lost || (op.Status == 404) == !state.present && (op.Status == 404 || state == holds(op.Value)), state
	case "write":
		return true, holds(op.Value)
	case "delete":
		return true, register{}
	case "create":
		if !state.present {
			return lost || op.Status == 200, holds(op.Value)
		}
		return lost || op.Status == 412, state
	case "cas":
		switch {
		case !state.present:
			return lost || op.Status == 404 || op.Status == 412, state
		case op.Expected != nil && state.value == *op.Expected:
			return lost || op.Status == 200, holds(op.Value)
		default:
			return lost || op.Status == 412, state
		}
	}
	return false, state
}

func model() porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return register{} },
		Step: func(state, input, _ interface{}) (bool, interface{}) {
			return first(step(state.(register), input.(Operation)))
		},
	}
}

func first(possible bool, state register) (bool, interface{}) { return possible, state }

// judge returns the verdict, and the processor time of the checker without the making of its input.
func judge(history History, limit time.Duration) (porcupine.CheckResult, time.Duration) {
	operations := make([]porcupine.Operation, 0, len(history.Operations))
	for number, op := range history.Operations {
		end := op.Return
		if op.Status == 0 {
			end = math.MaxInt64 // may happen any time later; after everything else it does no harm
		}
		operations = append(operations, porcupine.Operation{ClientId: number, Input: op, Call: op.Call, Return: end})
	}
	begun := spent()
	result := porcupine.CheckOperationsTimeout(model(), operations, limit)
	return result, spent() - begun
}

// spent is the processor time of this process so far.
func spent() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func main() {
	limit := flag.Duration("limit", 10*time.Second, "time for each history")
	flag.Parse()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var history History
		if err := json.Unmarshal(lines.Bytes(), &history); err != nil {
			fmt.Fprintln(os.Stderr, "not a history:", err)
			os.Exit(1)
		}
		verdict := map[porcupine.CheckResult]string{porcupine.Ok: "ok", porcupine.Illegal: "illegal", porcupine.Unknown: "unknown"}
		result, took := judge(history, *limit)
		fmt.Printf("%s\t%s\t%d\n", history.Name, verdict[result], took.Nanoseconds())
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
