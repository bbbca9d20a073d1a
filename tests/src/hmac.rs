//! HMAC written out from RFC 2104, apart from the product's own.

use md5::{Digest, Md5};
use sha2::Sha256;

/// The block of MD5 and of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The article's key.
pub const KEY: &[u8] = b"wan yifei";

/// HMAC-MD5 of `text`.
pub fn hmac_md5(key: &[u8], text: &[u8]) -> [u8; 16] {
    hmac::<Md5>(key, text).try_into().expect("MD5 has 16 bytes")
}

/// The proof of `role`, `client` or `server`, in a handshake of mutual-sha256.
pub fn proof(key: &[u8], role: &str, server_nonce: &[u8], client_nonce: &[u8]) -> [u8; 32] {
    let label = format!("sticky-packet-lab mutual-sha256 v1 {role}");
    let text = [label.as_bytes(), server_nonce, client_nonce].concat();
    let proof = hmac::<Sha256>(key, &text).try_into();
    proof.expect("SHA-256 has 32 bytes")
}

/// H(K xor opad, H(K xor ipad, text)).
fn hmac<H: Digest>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        let short = H::digest(key);
        block[..short.len()].copy_from_slice(&short);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = H::new().chain_update(block.map(|byte| byte ^ 0x36));
    let inner = inner.chain_update(text).finalize();
    let outer = H::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &[u8] = b"Test Using Larger Than Block-Size Key - Hash Key First";

    #[test]
    fn it_agrees_with_rfc_2202() {
        let digest = hmac_md5(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(digest[..4], [0x75, 0x0c, 0x78, 0x3e]);
        let digest = hmac_md5(&[0xaa; 80], LONG);
        assert_eq!(digest[..4], [0x6b, 0x1a, 0xb7, 0xfe]);
    }

    #[test]
    fn it_agrees_with_rfc_4231() {
        let digest = hmac::<Sha256>(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(digest[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        let digest = hmac::<Sha256>(&[0xaa; 131], LONG);
        assert_eq!(digest[..4], [0x60, 0xe4, 0x31, 0x59]);
    }
}
