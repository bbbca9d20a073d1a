//! HMAC-MD5 written out from RFC 2104, apart from the product's own.

use md5::{Digest as _, Md5};

/// MD5's block, in bytes.
const BLOCK: usize = 64;

/// The article's key.
pub const KEY: &[u8] = b"wan yifei";

/// H(K xor opad, H(K xor ipad, text)).
pub fn hmac_md5(key: &[u8], text: &[u8]) -> [u8; 16] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..16].copy_from_slice(&Md5::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Md5::new().chain_update(block.map(|byte| byte ^ 0x36));
    let inner = inner.chain_update(text).finalize();
    let outer = Md5::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_rfc_2202() {
        let digest = hmac_md5(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(digest[..4], [0x75, 0x0c, 0x78, 0x3e]);
        let digest = hmac_md5(
            &[0xaa; 80],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(digest[..4], [0x6b, 0x1a, 0xb7, 0xfe]);
    }
}
