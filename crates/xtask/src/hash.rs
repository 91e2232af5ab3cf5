//! The two digests of an asset: one for its name, one for the browser's integrity check.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256, Sha384};

/// SHA-256 in lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What stands in an asset's file name: the first 16 hex digits of its SHA-256.
pub(crate) fn short(bytes: &[u8]) -> String {
    let mut name = hex(bytes);
    name.truncate(16);
    name
}

/// The form that `integrity` takes in HTML and in `fetch`.
pub(crate) fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_nothing_is_the_start_of_its_known_digest() {
        assert_eq!(short(b""), "e3b0c44298fc1c14");
    }

    #[test]
    fn integrity_is_the_form_browsers_take() {
        let known = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb";
        assert_eq!(integrity(b""), known);
    }
}
