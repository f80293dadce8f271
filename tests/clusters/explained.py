"""An EnvoyFilter to change in one place, and `explain` asked as from the command line."""

import argparse

from clusters import explaining

FILTER = """apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  workloadSelector: {{labels: {{{labels}}}}}
  configPatches:
    - applyTo: HTTP_FILTER
      match:
        context: {context}
        {proxy}
        listener: {{{port} filterChain: {{filter: {{name: {manager}{sub}}}}}}}
      patch:
        operation: {operation}
        value:
          name: mine
          typed_config:
            "@type": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua
            inline_code: "function envoy_on_request(handle) end"
"""
MANAGER = "envoy.filters.network.http_connection_manager"
ROUTER = ", subFilter: {name: envoy.filters.http.router}"


def document(name="mine", **changes):
    parts = {
        "namespace": "istio-system",
        "labels": "istio: ingressgateway",
        "context": "GATEWAY",
        "proxy": "",
        "port": "",
        "manager": MANAGER,
        "sub": ROUTER,
        "operation": "INSERT_BEFORE",
    }
    return FILTER.format(name=name, **{**parts, **changes})


def asked(path, *options):
    """Return what `explain` says about a file or folder, and its exit code."""
    parser = argparse.ArgumentParser()
    explaining.add(parser.add_subparsers())
    given = parser.parse_args(["explain", str(path), *options])
    return given.run(given)
