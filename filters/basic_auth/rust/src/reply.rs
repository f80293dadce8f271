//! What a client gets instead of the backend's answer.

/// Why a request does not go on.
pub enum Denial<'a> {
    NoCredentials {
        challenge: &'a str,
    },
    WrongCredentials {
        challenge: &'a str,
    },
    /// The module lost its configuration.
    Unconfigured,
}

/// Answers the request. A gRPC client gets a status of gRPC, and an access log the details.
pub fn send(denial: &Denial) {
    let (status, grpc_status, details, challenge) = match denial {
        Denial::NoCredentials { challenge } => {
            (401, UNAUTHENTICATED, "basic_auth_no_credentials", Some(*challenge))
        }
        Denial::WrongCredentials { challenge } => {
            (401, UNAUTHENTICATED, "basic_auth_wrong_credentials", Some(*challenge))
        }
        Denial::Unconfigured => (503, UNAVAILABLE, "basic_auth_unconfigured", None),
    };
    let headers = packed(challenge.map(|challenge| ("www-authenticate", challenge)).as_slice());
    // SAFETY: each pointer is valid for the length after it, and the host reads during the call
    // only.
    unsafe {
        proxy_send_local_response(
            status,
            details.as_ptr(),
            details.len(),
            std::ptr::null(),
            0,
            headers.as_ptr(),
            headers.len(),
            grpc_status,
        );
    }
}

const UNAVAILABLE: u32 = 14;
const UNAUTHENTICATED: u32 = 16;

// The crate's send_http_response takes neither details nor a status for gRPC: proxies before
// Envoy 1.31 then answer a gRPC client with the status 4294967295.
#[link(wasm_import_module = "env")]
extern "C" {
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: u32,
    ) -> u32;
}

/// How a list of headers crosses the border: the count, all sizes (name, value), then all texts,
/// each ended by a zero byte. Numbers are 32 bits, little endian.
fn packed(headers: &[(&str, &str)]) -> Vec<u8> {
    let texts = || headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    let mut out = (headers.len() as u32).to_le_bytes().to_vec();
    for text in texts() {
        out.extend((text.len() as u32).to_le_bytes());
    }
    for text in texts() {
        out.extend(text);
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::packed;

    #[test]
    fn headers_are_packed_as_the_abi_says() {
        assert_eq!(packed(&[]), [0; 4]);
        assert_eq!(packed(&[("ab", "c")]), *b"\x01\0\0\0\x02\0\0\0\x01\0\0\0ab\0c\0");
    }
}
