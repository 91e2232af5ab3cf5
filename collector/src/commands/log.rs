//! Logs: they go to standard error, and never say anything about a person.

use tracing_subscriber::EnvFilter;

use super::settings::{LogFormat, Settings};

/// Starts logging. What a panic says may quote what was being read, so of a panic only the place is logged.
pub(super) fn start(settings: &Settings) {
    let filter = EnvFilter::try_new(settings.log.as_deref().unwrap_or("info"))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format.unwrap_or_default() {
        LogFormat::Text => subscriber.with_target(false).init(),
        LogFormat::Json => subscriber.json().init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "panic");
    }));
}
