//! `candor snippet`

use anyhow::Result;
use candor_collector::{
    chance::{Clock, Rng},
    embed::{pinned_tag, tag},
    shelf::Shelf,
};
use clap::Args;

use super::{csp::public_origin, instance, say, settings::Settings};

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The site, by key or name
    #[arg(long)]
    site: Option<String>,
    /// The form that lets this very loader run and no other; it changes with every release
    #[arg(long)]
    pinned: bool,
}

/// Prints the tag.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    let origin = public_origin(settings)?;
    let (store, _) = instance::open(settings, rng)?;
    let site = instance::find_site(&store, options.site.as_deref(), clock.now()).await?;
    if options.pinned {
        let shelf = Shelf::open(settings.assets.as_deref())?;
        return say(pinned_tag(&origin, site.id, shelf.pinned()));
    }
    say(tag(&origin, site.id))
}
