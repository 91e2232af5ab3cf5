//! `candor member …`

use std::io::BufRead as _;

use anyhow::{Context, Result, bail};
use candor_collector::{
    chance::{Clock, Rng},
    inbox::{hash_password, make_password},
    store::{Role, Store},
};
use candor_protocol::Timestamp;
use candor_rules::is_email;
use clap::Subcommand;
use uuid::Uuid;

use super::{instance, say, settings::Settings};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Let somebody into a site's inbox, and print the password that was made for them
    Add {
        /// Their e-mail address
        #[arg(long)]
        email: String,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
        /// The site, by key or name
        #[arg(long)]
        site: Option<String>,
        /// What they may do: a member reads and answers, an owner also decides about the site and holds reports beyond
        /// their dates, privacy also sees and holds what visitors had restricted
        #[arg(long, value_name = "member|owner|privacy", default_value = "member", value_parser = role)]
        role: Role,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| Role::ALL.map(Role::as_str).join(", "))
}

/// Does it.
pub(super) async fn run(settings: &Settings, command: Command, clock: &Clock, rng: &Rng) -> Result<()> {
    let Command::Add { email, password_stdin, site, role } = command;
    let email = normal(&email)?;
    let (store, _) = instance::open(settings, rng)?;
    let now = clock.now();
    let site = instance::find_site(&store, site.as_deref(), now).await?;
    if !password_stdin && let Some(known) = store.credentials(email.clone()).await? {
        store.grant(known.member, site.id, role).await?;
        return say(format_args!("{email} may read {} now, with the password they have", site.name));
    }
    let password = if password_stdin { read_password()? } else { make_password(rng) };
    let member = put(&store, &email, &password, now, rng).await?;
    store.grant(member, site.id, role).await?;
    say(format_args!("{email} may read {} now", site.name))?;
    if !password_stdin {
        say(format_args!("password: {password}"))?;
    }
    Ok(())
}

/// Adds a member with this password, or gives it to the member who has the address.
pub(super) async fn put(
    store: &Store,
    email: &str,
    password: &str,
    now: Timestamp,
    rng: &Rng,
) -> Result<Uuid> {
    let hash = hash_password(password, rng)?;
    if let Some(known) = store.credentials(email.to_owned()).await? {
        store.set_password(known.member, hash).await?;
        return Ok(known.member);
    }
    let member = rng.uuid_v7(now);
    store.add_member(member, email.to_owned(), hash, now).await?;
    Ok(member)
}

/// Addresses are told apart without regard to case.
fn normal(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    if !is_email(&email) {
        bail!("--email: this is no e-mail address");
    }
    Ok(email)
}

fn read_password() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
