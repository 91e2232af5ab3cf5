//! What may be set, from where: flags before environment before `candor.toml` before defaults.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use candor_collector::{
    app,
    mail::{Postbox, PostboxFault},
    memory::Memory,
    rate::Rate,
    store::{BACKUP_DAYS, Store},
};
use clap::{Args, ValueEnum};
use serde::Deserialize;

/// The file that is read when it is there and no other is named.
const FILE: &str = "candor.toml";

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Every setting; `None` is not set here.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[command(next_help_heading = "Settings")]
pub(super) struct Settings {
    /// Read settings from this file [default: candor.toml, if there is one]
    #[arg(long, global = true, env = "CANDOR_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    config: Option<PathBuf>,
    /// Keep everything in this folder [default: candor-data]
    #[arg(long, global = true, env = "CANDOR_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Keep reports in this PostgreSQL database, which several collectors may share: postgres://user:password@host/database
    /// [default: a file in the data folder]
    #[arg(long, global = true, env = "CANDOR_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(super) database: Option<String>,
    /// Keep pictures and attachments here: a folder, or s3://bucket/prefix (gs://, az://), with endpoint, region and keys
    /// from AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY [default: blobs in the data folder]
    #[arg(long, global = true, env = "CANDOR_BLOBS", value_name = "URL")]
    pub(super) blobs: Option<String>,
    /// What the environment said to the blobs' place when the instance moved there
    #[arg(skip)]
    #[serde(skip)]
    blobs_variables: Vec<(String, String)>,
    /// Serve the widget's files from this folder [default: those inside the program]
    #[arg(long, global = true, env = "CANDOR_ASSETS", value_name = "DIR")]
    pub(super) assets: Option<PathBuf>,
    /// Listen on this address [default: 127.0.0.1:8787]
    #[arg(long, global = true, env = "CANDOR_LISTEN", value_name = "ADDR")]
    pub(super) listen: Option<SocketAddr>,
    /// The collector's origin as browsers see it, for example https://feedback.example.com
    #[arg(long, global = true, env = "CANDOR_PUBLIC_URL", value_name = "URL")]
    pub(super) public_url: Option<String>,
    /// The header in which the proxy before the collector names its client, for example x-forwarded-for
    #[arg(long, global = true, env = "CANDOR_CLIENT_HEADER", value_name = "NAME")]
    client_header: Option<String>,
    /// Submissions a minute from one client address; 0 for no limit [default: 30]
    #[arg(long, global = true, env = "CANDOR_CLIENT_RATE", value_name = "N")]
    client_rate: Option<u32>,
    /// Pictures and attachments a minute from one client address; 0 for no limit [default: 60]
    #[arg(long, global = true, env = "CANDOR_FILE_RATE", value_name = "N")]
    file_rate: Option<u32>,
    /// Submissions a minute to one site; 0 for no limit [default: 6000]
    #[arg(long, global = true, env = "CANDOR_SITE_RATE", value_name = "N")]
    site_rate: Option<u32>,
    /// Refuse new reports once the database has so many mebibytes [default: as many as fit the disk]
    #[arg(long, global = true, env = "CANDOR_DATABASE_MIB", value_name = "MIB")]
    database_mib: Option<u64>,
    /// Days for which a backup can be put back, 1 to 3650: so long it is known what was erased [default: 400]
    #[arg(long, global = true, env = "CANDOR_BACKUP_DAYS", value_name = "DAYS")]
    backup_days: Option<u16>,
    /// Whom to tell of a security problem: a mailto: or https: address, served as security.txt
    #[arg(long, global = true, env = "CANDOR_SECURITY_CONTACT", value_name = "URL")]
    security_contact: Option<String>,
    /// The mail server for links to visitors' own data: smtps://USER:PASSWORD@HOST, or smtp://…?tls=required [default: no mail is sent]
    #[arg(long, global = true, env = "CANDOR_MAIL_URL", value_name = "URL", hide_env_values = true)]
    pub(super) mail_url: Option<String>,
    /// Whom mails come from, for example "My shop <feedback@shop.example>"
    #[arg(long, global = true, env = "CANDOR_MAIL_FROM", value_name = "SENDER")]
    pub(super) mail_from: Option<String>,
    /// How to write the log [default: text]
    #[arg(long, global = true, env = "CANDOR_LOG_FORMAT", value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// What to log, for example debug or candor_collector=debug [default: info]
    #[arg(long, global = true, env = "CANDOR_LOG", value_name = "FILTER")]
    pub(super) log: Option<String>,
}

