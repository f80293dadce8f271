//go:build wasip1

package main

import (
	"encoding/binary"
	"unsafe"
)

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(status uint32, details unsafe.Pointer, detailsSize uint32,
	body unsafe.Pointer, bodySize uint32, pairs unsafe.Pointer, pairsSize uint32,
	grpcStatus uint32) uint32

// reply answers a request with an empty body. The SDK's SendHttpResponse cannot say why: `details`
// is what access logs print as RESPONSE_CODE_DETAILS.
func reply(status uint32, details string, headers [][2]string, grpcStatus uint32) {
	pairs := packed(headers)
	proxySendLocalResponse(status, unsafe.Pointer(unsafe.StringData(details)),
		uint32(len(details)), nil, 0, unsafe.Pointer(unsafe.SliceData(pairs)),
		uint32(len(pairs)), grpcStatus)
}

// How a list of headers crosses the border: the count, all sizes (name, value), then all texts,
// each ended by a zero byte.
func packed(headers [][2]string) []byte {
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(headers)))
	for _, header := range headers {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(header[0])))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(header[1])))
	}
	for _, header := range headers {
		out = append(append(out, header[0]...), 0)
		out = append(append(out, header[1]...), 0)
	}
	return out
}
