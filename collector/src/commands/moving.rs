//! `candor move`

use std::collections::HashSet;

use anyhow::{Context, Result, bail};
use candor_collector::{
    blobs::{BlobName, Blobs},
    chance::{Clock, Rng},
    key::{InstanceKey, KEY_FILE, KEY_VARIABLE},
    store::{Begun, BlobsMoved, Move, Moved, StoreError},
};
use clap::Args;

use super::{instance, progress::Progress, say, settings::Settings};

/// Rows of a round that are few enough for the last one to take no time.
const FEW: u64 = 500;
/// Rounds after which it is the last one's turn, however many rows there are.
const ROUNDS_MAX: u32 = 20;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The empty PostgreSQL database to move to: postgres://user:password@host/database
    #[arg(long, value_name = "URL", required_unless_present = "give_up")]
    to: Option<String>,
    /// Where pictures and attachments are to be, if not where they are: a folder, s3://bucket/prefix, gs://, az://
    #[arg(long, value_name = "URL")]
    blobs_to: Option<String>,
    /// Do not leave the new place's address, which may hold a password, in the data folder: the collector that runs there
    /// stops storing then, instead of going over by itself
    #[arg(long)]
    leave_no_address: bool,
    /// Forget a move that was interrupted and is not to be gone on with
    #[arg(long, conflicts_with_all = ["to", "blobs_to"])]
    give_up: bool,
}

/// Copies a folder's instance to a server and a bucket while its collector runs, then lets the folder's take no more,
/// and its collector go over.
pub(super) async fn run(settings: &Settings, options: &Options, clock: &Clock, rng: &Rng) -> Result<()> {
    if settings.database.is_some() {
        bail!("what moves is the database of a data folder: leave --database out, --to says where it goes");
    }
    let folder = settings.data();
    // Two at once would be in each other's way, and so would an exchange of the master key. It ends with the program.
    let _lock = instance::lock(&folder)?;
    if options.give_up {
        blocking(move || Move::give_up(&folder)).await?;
        return say("the move is forgotten; empty the other database before you begin another");
    }
    let to = options.to.clone().context("--to is missing")?;
    let key = match std::env::var(KEY_VARIABLE) {
        Ok(text) => InstanceKey::parse(&text).map_err(anyhow::Error::msg).context(KEY_VARIABLE)?,
        Err(_) if folder.join(KEY_FILE).exists() => InstanceKey::open_or_create(&folder, rng)?,
        Err(_) => bail!("{}: there is no {KEY_FILE}, so no instance", folder.display()),
    };
    let blobs_to = options.blobs_to.as_deref().map(place).transpose().context("--blobs-to")?;
    let files = match &blobs_to {
        Some(to) => {
            let there = Blobs::at(&to.address, to.variables.clone()).context("--blobs-to")?;
            there.probe().await.context("--blobs-to")?;
            Some(Files { here: instance::blobs(settings)?, there, known: HashSet::new() })
        }
        None => None,
    };
    let moved = (!options.leave_no_address).then(|| Moved { database: to.clone(), blobs: blobs_to });
    let begin = (folder.clone(), key.clone(), clock.now(), rng.clone());
    let begun = blocking(move || Move::begin(&begin.0, &to, &begin.1, (begin.2, &begin.3))).await?;
    let Begun::Going(moving) = begun else { return ended(options) };
    let done = go(*moving, files, (moved, key), clock).await?;
    if done.gone > 0 {
        say(format_args!("{} files of reports were not here, and are not there either", done.gone))?;
    }
    say(format_args!("The folder's database was held for {} ms.", done.held_ms))?;
    ended(options)
}

/// How a move went.
struct Done {
    /// Files that were not there to be copied.
    gone: u64,
    /// For how long nobody else could write.
    held_ms: i64,
}

