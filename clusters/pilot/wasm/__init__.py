"""WasmPlugin and TrafficExtension: from documents to filters and extension configurations."""
