//! Talking in secret to servers that the operator names: the database's, and the collector's own address as browsers
//! see it.

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Trusts what the system trusts, or the file that `SSL_CERT_FILE` names. A certificate that cannot be read is not
/// trusted.
///
/// # Errors
/// The ciphers are not there.
pub fn client() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