/// All rounds.
async fn go(
    mut moving: Move,
    mut files: Option<Files>,
    (moved, key): (Option<Moved>, InstanceKey),
    clock: &Clock,
) -> Result<Done> {
    let mut gone = 0;
    if let Some(files) = &mut files {
        let mut progress = Progress::new("parts of the files", 256);
        for shard in 0..=u8::MAX {
            let found;
            (moving, found) = with(moving, move |moving| moving.blobs(shard)).await?;
            gone += files.copy(found).await?;
            progress.at(u64::from(shard) + 1);
        }
        progress.end();
    }
    let total;
    (moving, total) = with(moving, |moving| moving.rows()).await?;
    let mut progress = Progress::new("rows", total);
    let round;
    (moving, round) = with(moving, move |moving| {
        let round = moving.first(|rows| progress.at(rows));
        progress.end();
        round
    })
    .await?;
    gone += copy(&mut files, round.blobs).await?;
    for _ in 0..ROUNDS_MAX {
        let round;
        (moving, round) = with(moving, Move::again).await?;
        gone += copy(&mut files, round.blobs).await?;
        if round.rows < FEW {
            break;
        }
    }
    let begun = clock.now();
    let round;
    (moving, round) = with(moving, Move::hold).await?;
    match copy(&mut files, round.blobs).await {
        Ok(missed) => gone += missed,
        Err(error) => {
            blocking(move || {
                moving.release();
                Ok(())
            })
            .await?;
            return Err(error);
        }
    }
    let now = clock.now();
    blocking(move || moving.finish(moved.as_ref(), &key, now)).await?;
    Ok(Done { gone, held_ms: clock.now().ms_since(begun) })
}

/// Where blobs are to be, as a program that runs elsewhere and with another environment has to be told.
fn place(address: &str) -> Result<BlobsMoved> {
    if !address.contains("://") {
        let address = std::path::absolute(address)?.to_str().context("a path in UTF-8")?.to_owned();
        return Ok(BlobsMoved { address, variables: Vec::new() });
    }
    let is_said_to_stores = |name: &str| ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|of| name.starts_with(of));
    let variables = std::env::vars().filter(|(name, _)| is_said_to_stores(name)).collect();
    Ok(BlobsMoved { address: address.into(), variables })
}

fn ended(options: &Options) -> Result<()> {
    let (and_blobs, and_files) = match &options.blobs_to {
        Some(_) => (" and CANDOR_BLOBS (or --blobs)", ", and the files where they were"),
        None => ("", ""),
    };
    let collector = if options.leave_no_address {
        "its collector answers `unavailable`, and visitors' browsers try again. Now start it"
    } else {
        "its collector goes on there with its next request, and so does one that is started on the folder. The folder's \
         database keeps the address for that, with its password. When it suits you, start the collector"
    };
    say(format_args!(
        "All of it is there, compared row by row, and the data folder's database takes no more: {collector} with \
         CANDOR_DATABASE (or --database){and_blobs}. Both keys stay where they are.\n\
         Then remove candor.sqlite* from the data folder{and_files}: nothing sweeps or erases what lies there."
    ))
}

/// Files on their way from one place to another.
struct Files {
    here: Blobs,
    there: Blobs,
    /// What has come there in this run.
    known: HashSet<BlobName>,
}

impl Files {
    /// Copies blobs that are not there yet, compares each with its name, and says how many are not here either.
    async fn copy(&mut self, names: Vec<BlobName>) -> Result<u64> {
        let mut gone = 0;
        for name in names {
            if self.known.contains(&name) || self.there.has(name).await? {
                continue;
            }
            match self.here.open(name).await? {
                // Its name is that of its bytes, so another name is another file.
                Some(bytes) if self.there.keep(bytes.clone()).await? == name => {}
                Some(_) => bail!("the file {name} is damaged: mend it from a backup"),
                // Its report may have ended meanwhile.
                None => {
                    gone += 1;
                    continue;
                }
            }
            self.known.insert(name);
        }
        Ok(gone)
    }
}

async fn copy(files: &mut Option<Files>, names: Vec<BlobName>) -> Result<u64> {
    match files {
        Some(files) => files.copy(names).await,
        None => Ok(0),
    }
}

/// Runs what talks to databases, away from the threads that run async work.
async fn with<T: Send + 'static>(
    mut moving: Move,
    work: impl FnOnce(&mut Move) -> Result<T, StoreError> + Send + 'static,
) -> Result<(Move, T)> {
    blocking(move || {
        let done = work(&mut moving)?;
        Ok((moving, done))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread without a runtime: the server's driver runs one of its own.
    std::thread::spawn(move || tell.send(work()).map_err(drop));
    Ok(told.await.context("the move panicked")??)
}
