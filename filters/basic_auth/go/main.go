//go:build wasip1

// Asks for credentials (RFC 7617) where the rules of its configuration say so.
//
// What a configuration may say, and where this filter is deliberately stricter than the upstream
// plugin of the same configuration: ../README.md. Credentials never reach the log.
package main

import (
	"slices"

	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"istio-wasm-conformance/basic_auth/credentials"
	"istio-wasm-conformance/basic_auth/places"
	"istio-wasm-conformance/basic_auth/rules"
	"istio-wasm-conformance/shared/fields"
)

const (
	unauthorized        = 401
	unavailable         = 503
	grpcUnauthenticated = 16
	grpcUnavailable     = 14
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

// plugin is one configured filter. A proxy puts all plugins with the same vm_id and code into one
// VM, so a configuration hangs here and never on a global.
type plugin struct {
	types.DefaultPluginContext
	all *rules.Rules
}

// OnPluginStart reads the configuration; a second one replaces the first.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, _ := proxywasm.GetPluginConfiguration() // an error means that there is none
	all, err := rules.Read(string(text))
	if err != nil {
		proxywasm.LogError("basic_auth: configuration refused: " + err.Error())
		return types.OnPluginStartStatusFailed
	}
	p.all = all
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &request{plugin: p} }

type request struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *request) OnHttpRequestHeaders(int, bool) types.Action {
	all := r.plugin.all
	if all == nil { // no rules known is no reason to let anybody in
		reply(unavailable, "basic_auth_unconfigured", nil, grpcUnavailable)
		return types.ActionPause
	}
	found := matching(all.Rules)
	if len(found) == 0 {
		return types.ActionContinue
	}
	given, ok := credentials.Given(header("authorization"))
	if !ok {
		return deny(all, "basic_auth_no_credentials")
	}
	right := singleAuthorization()
	for _, rule := range found {
		right = credentials.Among(rule.Credentials, given) && right
	}
	if !right {
		return deny(all, "basic_auth_wrong_credentials")
	}
	return types.ActionContinue
}

// matching returns the rules for the method, host and path of this request; every one of them must
// be satisfied.
func matching(all []rules.Rule) []rules.Rule {
	method := fields.Lower(header(":method"))
	var found []rules.Rule
	for _, rule := range all {
		if slices.Contains(rule.Methods, method) {
			found = append(found, rule)
		}
	}
	if found == nil {
		return nil
	}
	readings, authority := places.Readings(header(":path")), places.Host(header(":authority"))
	return slices.DeleteFunc(found, func(rule rules.Rule) bool {
		return !rule.Match.Covers(rule.Path, readings) || !places.CoversHost(rule.Hosts, authority)
	})
}

// singleAuthorization tells whether there is one such header: with two of them the backend may read
// another one than this filter.
func singleAuthorization() bool {
	count := 0
	headers, _ := proxywasm.GetHttpRequestHeaders()
	for _, header := range headers {
		if header[0] == "authorization" {
			count++
		}
	}
	return count == 1
}

// header returns the value of a request header, empty where there is none.
func header(name string) string {
	value, _ := proxywasm.GetHttpRequestHeader(name)
	return value
}

func deny(all *rules.Rules, details string) types.Action {
	challenge := [][2]string{{"www-authenticate", all.Challenge}}
	reply(unauthorized, details, challenge, grpcUnauthenticated)
	return types.ActionPause
}
