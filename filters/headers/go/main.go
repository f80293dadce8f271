//go:build wasip1

// Changes the headers of every response, local replies included.
//
//	{"remove": ["server"], "replace": {"hello": "world"}, "add": {"x-tag": ["a", "b"]}}
//
// remove: the header is gone, all of its values. replace: the header has exactly this value. add:
// the header has this value, or these, besides those that it had.
//
// Applied in this order. A configuration that changes nothing is refused like a broken one: nobody
// installs a filter for that, so the configuration got lost on its way. Refused are also unknown
// keys, a name given twice in one operation, names that are no field names, the fields that frame
// a message on its connection, and values that would break out of their line.
package main

import (
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm"
	"github.com/proxy-wasm/proxy-wasm-go-sdk/proxywasm/types"

	"istio-wasm-conformance/headers/changes"
)

func main() {}

func init() {
	proxywasm.SetPluginContext(func(uint32) types.PluginContext { return &plugin{} })
}

// plugin is one configured filter. A proxy puts all plugins with the same vm_id and code into one
// VM, so a configuration hangs here and never on a global.
type plugin struct {
	types.DefaultPluginContext
	all *changes.Changes
}

// OnPluginStart reads the configuration; a second one replaces the first.
func (p *plugin) OnPluginStart(int) types.OnPluginStartStatus {
	text, _ := proxywasm.GetPluginConfiguration() // an error means that there is none
	all, err := changes.Read(string(text))
	if err != nil {
		proxywasm.LogError("headers: configuration refused: " + err.Error())
		return types.OnPluginStartStatusFailed
	}
	p.all = all
	return types.OnPluginStartStatusOK
}

func (p *plugin) NewHttpContext(uint32) types.HttpContext { return &response{plugin: p} }

type response struct {
	types.DefaultHttpContext
	plugin *plugin
}

func (r *response) OnHttpResponseHeaders(int, bool) types.Action {
	all := r.plugin.all
	if all == nil {
		return types.ActionContinue
	}
	var failed error
	for _, name := range all.Removed {
		_ = proxywasm.RemoveHttpResponseHeader(name) // it need not be there
	}
	for _, pair := range all.Replaced {
		if err := proxywasm.ReplaceHttpResponseHeader(pair[0], pair[1]); err != nil {
			failed = err
		}
	}
	for _, pair := range all.Added {
		if err := proxywasm.AddHttpResponseHeader(pair[0], pair[1]); err != nil {
			failed = err
		}
	}
	if failed != nil {
		proxywasm.LogError("headers: the proxy did not take a header: " + failed.Error())
	}
	return types.ActionContinue
}
