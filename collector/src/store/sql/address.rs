//! Where a server is, and how the line to it is guarded.

use std::{fmt, io, sync::Arc};

use percent_encoding::percent_decode_str;
use postgres::{Config, config::SslMode};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::tls;

/// Why there is no talking in secret to a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// It does not speak TLS at all.
    #[error("the server speaks no TLS, and the address asks for it with its sslmode")]
    NoTls,
    /// No authority that is trusted has signed its certificate.
    #[error(
        "no authority that is trusted vouches for the server: name the file with the right one's certificate, \
         sslrootcert=FILE in the address"
    )]
    Stranger,
    /// Its certificate is another host's.
    #[error(
        "the server's certificate is for another host: address it by a name that stands in its certificate"
    )]
    OtherHost,
    /// Its certificate is not valid at this time.
    #[error("the server's certificate has expired, or is not valid yet")]
    OutOfDate,
    /// TLS failed in another way.
    #[error("TLS: {0}")]
    Other(String),
}

/// Why something is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is of another sort.
    #[error("this is no address of a PostgreSQL database: postgres://user:password@host/database")]
    Address,
    /// It asks for TLS in a way that is not known.
    #[error("sslmode is disable, prefer, require or verify-full")]
    Mode,
    /// The certificate that it names cannot be used.
    #[error("sslrootcert: {0}")]
    Root(String),
}

/// The address of a database.
///
/// `sslmode=disable` never speaks TLS. `prefer`, which is what counts when nothing is said, does where the server can, and
/// looks at no certificate: that is for a server of one's own. `require` and `verify-full` always do, and only with a
/// server whose certificate is for this host and comes from an authority that the system trusts, or that stands in the
/// file that `sslrootcert` names: a line that is merely encrypted may end at anybody's. That `require` is so strict is not as
/// libpq has it.
#[derive(Clone)]
pub(in crate::store) struct Address {
    pub(super) config: Config,
    pub(super) tls: MakeRustlsConnect,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither password nor host.
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

impl Address {
    /// Understands an address.
    pub(in crate::store) fn parse(address: &str) -> Result<Self, Unfit> {
        let (plain, mode, root) = taken_apart(address)?;
        let mut config: Config = plain.parse().map_err(|_| Unfit::Address)?;
        let is_looked_at = match mode.as_deref() {
            // As the driver has read it, which knows these three alone.
            None => config.get_ssl_mode() == SslMode::Require,
            Some("disable") => {
                config.ssl_mode(SslMode::Disable);
                false
            }
            Some("prefer") => {
                config.ssl_mode(SslMode::Prefer);
                false
            }
            Some("require" | "verify-full") => {
                config.ssl_mode(SslMode::Require);
                true
            }
            Some(_) => return Err(Unfit::Mode),
        };
        let client = match root.as_deref() {
            _ if !is_looked_at => whoever().map_err(|error| error.to_string()),
            None | Some("system") => tls::client().map_err(|error| error.to_string()),
            Some(file) => tls::client_of(file.as_ref()).map_err(|error| format!("{file}: {error}")),
        };
        Ok(Self { config, tls: MakeRustlsConnect::new(client.map_err(Unfit::Root)?) })
    }
}

/// The address without what the driver does not know of it, and that.
fn taken_apart(address: &str) -> Result<(String, Option<String>, Option<String>), Unfit> {
    let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme));
    // A question mark before it may stand in a password.
    let from = address.find('@').unwrap_or(0);
    let query = address[from..].find('?').map(|at| from + at);
    let (Some(at), true) = (query, is_url) else { return Ok((address.into(), None, None)) };
    let (mut mode, mut root, mut rest) = (None, None, Vec::new());
    for pair in address[at + 1..].split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = || percent_decode_str(value).decode_utf8().map(String::from).map_err(|_| Unfit::Address);
        match name {
            "sslmode" => mode = Some(value()?),
            "sslrootcert" => root = Some(value()?),
            _ => rest.push(pair),
        }
    }
    let mut plain = address[..at].to_owned();
    if !rest.is_empty() {
        plain = format!("{plain}?{}", rest.join("&"));
    }
    Ok((plain, mode, root))
}

/// Why connecting failed, if it is that the server is not trusted.
pub(super) fn distrust(error: &postgres::Error) -> Option<Distrust> {
    use std::error::Error as _;
    let cause = error.source()?;
    // The driver has no other word for it.
    if cause.to_string() == "server does not support TLS" {
        return Some(Distrust::NoTls);
    }
    Some(match cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Distrust::OtherHost
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Distrust::OutOfDate,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Distrust::Stranger,
            other => Distrust::Other(other.to_string()),
        },
        other => Distrust::Other(other.to_string()),
    })
}

/// Encrypts, and trusts whoever answers.
fn whoever() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(Whoever(Arc::clone(&provider)));
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Keeps out those who only listen.
#[derive(Debug)]
struct Whoever(Arc<CryptoProvider>);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_taken_apart_and_what_it_asks_in_vain_is_refused() {
        for (address, plain, mode, root) in [
            ("postgres://a@h/d", "postgres://a@h/d", None, None),
            ("postgres://a:p?w@h/d?sslmode=require", "postgres://a:p?w@h/d", Some("require"), None),
            (
                "postgresql://h/d?connect_timeout=2&sslrootcert=%2Fa%20b&sslmode=verify-full",
                "postgresql://h/d?connect_timeout=2",
                Some("verify-full"),
                Some("/a b"),
            ),
            ("host=h sslmode=require", "host=h sslmode=require", None, None),
        ] {
            let expected = (plain.to_owned(), mode.map(str::to_owned), root.map(str::to_owned));
            assert_eq!(taken_apart(address), Ok(expected), "{address}");
        }
        for (address, fault) in [
            ("mysql://h/d", Unfit::Address),
            ("postgres://h/d?sslmode=verify-ca", Unfit::Mode),
            ("postgres://h/d?sslmode=", Unfit::Mode),
        ] {
            assert_eq!(Address::parse(address).err(), Some(fault), "{address}");
        }
        let nowhere = Address::parse("postgres://h/d?sslmode=require&sslrootcert=/nowhere");
        assert!(matches!(nowhere, Err(Unfit::Root(said)) if said.contains("/nowhere")));
    }
}
