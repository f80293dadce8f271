//go:build wasip1

// Runs the parts of the Go filters that need no request; what can be asked: ../../harness/harness.cc.
package main

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"istio-wasm-conformance/basic_auth/credentials"
	"istio-wasm-conformance/basic_auth/places"
	"istio-wasm-conformance/basic_auth/rules"
	"istio-wasm-conformance/headers/changes"
	"istio-wasm-conformance/shared/strictjson"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

type plugin struct{ types.DefaultPluginContext }

func (*plugin) OnPluginStart(int) types.OnPluginStartStatus {
	table, _ := proxywasm.GetPluginConfiguration()
	for number, line := range strings.Split(string(table), "\n") {
		var question []string
		for _, word := range strings.Split(line, " ") {
			plain, _ := hex.DecodeString(word)
			question = append(question, string(plain))
		}
		text := hex.EncodeToString([]byte(answer(question)))
		proxywasm.LogError("answer " + strconv.Itoa(number) + " " + text + " .")
	}
	return types.OnPluginStartStatusOK
}

func answer(q []string) string {
	switch q[0] {
	case "json":
		value, err := strictjson.Parse(q[1])
		if err != nil {
			return "! " + err.Error()
		}
		return shown(value)
	case "base64":
		decode := credentials.Decoded
		if q[2] == "optional" {
			decode = credentials.DecodedUnpadded
		}
		plain, ok := decode(q[1])
		if !ok {
			return "!"
		}
		return "<" + plain + ">"
	case "covers":
		match := map[string]places.Match{
			"prefix": places.Prefix, "exact": places.Exact, "suffix": places.Suffix,
		}[q[1]]
		return covered(match.Covers(q[2], places.Readings(q[3])))
	case "host":
		return covered(places.CoversHost([]string{q[1]}, places.Host(q[2])))
	case "rules":
		all, err := rules.Read(q[1])
		if err != nil {
			return err.Error()
		}
		return "accepted " + all.Challenge
	case "changes":
		if _, err := changes.Read(q[1]); err != nil {
			return err.Error()
		}
		return "accepted"
	}
	return "? " + q[0]
}

func covered(yes bool) string {
	if yes {
		return "covered"
	}
	return "open"
}

func shown(value strictjson.Value) string {
	var out strings.Builder
	switch value.Kind {
	case strictjson.String:
		return "<" + value.Text + ">"
	case strictjson.Array:
		for _, item := range value.Items {
			out.WriteString(shown(item) + ",")
		}
		return "[" + out.String() + "]"
	case strictjson.Object:
		for _, member := range value.Members {
			out.WriteString("<" + member.Key + ">:" + shown(member.Value) + ",")
		}
		return "{" + out.String() + "}"
	}
	return value.Text
}
