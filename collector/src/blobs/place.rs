//! Where blobs may lie, by what an owner writes: a folder, or a bucket of a store that speaks S3's protocol, Google's or
//! Azure's.
//!
//! What a bucket needs besides its name (where its server is, who we are) comes from the environment, under the names
//! that other programs use, too: `AWS_…`, `GOOGLE_…`, `AZURE_…`.

use std::{net::IpAddr, path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder,
    aws::AmazonS3ConfigKey, azure::AzureConfigKey, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, gcp::GoogleConfigKey, path::Path as Prefix, prefix::PrefixStore,
};
use rustls::crypto::ring;

/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one request may take, a file of the largest size included.
const REQUEST: Duration = Duration::from_secs(8);
/// For how long a request that failed is tried again. A visitor is waiting, and their browser tries again as well.
const AGAIN: Duration = Duration::from_secs(4);
const AGAIN_MAX: usize = 4;
const AGAIN_AFTER: Duration = Duration::from_millis(100);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(1);

/// Why blobs cannot be kept where an owner wants them.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The address, or what the environment says to it, is unfit.
    #[error("{0}")]
    Unfit(&'static str),
    /// The client of that sort of store refuses it.
    #[error(transparent)]
    Client(#[from] object_store::Error),
    /// The folder cannot be used.
    #[error(transparent)]
    Folder(#[from] super::BlobError),
}

/// What an address names.
#[derive(Debug)]
pub(super) enum Place {
    /// This folder.
    Folder(PathBuf),
    /// A store elsewhere.
    Bucket(Arc<dyn ObjectStore>),
}

/// Understands an address; `variables` is the environment.
pub(super) fn find(
    address: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Place, PlaceError> {
    let Some((scheme, rest)) = address.split_once("://") else { return Ok(Place::Folder(address.into())) };
    if scheme == "file" {
        return if rest.starts_with('/') {
            Ok(Place::Folder(rest.into()))
        } else {
            Err(PlaceError::Unfit("a folder is written as a path, or as file:///path"))
        };
    }
    if rest.contains(['?', '#']) || (rest.contains('@') && matches!(scheme, "s3" | "gs")) {
        return Err(PlaceError::Unfit(
            "the address names a bucket and a prefix alone: keys and all else come from the environment",
        ));
    }
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(PlaceError::Unfit("the address lacks its bucket: s3://bucket/prefix"));
    }
    let prefix = Prefix::parse(prefix).map_err(object_store::Error::from)?;
    let variables: Vec<_> =
        variables.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    // The one that all of the program speaks TLS with. It may be said already.
    let _ = ring::default_provider().install_default();
    let store: Arc<dyn ObjectStore> = match scheme {
        "s3" => Arc::new(PrefixStore::new(s3(address, &variables)?.build()?, prefix)),
        "gs" => Arc::new(PrefixStore::new(google(address, &variables).build()?, prefix)),
        "az" | "abfs" | "abfss" => Arc::new(PrefixStore::new(azure(address, &variables)?.build()?, prefix)),
        _ => return Err(PlaceError::Unfit("blobs lie in a folder, or at s3://, gs:// or az://")),
    };
    Ok(Place::Bucket(store))
}

type Variables = [(String, String)];

fn s3(address: &str, variables: &Variables) -> Result<AmazonS3Builder, PlaceError> {
    let mut builder =
        AmazonS3Builder::new().with_url(address).with_client_options(client()).with_retry(retries());
    for (key, value) in known::<AmazonS3ConfigKey>(variables, "aws_") {
        builder = builder.with_config(key, value);
    }
    let endpoint = [AmazonS3ConfigKey::S3Endpoint, AmazonS3ConfigKey::Endpoint]
        .iter()
        .find_map(|key| builder.get_config_value(key));
    let allowed = builder.get_config_value(&AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
    if may_be_plain(endpoint.as_deref(), allowed.as_deref())? {
        builder = builder.with_allow_http(true);
    }
    Ok(builder)
}

fn google(address: &str, variables: &Variables) -> GoogleCloudStorageBuilder {
    let builder = GoogleCloudStorageBuilder::new()
        .with_url(address)
        .with_client_options(client())
        .with_retry(retries());
    known::<GoogleConfigKey>(variables, "google_")
        .fold(builder, |builder, (key, value)| builder.with_config(key, value))
}

fn azure(address: &str, variables: &Variables) -> Result<MicrosoftAzureBuilder, PlaceError> {
    let mut builder =
        MicrosoftAzureBuilder::new().with_url(address).with_client_options(client()).with_retry(retries());
    for (key, value) in known::<AzureConfigKey>(variables, "azure_") {
        builder = builder.with_config(key, value);
    }
    let endpoint = builder.get_config_value(&AzureConfigKey::Endpoint);
    let allowed = builder.get_config_value(&AzureConfigKey::Client(ClientConfigKey::AllowHttp));
    if may_be_plain(endpoint.as_deref(), allowed.as_deref())? {
        builder = builder.with_allow_http(true);
    }
    Ok(builder)
}

/// What the environment says that this sort of store knows.
fn known<K: std::str::FromStr>(variables: &Variables, begin: &str) -> impl Iterator<Item = (K, String)> {
    let ours = variables.iter().filter(move |(name, _)| name.starts_with(begin));
    ours.filter_map(|(name, value)| Some((name.parse().ok()?, value.clone())))
}

/// Whether to speak without TLS: on this machine, and elsewhere where the owner says so.
fn may_be_plain(endpoint: Option<&str>, allowed: Option<&str>) -> Result<bool, PlaceError> {
    let Some(server) = endpoint.and_then(|endpoint| endpoint.strip_prefix("http://")) else {
        return Ok(false);
    };
    let server = server.split('/').next().unwrap_or_default();
    if allowed == Some("true") || is_this_machine(server) {
        return Ok(true);
    }
    Err(PlaceError::Unfit(
        "the endpoint is http:// on another machine, where files and keys could be read on the way: use https://, \
         or allow it with AWS_ALLOW_HTTP=true (AZURE_ALLOW_HTTP=true)",
    ))
}

fn is_this_machine(server: &str) -> bool {
    let host = match server.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => server,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn client() -> ClientOptions {
    ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(REQUEST)
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig { init_backoff: AGAIN_AFTER, max_backoff: AGAIN_AFTER_MAX, base: 2. },
        max_retries: AGAIN_MAX,
        retry_timeout: AGAIN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(address: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        find(address, variables).err().map(|error| error.to_string())
    }

    #[test]
    fn folder_is_a_path_or_a_file_address() {
        for (address, path) in [("/srv/blobs", "/srv/blobs"), ("blobs", "blobs"), ("file:///srv", "/srv")] {
            let found = find(address, []).unwrap();
            assert!(matches!(&found, Place::Folder(folder) if folder.to_str() == Some(path)), "{found:?}");
        }
        assert!(fault("file://srv", &[]).unwrap().contains("file:///path"));
    }

    #[test]
    fn bucket_is_found_by_its_address_and_anything_else_is_said() {
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b"), ("AWS_COLOUR", "red")];
        assert_eq!(fault("s3://bucket", &keys), None);
        assert_eq!(fault("s3://bucket/some/prefix", &keys), None);
        for (address, said) in [
            ("s3://", "lacks its bucket"),
            ("s3://key:secret@bucket", "come from the environment"),
            ("s3://bucket?region=x", "come from the environment"),
            ("ftp://bucket", "s3://, gs:// or az://"),
        ] {
            assert!(fault(address, &keys).unwrap().contains(said), "{address}");
        }
        assert_eq!(fault("az://container/prefix", &[("AZURE_STORAGE_ACCOUNT_NAME", "candor")]), None);
        assert_eq!(fault("gs://bucket/prefix", &[]), None);
    }

    #[test]
    fn without_tls_only_this_machine_is_spoken_to_unless_it_is_allowed() {
        let speak = |endpoint, allowed: &[(&'static str, &'static str)]| {
            fault("s3://bucket", &[&[("AWS_ENDPOINT_URL", endpoint)], allowed].concat())
        };
        for here in
            ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:9000", "https://s3.example"]
        {
            assert_eq!(speak(here, &[]), None, "{here}");
        }
        for away in [
            "http://s3.example",
            "http://127.0.0.1.example:80",
            "http://localhost.example",
            "http://10.0.0.1",
        ] {
            assert!(speak(away, &[]).unwrap().contains("AWS_ALLOW_HTTP"), "{away}");
            assert_eq!(speak(away, &[("AWS_ALLOW_HTTP", "true")]), None, "{away}");
        }
    }
}
