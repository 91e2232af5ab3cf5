// long: the faults read as one list, and share the collector that they befall
//! What goes wrong with machines, done to a collector under load; afterwards what was acknowledged is compared with what
//! is there.
//!
//! Visitors behave as the widget's do: who gets no answer sends the same submission again.

use std::{
    collections::HashSet,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde_json::json;
use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::Instant,
};
use uuid::Uuid;

use crate::{
    client::{Answer, Client},
    server::{Kind, Server},
    visitor::{Picture, Template, Visitor},
};

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
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Kill,
        Self::KillAtBirth,
        Self::Backup,
        Self::DiskFull,
        Self::SlowFlush,
        Self::FailingFlush,
        Self::ReadOnly,
    ];

    /// What a table calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::KillAtBirth => "kill-at-birth",
            Self::Backup => "backup",
            Self::DiskFull => "disk-full",
            Self::SlowFlush => "slow-flush",
            Self::FailingFlush => "failing-flush",
            Self::ReadOnly => "read-only",
        }
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
    pub refused: std::collections::BTreeMap<String, usize>,
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
    writeln!(out, "fault          times  acknowledged  lost  twice  back after ms  refused")?;
    for outcome in &outcomes {
        let Outcome { fault, times, acknowledged, lost, duplicates, refused, recovered_ms, passed_over } =
            outcome;
        let note = passed_over.clone().unwrap_or_else(|| format!("{refused:?}"));
        writeln!(
            out,
            "{fault:14} {times:5} {acknowledged:13} {lost:5} {duplicates:6} {recovered_ms:14.0}  {note}"
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
    let mut site =
        Site { kind, data: folder.path().join("data"), crowd: Crowd::default(), recovered: vec![] };
    std::fs::create_dir(&site.data)?;
    let passed_over = match fault {
        Fault::Kill => site.killed(rounds, &mut chance).await.map(|()| None),
        Fault::KillAtBirth => site.killed_at_birth(rounds, &mut chance).await.map(|()| None),
        Fault::Backup => site.backed_up(folder.path()).await.map(|()| None),
        Fault::DiskFull => site.full().await,
        Fault::SlowFlush => site.injected("fsync,fdatasync:delay_exit=100000", true).await,
        Fault::FailingFlush => site.injected("fsync,fdatasync:error=EIO", false).await,
        Fault::ReadOnly => site.injected("pwrite64:error=EROFS", false).await,
    }?;
    let times = match fault {
        _ if passed_over.is_some() => 0,
        Fault::Kill | Fault::KillAtBirth => rounds,
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

/// What the visitors were told.
#[derive(Debug, Default)]
struct Record {
    reports: Vec<Uuid>,
    pictures: Vec<Uuid>,
    refused: std::collections::BTreeMap<String, usize>,
    address: Option<SocketAddr>,
}

/// What a visitor sends.
enum Sent {
    Report(Bytes),
    Picture(Visitor, Picture),
}

impl Sent {
    async fn through(&self, client: &mut Client) -> Result<Answer> {
        match self {
            Self::Report(report) => client.report(report.clone()).await,
            Self::Picture(visitor, picture) => client.picture(*visitor, picture).await,
        }
    }
}

/// The visitors.
#[derive(Clone, Debug, Default)]
struct Crowd {
    record: Arc<Mutex<Record>>,
    goes_home: Arc<AtomicBool>,
}

impl Crowd {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_told(&self) -> usize {
        self.record().reports.len()
    }

    /// Lets `count` visitors at a time send, each with a picture after every fourth report.
    fn come(&self, count: usize, template: &Template, picture: &Picture) -> JoinSet<()> {
        self.goes_home.store(false, Ordering::Relaxed);
        let mut visitors = JoinSet::new();
        for number in 0..count {
            let (crowd, template, picture) = (self.clone(), template.clone(), picture.clone());
            visitors.spawn(async move {
                let mut turn = number;
                while !crowd.goes_home.load(Ordering::Relaxed) {
                    turn += 1;
                    crowd.visit(number, &template, (turn % 4 == 0).then_some(&picture)).await;
                }
            });
        }
        visitors
    }

    /// Sends until it is stored, or everybody goes home.
    async fn visit(&self, number: usize, template: &Template, picture: Option<&Picture>) {
        let visitor = Visitor::fresh();
        let report = template.fill(visitor);
        if !self.insist(number, &Sent::Report(report)).await {
            return;
        }
        self.record().reports.push(visitor.submission);
        let Some(picture) = picture else { return };
        if self.insist(number, &Sent::Picture(visitor, picture.clone())).await {
            self.record().pictures.push(visitor.submission);
        }
    }

    async fn insist(&self, number: usize, sent: &Sent) -> bool {
        while !self.goes_home.load(Ordering::Relaxed) {
            let address = self.record().address;
            if let Some(address) = address {
                let mut client = Client::new(address, number);
                if let Ok(Ok(answer)) =
                    tokio::time::timeout(Duration::from_secs(20), sent.through(&mut client)).await
                {
                    if answer.status.is_success() {
                        return true;
                    }
                    *self.record().refused.entry(answer.code()).or_default() += 1;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    async fn leave(&self, mut visitors: JoinSet<()>) {
        self.goes_home.store(true, Ordering::Relaxed);
        while visitors.join_next().await.is_some() {}
    }

    /// Waits until somebody was told "stored" who was not before.
    async fn wait_for_more(&self) -> Result<()> {
        let before = self.is_told();
        let until = Instant::now() + Duration::from_secs(60);
        while self.is_told() <= before {
            ensure!(Instant::now() < until, "nothing is stored within a minute: {:?}", self.record().refused);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}

/// A collector, its folder, and its visitors.
struct Site<'a> {
    kind: &'a Kind,
    data: PathBuf,
    crowd: Crowd,
    recovered: Vec<Duration>,
}

/// Visitors at a time.
const CROWD: usize = 12;

impl Site<'_> {
    async fn open(&self) -> Result<(Template, Picture)> {
        Ok((Template::new(self.kind.prepare(&self.data).await?), Picture::new()?))
    }

    async fn serve(&self) -> Result<Server> {
        let server = Server::start(self.kind, &self.data).await?;
        self.crowd.record().address = Some(server.address);
        Ok(server)
    }

    async fn killed(&mut self, rounds: usize, chance: &mut Chance) -> Result<()> {
        let (template, picture) = self.open().await?;
        let mut server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for _ in 0..rounds {
            tokio::time::sleep(chance.ms(50, 1200)).await;
            server.kill().await?;
            let begun = Instant::now();
            server = self.serve().await?;
            self.crowd.wait_for_more().await?;
            self.recovered.push(begun.elapsed());
        }
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    async fn killed_at_birth(&mut self, rounds: usize, chance: &mut Chance) -> Result<()> {
        for _ in 0..rounds {
            let mut command = self.kind.command(&self.data)?;
            let mut child = command.spawn()?;
            tokio::time::sleep(chance.ms(0, 25)).await;
            child.kill().await?;
        }
        let begun = Instant::now();
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        self.crowd.wait_for_more().await?;
        self.recovered.push(begun.elapsed());
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    /// What was acknowledged before the backup began must be in it; what came later may be.
    async fn backed_up(&mut self, beside: &Path) -> Result<()> {
        let Kind::Collector(program, _) = self.kind else { bail!("only a collector has backups") };
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for _ in 0..5 {
            self.crowd.wait_for_more().await?;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (reports, pictures) = {
            let record = self.crowd.record();
            (record.reports.clone(), record.pictures.clone())
        };
        let (backup, keys) = (beside.join("backup.zip"), beside.join("keys"));
        let run = async |command: &mut Command| {
            let output = command.output().await?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Ok(())
        };
        let data = |command: &mut Command, folder: &Path| {
            command.arg("--keys").arg(&keys).arg("--data").arg(folder);
        };
        let mut command = Command::new(program);
        command.arg("backup").arg("--to").arg(&backup);
        data(&mut command, &self.data);
        run(&mut command).await?;
        self.crowd.leave(visitors).await;
        server.stop().await?;

        let begun = Instant::now();
        let restored = beside.join("restored");
        let mut command = Command::new(program);
        command.arg("restore").arg("--from").arg(&backup);
        command.arg("--master-key").arg(self.data.join("master.key"));
        data(&mut command, &restored);
        run(&mut command).await?;
        self.data = restored;
        let server = self.serve().await?;
        let answer = Client::new(server.address, 0).get("/readyz").await?;
        ensure!(answer.status.is_success(), "it answers {}", answer.status);
        self.recovered.push(begun.elapsed());
        {
            let mut record = self.crowd.record();
            (record.reports, record.pictures) = (reports, pictures);
        }
        server.stop().await
    }

    /// On a disk of its own, as small as it takes; that needs the right to mount one.
    async fn full(&mut self) -> Result<Option<String>> {
        let disk = self.data.clone();
        let mount = async |options: &str| {
            let mut command = Command::new("mount");
            command.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&disk);
            Ok::<_, anyhow::Error>(command.output().await?.status.success())
        };
        if !matches!(mount("size=12m").await, Ok(true)) {
            return Ok(Some("a small disk cannot be mounted here".into()));
        }
        let outcome = self.fill(&mount).await;
        let counted = self.count();
        // What it held is counted; the folder is about to go.
        let copy = disk.with_extension("copy");
        std::fs::create_dir(&copy)?;
        let copied = Command::new("cp").arg("-a").arg(disk.join(".")).arg(&copy).status().await?.success();
        Command::new("umount").arg("--lazy").arg(&disk).status().await?;
        ensure!(copied, "what lay on the small disk cannot be copied");
        self.data = copy;
        outcome.and(counted).map(|_| None)
    }

    async fn fill(&mut self, mount: &impl AsyncFn(&str) -> Result<bool>) -> Result<()> {
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        let until = Instant::now() + Duration::from_secs(60);
        while self.crowd.record().refused.values().sum::<usize>() < 50 {
            ensure!(Instant::now() < until, "the disk is not filled within a minute");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ensure!(Client::new(server.address, 0).get("/healthz").await?.status.is_success(), "it is still up");
        ensure!(mount("remount,size=256m").await?, "the disk cannot be made larger");
        let begun = Instant::now();
        self.crowd.wait_for_more().await?;
        self.recovered.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    /// Lets the system calls of the running process fail or take long, by `strace`.
    async fn injected(&mut self, what: &str, stores_meanwhile: bool) -> Result<Option<String>> {
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        self.crowd.wait_for_more().await?;
        let Some(mut tracer) = trace(server.id()?, what).await else {
            self.crowd.leave(visitors).await;
            server.stop().await?;
            return Ok(Some("strace cannot be used here".into()));
        };
        if stores_meanwhile {
            for _ in 0..5 {
                self.crowd.wait_for_more().await?;
            }
        } else {
            let until = Instant::now() + Duration::from_secs(60);
            while self.crowd.record().refused.values().sum::<usize>() < 20 {
                ensure!(Instant::now() < until, "nothing is refused within a minute");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        tracer.kill().await?;
        let begun = Instant::now();
        self.crowd.wait_for_more().await?;
        self.recovered.push(begun.elapsed());
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.crowd.leave(visitors).await;
        server.stop().await?;
        Ok(None)
    }

    /// How much of what was acknowledged is not there, and how much is there twice.
    fn count(&self) -> Result<(usize, usize)> {
        let path = self.data.join("candor.sqlite");
        let database = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let ids = |sql: &str| -> Result<Vec<[u8; 16]>> {
            let mut statement = database.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let stored = ids("SELECT submission FROM report")?;
        let known: HashSet<_> = stored.iter().copied().collect();
        // A picture is there when its row is, and the bytes that the row names.
        let mut statement = database.prepare(
            "SELECT submission, lower(hex(blob)) FROM file JOIN report ON report.id = file.report",
        )?;
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get::<_, String>(1)?)))?;
        let mut pictures = HashSet::new();
        for row in rows {
            let (submission, blob) = row?;
            let file = self.data.join("blobs").join(&blob[..2]).join(&blob);
            if std::fs::metadata(&file).is_ok_and(|found| found.len() > 0) {
                pictures.insert(submission);
            }
        }
        let record = self.crowd.record();
        let absent = |told: &[Uuid], there: &HashSet<[u8; 16]>| {
            told.iter().filter(|id| !there.contains(id.as_bytes())).count()
        };
        let lost = absent(&record.reports, &known) + absent(&record.pictures, &pictures);
        Ok((lost, stored.len() - known.len()))
    }
}

/// `strace` on a process, once it has begun; `None` where it cannot be used.
async fn trace(process: u32, what: &str) -> Option<Child> {
    let calls = what.split(':').next()?;
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", &format!("trace={calls}"), "-e", &format!("inject={what}")]);
    command.args(["-o", "/dev/null", "-p", &process.to_string()]).kill_on_drop(true);
    let mut child = command.spawn().ok()?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    match child.try_wait() {
        Ok(None) => Some(child),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_lost_and_what_is_there_twice_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let [kept, gone, bare] = [1, 2, 3].map(Uuid::from_u128);
        let database = Connection::open(folder.path().join("candor.sqlite")).unwrap();
        database
            .execute_batch("CREATE TABLE report (id, submission); CREATE TABLE file (report, blob)")
            .unwrap();
        for (report, submission) in [(1, kept), (2, bare), (3, bare)] {
            database.execute("INSERT INTO report VALUES (?1, ?2)", (report, submission.as_bytes())).unwrap();
        }
        database.execute("INSERT INTO file VALUES (1, x'AB01'), (2, x'AB02')", []).unwrap();
        std::fs::create_dir_all(folder.path().join("blobs/ab")).unwrap();
        std::fs::write(folder.path().join("blobs/ab/ab01"), "sealed").unwrap();
        let kind = Kind::Floor;
        let site =
            Site { kind: &kind, data: folder.path().into(), crowd: Crowd::default(), recovered: vec![] };
        site.crowd.record().reports = vec![kept, bare];
        site.crowd.record().pictures = vec![kept];
        assert_eq!(site.count().unwrap(), (0, 1));
        site.crowd.record().reports.push(gone);
        site.crowd.record().pictures.push(bare);
        assert_eq!(site.count().unwrap(), (2, 1), "a report without a row, and a picture without its bytes");
    }
}
