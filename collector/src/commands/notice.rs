//! `candor notice`

use anyhow::{Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    notice::{About, Format, languages, notice},
};
use clap::{Args, ValueEnum};

use super::{csp::public_origin, instance, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The site, by key or name
    #[arg(long)]
    site: Option<String>,
    /// The language, by its tag
    #[arg(long = "lang", default_value = "en", value_name = "TAG")]
    language: String,
    /// What your privacy page is written in
    #[arg(long, value_enum, default_value_t = Written::Md)]
    format: Written,
    /// Somebody else who processes the data, such as "Example Hosting, Finland: servers"; may be given several times
    #[arg(long = "processor", value_name = "WHO")]
    processors: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Written {
    /// Markdown
    Md,
    /// HTML
    Html,
}

/// Prints the paragraphs about feedback for the owner's privacy page.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let origin = public_origin(settings)?;
    let (store, _) = instance::open(settings, rng)?;
    let site = instance::find_site(&store, options.site.as_deref(), clock.now()).await?;
    let format = match options.format {
        Written::Md => Format::Markdown,
        Written::Html => Format::Html,
    };
    let about = About {
        origin: &origin,
        processors: &options.processors,
        mails: settings.postbox(&origin)?.is_some(),
    };
    let Some(text) = notice(&site, about, &options.language, format) else {
        let known: Vec<_> = languages().collect();
        bail!("there is no notice in {:?}; there is one in {}", options.language, known.join(", "));
    };
    say(text.trim_end())
}