impl Settings {
    /// These settings, and for those that are not set the file's.
    ///
    /// # Errors
    /// The file cannot be read, says something that is no setting, or an address is none.
    pub(super) fn complete(self) -> Result<Self> {
        let file = match &self.config {
            Some(path) => read(path).with_context(|| path.display().to_string())?,
            None => match read(Path::new(FILE)) {
                Err(error) if is_absent(&error) => Self::default(),
                other => other.context(FILE)?,
            },
        };
        let mut settings = Self {
            config: self.config,
            data: self.data.or(file.data),
            database: self.database.or(file.database),
            blobs: self.blobs.or(file.blobs),
            blobs_variables: self.blobs_variables,
            assets: self.assets.or(file.assets),
            listen: self.listen.or(file.listen),
            public_url: self.public_url.or(file.public_url),
            client_header: self.client_header.or(file.client_header),
            client_rate: self.client_rate.or(file.client_rate),
            file_rate: self.file_rate.or(file.file_rate),
            site_rate: self.site_rate.or(file.site_rate),
            database_mib: self.database_mib.or(file.database_mib),
            backup_days: self.backup_days.or(file.backup_days),
            security_contact: self.security_contact.or(file.security_contact),
            mail_url: self.mail_url.or(file.mail_url),
            mail_from: self.mail_from.or(file.mail_from),
            log_format: self.log_format.or(file.log_format),
            log: self.log.or(file.log),
        };
        settings.public_url =
            settings.public_url.as_deref().map(origin).transpose().context("--public-url")?;
        if settings.backup_days.is_some_and(|days| !(1..=3650).contains(&days)) {
            bail!("--backup-days is a number from 1 to 3650");
        }
        Ok(settings)
    }

    /// The file of which settings were read, if one was.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| Some(PathBuf::from(FILE)).filter(|file| file.exists()))
    }

    /// These settings, and where they name a data folder whose instance has moved, the place that it has moved to: so a
    /// collector that is started as before goes on there. A database that cannot be read says so to whoever opens it.
    pub(super) fn followed(mut self) -> Self {
        if self.database.is_some() {
            return self;
        }
        if let Ok(Some(moved)) = Store::whither(&self.data()) {
            tracing::warn!(
                "the instance of this folder has moved, and is used where it is now: say so in the settings \
                 (CANDOR_DATABASE, and CANDOR_BLOBS if its files have moved)"
            );
            self.database = Some(moved.database);
            if let Some(to) = moved.blobs {
                (self.blobs, self.blobs_variables) = (Some(to.address), to.variables);
            }
        }
        self
    }

    /// The environment, with what it said to the blobs' place when the instance moved there.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        std::env::vars().chain(self.blobs_variables.iter().cloned())
    }

    /// The data folder.
    pub(super) fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| "candor-data".into())
    }

    /// See [`Store::with_backup_days`](candor_collector::store::Store::with_backup_days).
    pub(super) fn backup_days(&self) -> u16 {
        self.backup_days.unwrap_or(BACKUP_DAYS)
    }

    /// The bound on the database.
    pub(super) fn database_bytes_max(&self) -> Option<u64> {
        self.database_mib.map(|mib| mib.saturating_mul(1024 * 1024))
    }

    /// The address to listen on.
    pub(super) fn listen(&self) -> SocketAddr {
        self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8787)))
    }

    /// By which mails go out, from a collector with this origin; `None` where none do.
    ///
    /// # Errors
    /// One of the two settings is missing or unfit.
    pub(super) fn postbox(&self, origin: &str) -> Result<Option<Postbox>> {
        match (&self.mail_url, &self.mail_from) {
            (None, None) => Ok(None),
            (Some(_), None) => bail!("--mail-from is missing: whom do mails come from?"),
            (None, Some(_)) => bail!("--mail-url is missing: which server sends mails?"),
            (Some(url), Some(from)) => {
                let fault = |fault: PostboxFault| {
                    let setting = if fault == PostboxFault::From { "--mail-from" } else { "--mail-url" };
                    anyhow::Error::new(fault).context(setting)
                };
                Postbox::new(url, from, origin.to_owned()).map(Some).map_err(fault)
            }
        }
    }

    /// What the collector itself is told.
    ///
    /// # Errors
    /// The header's name is none.
    pub(super) fn app(&self) -> Result<app::Settings> {
        let defaults = app::Settings::default();
        let rate = |default: Rate, per_minute: Option<u32>| match per_minute {
            None => default,
            // As much at once as the default lets through in proportion, and at least one.
            Some(n) => Rate {
                per_minute: n,
                burst: (u64::from(n) * u64::from(default.burst))
                    .div_ceil(u64::from(default.per_minute))
                    .try_into()
                    .unwrap_or(u32::MAX),
            },
        };
        let header = self.client_header.as_ref().map(|name| name.parse());
        Ok(app::Settings {
            public_origin: self.public_url.clone(),
            client_header: header.transpose().context("--client-header")?,
            client_rate: rate(defaults.client_rate, self.client_rate),
            file_rate: rate(defaults.file_rate, self.file_rate),
            site_rate: rate(defaults.site_rate, self.site_rate),
            security_contact: self.security_contact.clone(),
            memory: Memory::of_this_machine(),
            ..defaults
        })
    }
}

