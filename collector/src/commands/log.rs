//! Where logs go: to standard error, and never anything about a person.

use tracing_subscriber::EnvFilter;

use super::settings::{LogFormat, Settings};

/// Starts logging.
pub(super) fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(settings.log.as_deref().unwrap_or("info"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format.unwrap_or_default() {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
}
