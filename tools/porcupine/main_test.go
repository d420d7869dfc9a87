package main

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

func text(value string) *string { return &value }

func TestJudge(t *testing.T) {
	cases := map[string]struct {
		operations []Operation
		want       porcupine.CheckResult
	}{
		"read what was written": {[]Operation{
			{Verb: "write", Status: 200, Value: text("a"), Call: 0, Return: 1},
			{Verb: "read", Status: 200, Value: text("a"), Call: 2, Return: 3},
		}, porcupine.Ok},
		"404 for an existing object": {[]Operation{
			{Verb: "write", Status: 200, Value: text("a"), Call: 0, Return: 1},
			{Verb: "read", Status: 404, Call: 2, Return: 3},
		}, porcupine.Illegal},
		"a lost answer may mean later": {[]Operation{
			{Verb: "write", Value: text("a"), Call: 0, Return: 1},
			{Verb: "read", Status: 404, Call: 2, Return: 3},
			{Verb: "read", Status: 200, Value: text("a"), Call: 4, Return: 5},
		}, porcupine.Ok},
		"two winners": {[]Operation{
			{Verb: "create", Status: 200, Value: text("a"), Call: 0, Return: 3},
			{Verb: "create", Status: 200, Value: text("b"), Call: 1, Return: 2},
		}, porcupine.Illegal},
		"stale condition": {[]Operation{
			{Verb: "write", Status: 200, Value: text("b"), Call: 0, Return: 1},
			{Verb: "cas", Status: 200, Value: text("c"), Expected: text("a"), Call: 2, Return: 3},
		}, porcupine.Illegal},
	}
	for name, each := range cases {
		t.Run(name, func(t *testing.T) {
			if got, _ := judge(History{Operations: each.operations}, time.Minute); got != each.want {
				t.Errorf("got %v, want %v", got, each.want)
			}
		})
	}
}
