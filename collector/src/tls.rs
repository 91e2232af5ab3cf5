//! Talking in secret to servers that the operator names: the database's, and the collector's own address as browsers
//! see it.

use std::{io, path::Path};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// Trusts what the system trusts, or the file that `SSL_CERT_FILE` names. A certificate that cannot be read is not
/// trusted.
///
/// # Errors
/// The ciphers are not there.
pub fn client() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusting(roots)
}

/// Trusts the certificates in one file, in PEM, and nothing else.
///
/// # Errors
/// The file cannot be read, or there is no certificate in it.
pub fn client_of(file: &Path) -> io::Result<ClientConfig> {
    let bytes = std::fs::read(file)?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
    }
    if roots.is_empty() {
        return Err(io::Error::other("there is no certificate in it"));
    }
    trusting(roots).map_err(io::Error::other)
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    Ok(ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
