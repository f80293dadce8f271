//go:build wasip1

// Asks for credentials (RFC 7617) where the rules of its configuration say so.
//
// What a configuration may say, and where this filter is deliberately stricter than the upstream
// plugin of the same configuration: ../README.md. Credentials never reach the log.
package main

import (
	"net/http"
)

func main() {}
