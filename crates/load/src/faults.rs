//! What goes wrong with machines, done to a collector under load; afterwards what was acknowledged is compared with what
//! is there.

mod crowd;
mod disk;
mod line;
mod site;

use std::{collections::BTreeMap, io::Write as _, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::json;

use crate::server::Kind;
use site::Site;

/// What the command line says.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The collector's program
    #[arg(long)]
    collector: PathBuf,
    /// The widget's files, unless they are inside the program
    #[arg(long)]
    assets: Option<PathBuf>,
    /// How often each fault happens
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Decides the moments at which they happen
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only faults whose name holds this
    #[arg(long, default_value = "")]
    only: String,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// A fault, done so often at moments that the seed decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process ends without a chance to say so, and starts again.
    Kill,
    /// The same in the first moments of a fresh instance, while it makes its tables.
    KillAtBirth,
    /// The machine loses power: what was written and not flushed is gone.
    PowerCut,
    /// The same where the system only pretends to flush. Then something is lost: that is how one knows that the other
    /// fault would show it.
    PowerCutUnflushed,
    /// A backup is written, and put back on an empty machine.
    Backup,
    /// The disk is full, and then it is not.
    DiskFull,
    /// Each flush takes long.
    SlowFlush,
    /// Each flush fails.
    FailingFlush,
    /// Each write of the database is refused, as on a disk that was mounted anew to be read only.
    ReadOnly,
    /// The clock is set forwards and backwards by hours, and in the end by more than a year.
    ClockJump,
    /// One of three collectors on a server's database ends without a chance to say so, and starts again.
    NodeLoss,
    /// The database's server ends at once, and starts again.
    DatabaseRestart,
    /// The machine of the database's server loses power.
    DatabasePowerCut,
    /// The line to the database is cut, or held up.
    LineCut,
    /// A collector ends while it makes its tables on a server.
    MigrationKilled,
}

impl Fault {
    /// All that a collector must bear.
    pub const ALL: [Self; 14] = [
        Self::Kill,
        Self::KillAtBirth,
        Self::PowerCut,
        Self::Backup,
        Self::DiskFull,
        Self::SlowFlush,
        Self::FailingFlush,
        Self::ReadOnly,
        Self::ClockJump,
        Self::NodeLoss,
        Self::DatabaseRestart,
        Self::DatabasePowerCut,
        Self::LineCut,
        Self::MigrationKilled,
    ];

    /// What a table calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillAtBirth => "kill-at-birth",
            Self::PowerCut => "power-cut",
            Self::PowerCutUnflushed => "power-cut-unflushed",
            Self::Backup => "backup",
            Self::DiskFull => "disk-full",
            Self::SlowFlush => "slow-flush",
            Self::FailingFlush => "failing-flush",
            Self::ReadOnly => "read-only",
            Self::ClockJump => "clock-jump",
            Self::NodeLoss => "node-loss",
            Self::DatabaseRestart => "database-restart",
            Self::DatabasePowerCut => "database-power-cut",
            Self::LineCut => "line-cut",
            Self::MigrationKilled => "migration-killed",
        }
    }

    /// Whether it befalls collectors whose database is a server's.
    const fn needs_server(self) -> bool {
        matches!(
            self,
            Self::NodeLoss
                | Self::DatabaseRestart
                | Self::DatabasePowerCut
                | Self::LineCut
                | Self::MigrationKilled
        )
    }

    /// Whether it happens as often as one asks for.
    const fn is_repeated(self) -> bool {
        self.needs_server()
            || matches!(self, Self::Kill | Self::KillAtBirth | Self::PowerCut | Self::PowerCutUnflushed)
    }
}

/// How it went.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The fault's name.
    pub fault: &'static str,
    /// How often it happened.
    pub times: usize,
    /// Reports and pictures that were answered with "stored".
    pub acknowledged: usize,
    /// Of these, what is not there.
    pub lost: usize,
    /// Submissions that became more than one report.
    pub duplicates: usize,
    /// Answers by their code.
    pub refused: BTreeMap<String, usize>,
    /// The longest time until it took reports again, in milliseconds.
    pub recovered_ms: f64,
    /// Why it was not done here.
    pub passed_over: Option<String>,
}

/// Does all that is asked for and prints a table.
///
/// # Errors
/// Something was lost or doubled, or a fault could not be made.
pub async fn run(options: &Options) -> Result<()> {
    let kind = Kind::Collector(options.collector.clone(), options.assets.clone());
    let mut outcomes = Vec::new();
    for fault in Fault::ALL.into_iter().filter(|fault| fault.name().contains(&options.only)) {
        eprintln!("      {} …", fault.name());
        outcomes.push(suffer(fault, &kind, options.rounds, options.seed).await.context(fault.name())?);
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "fault              times  acknowledged  lost  twice  back after ms  refused")?;
    for outcome in &outcomes {
        let Outcome { fault, times, acknowledged, lost, duplicates, refused, recovered_ms, passed_over } =
            outcome;
        let note = passed_over.clone().unwrap_or_else(|| format!("{refused:?}"));
        writeln!(
            out,
            "{fault:18} {times:5} {acknowledged:13} {lost:5} {duplicates:6} {recovered_ms:14.0}  {note}"
        )?;
    }
    let sum = |figure: fn(&Outcome) -> usize| outcomes.iter().map(figure).sum::<usize>();
    let (lost, duplicates) = (sum(|o| o.lost), sum(|o| o.duplicates));
    if options.json {
        let acknowledged = sum(|o| o.acknowledged);
        let line = json!({
            "acknowledged": acknowledged, "lost": lost, "duplicates": duplicates, "faults": outcomes, "seed": options.seed,
        });
        writeln!(out, "{line}")?;
    }
    ensure!(lost == 0 && duplicates == 0, "{lost} lost, {duplicates} twice");
    Ok(())
}

/// Does one fault to a collector of its own.
///
/// # Errors
/// The fault could not be made, or the collector did not come back.
pub async fn suffer(fault: Fault, kind: &Kind, rounds: usize, seed: u64) -> Result<Outcome> {
    let folder = tempfile::Builder::new().prefix("candor-faults-").tempdir()?;
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut site = Site::new(kind, folder.path())?;
    let passed_over = site.befall(fault, rounds, &mut chance).await?;
    let times = match fault {
        _ if passed_over.is_some() => 0,
        _ if fault.is_repeated() => rounds,
        _ => 1,
    };
    let (lost, duplicates) = if passed_over.is_some() { (0, 0) } else { site.count()? };
    let record = site.crowd.record();
    Ok(Outcome {
        fault: fault.name(),
        times,
        acknowledged: record.reports.len() + record.pictures.len(),
        lost,
        duplicates,
        refused: record.refused.clone(),
        recovered_ms: site.recovered.iter().map(|time| time.as_secs_f64() * 1000.0).fold(0.0, f64::max),
        passed_over,
    })
}

/// Numbers that look random and are the same in each run.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    /// A time between both.
    fn ms(&mut self, least: u64, most: u64) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(least + self.0 % (most - least + 1))
    }
}
