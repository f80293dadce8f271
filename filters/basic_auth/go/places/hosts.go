package places

import (
	"strings"

	"istio-wasm-conformance/shared/fields"
)

// Host returns the host of an authority: no user, no port, no dot at the end, lower case.
func Host(authority string) string {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	bracket := strings.IndexByte(host, ']')
	if strings.HasPrefix(host, "[") && bracket >= 0 {
		host = host[:bracket+1]
	} else {
		host = before(host, ":")
	}
	return fields.Lower(strings.TrimRight(host, "."))
}

// CoversHost tells whether one of the patterns, in lower case, matches a host: "*.example.com",
// "example.*", "*", or a host. No patterns: every host. A request without a host is covered: it
// could be for any.
func CoversHost(patterns []string, host string) bool {
	for _, pattern := range patterns {
		end, suffix := strings.CutPrefix(pattern, "*")
		start, prefix := strings.CutSuffix(pattern, "*")
		switch {
		case suffix && strings.HasSuffix(host, end):
			return true
		case !suffix && prefix && strings.HasPrefix(host, start):
			return true
		case host == pattern:
			return true
		}
	}
	return len(patterns) == 0 || host == ""
}