/// An origin as browsers write it: scheme, host, and the port where it is not the scheme's own.
///
/// # Errors
/// The text is something else, or more than an origin.
pub(super) fn origin(text: &str) -> Result<String> {
    let wrong = "an origin is a scheme and a host, such as https://shop.example or http://127.0.0.1:8000";
    let uri: axum::http::Uri = text.parse().context(wrong)?;
    let (Some(scheme @ ("http" | "https")), Some(host)) = (uri.scheme_str(), uri.host()) else {
        bail!(wrong)
    };
    let has_more = !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains(['@', '#']);
    if has_more || host.is_empty() || !host.is_ascii() {
        bail!(wrong);
    }
    let own_port = if scheme == "https" { 443 } else { 80 };
    let port = uri.port_u16().filter(|port| *port != own_port).map(|port| format!(":{port}"));
    Ok(format!("{scheme}://{}{}", host.to_ascii_lowercase(), port.unwrap_or_default()))
}

fn read(path: &Path) -> Result<Settings> {
    Ok(toml::from_str(&fs::read_to_string(path)?)?)
}

fn is_absent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, expected) in [
            ("https://Shop.Example", "https://shop.example"),
            ("https://shop.example/", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"),
            ("http://127.0.0.1:8788", "http://127.0.0.1:8788"),
            ("http://[::1]:8788", "http://[::1]:8788"),
        ] {
            assert_eq!(origin(text).unwrap(), expected);
        }
        for text in [
            "shop.example",
            "ftp://shop.example",
            "https://shop.example/x",
            "https://a@b",
            "*",
            "null",
            "",
            "https://ä.example",
        ] {
            assert!(origin(text).is_err(), "{text}");
        }
    }

    #[test]
    fn flag_goes_before_file_and_unknown_settings_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, "data = \"/file\"\nsite_rate = 7\n").unwrap();
        let flags =
            Settings { config: Some(path.clone()), data: Some("/flag".into()), ..Settings::default() };
        let settings = flags.clone().complete().unwrap();
        assert_eq!((settings.data(), settings.site_rate), ("/flag".into(), Some(7)));
        for unfit in ["colour = 1\n", "backup_days = 0\n"] {
            fs::write(&path, unfit).unwrap();
            assert!(flags.clone().complete().is_err(), "{unfit}");
        }
    }
}
