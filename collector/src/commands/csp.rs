//! `candor csp`

use anyhow::{Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    embed::{ORIGIN, grants, page_policy},
};
use clap::Args;

use super::{instance, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The site, by key or name
    #[arg(long)]
    site: Option<String>,
    /// Have pictures drawn in a hidden frame of the collector's: for pages that let no image from data: load
    #[arg(long)]
    frame: bool,
}

/// Prints what a page's policy must name, and a whole strict policy that names nothing else.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let origin = public_origin(settings)?;
    let (store, _) = instance::open(settings, rng)?;
    let site = instance::find_site(&store, options.site.as_deref(), clock.now()).await?;
    say(format_args!("# {}: add these sources to your page's policy.", site.name))?;
    for grant in grants(options.frame) {
        let source = if grant.source == ORIGIN { &origin } else { grant.source };
        say(format_args!("{} {source}  # {}", grant.directive, grant.why))?;
    }
    say("\n# Or take this one whole, for a page that has only its own files beside the widget:")?;
    say(format_args!("Content-Security-Policy: {}", page_policy(&origin, options.frame)))
}

/// The origin that pages will name.
pub(super) fn public_origin(settings: &Settings) -> Result<String> {
    match &settings.public_url {
        Some(url) => Ok(url.clone()),
        None => bail!(
            "say under which origin browsers reach the collector: --public-url https://feedback.example.com"
        ),
    }
}
