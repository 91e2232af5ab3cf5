// long: the faults read as one list, and share the collector that they befall
//! A collector that faults befall.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use rusqlite::{Connection, OpenFlags};
use tokio::{
    process::{Child, Command},
    time::Instant,
};

use super::{
    Chance, Fault,
    crowd::Crowd,
    disk::Disk,
    line::{Line, State},
};
use crate::{
    client::Client,
    cluster::Cluster,
    server::{Kind, Server, Surroundings},
    visitor::{Picture, Template},
};

/// A collector, or several on one database, its folder, and its visitors.
pub(super) struct Site<'a> {
    kind: &'a Kind,
    /// Where there is room beside its folder.
    beside: PathBuf,
    data: PathBuf,
    pub(super) crowd: Crowd,
    pub(super) recovered: Vec<Duration>,
    surroundings: Surroundings,
    /// The database's server, where there is one.
    cluster: Option<Cluster>,
    /// The disk that it lies on, which is there until all is counted.
    disk: Option<Disk>,
    /// What was acknowledged was there when it had to be, and has gone since.
    is_over: bool,
}

/// What lies in a database, in hexadecimal.
struct Stored {
    /// Each report's submission.
    reports: Vec<String>,
    /// Each file's submission, and its blob's name.
    files: Vec<(String, String)>,
}

/// Visitors at a time.
const CROWD: usize = 12;
/// Why a fault that needs a disk of its own was passed over.
const NO_DISK: &str = "no disk can be mounted here";
/// The same where system calls are to fail.
const NO_TRACE: &str = "strace cannot be used here";
/// What lets a program see another time, where Debian puts it.
const FALSE_CLOCK: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

impl<'a> Site<'a> {
    /// One whose folder is fresh and lies in `beside`.
    pub(super) fn new(kind: &'a Kind, beside: &Path) -> Result<Self> {
        let data = beside.join("data");
        std::fs::create_dir(&data)?;
        Ok(Self {
            kind,
            beside: beside.into(),
            data,
            crowd: Crowd::default(),
            recovered: vec![],
            // What they have to say of all this is expected.
            surroundings: Surroundings::from([("CANDOR_LOG", "off".into())]),
            cluster: None,
            disk: None,
            is_over: false,
        })
    }

    /// Does it. Says why, where it cannot be done here.
    pub(super) async fn befall(
        &mut self,
        fault: Fault,
        rounds: usize,
        chance: &mut Chance,
    ) -> Result<Option<String>> {
        if fault.needs_server() {
            let data = self.beside.join("server");
            std::fs::create_dir(&data)?;
            // The server's user has to come through.
            open_to_all(&self.beside)?;
            if fault == Fault::DatabasePowerCut {
                self.disk = Disk::journaled(&data, 512).await?;
                if self.disk.is_none() {
                    return Ok(Some(NO_DISK.into()));
                }
                open_to_all(&data)?;
            }
            let (socket, data) = (self.beside.join("socket"), data.join("database"));
            std::fs::create_dir(&socket)?;
            std::fs::create_dir(&data)?;
            self.cluster = tokio::task::spawn_blocking(move || Cluster::start(&socket, &data)).await??;
            let Some(cluster) = &self.cluster else {
                return Ok(Some("PostgreSQL is not installed".into()));
            };
            if let Some(disk) = &self.disk {
                // The server is there to begin with.
                disk.settle().await?;
            }
            self.surroundings.insert("CANDOR_DATABASE", cluster.address());
            // Those who share a database share its keys, and are told them.
            self.surroundings.insert("CANDOR_INSTANCE_KEY", "07".repeat(32));
            self.surroundings.insert("CANDOR_MASTER_KEY", "08".repeat(32));
        }
        match fault {
            Fault::Kill => self.killed(rounds, chance).await?,
            Fault::KillAtBirth | Fault::MigrationKilled => self.killed_at_birth(rounds, chance).await?,
            Fault::PowerCut => return self.without_power(rounds, chance, false).await,
            Fault::PowerCutUnflushed => return self.without_power(rounds, chance, true).await,
            Fault::Backup => self.backed_up().await?,
            Fault::DiskFull => return self.full().await,
            Fault::SlowFlush => return self.injected("fsync,fdatasync:delay_exit=100000", true).await,
            Fault::FailingFlush => return self.injected("fsync,fdatasync:error=EIO", false).await,
            Fault::ReadOnly => return self.injected("pwrite64:error=EROFS", false).await,
            Fault::ClockJump => return self.out_of_time().await,
            Fault::NodeLoss => self.decimated(rounds, chance).await?,
            Fault::DatabaseRestart | Fault::DatabasePowerCut => self.without_database(rounds, chance).await?,
            Fault::LineCut => self.cut_off(rounds, chance).await?,
        }
        Ok(None)
    }

    async fn open(&self) -> Result<(Template, Picture)> {
        let site = self.kind.prepare_among(&self.data, &self.surroundings).await?;
        Ok((Template::new(site), Picture::new()?))
    }

    async fn start(&self) -> Result<Server> {
        Server::start_among(self.kind, &self.data, &self.surroundings).await
    }

    async fn serve(&self) -> Result<Server> {
        let server = self.start().await?;
        self.crowd.record().addresses = vec![server.address];
        Ok(server)
    }

    /// Waits until a report is stored again, and takes note of how long that took.
    async fn recover(&mut self, begun: Instant) -> Result<()> {
        self.crowd.wait_for_more().await?;
        self.recovered.push(begun.elapsed());
        Ok(())
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
            self.recover(begun).await?;
        }
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    async fn killed_at_birth(&mut self, rounds: usize, chance: &mut Chance) -> Result<()> {
        for _ in 0..rounds {
            let mut command = self.kind.command(&self.data)?;
            let mut child = command.envs(&self.surroundings).spawn()?;
            tokio::time::sleep(chance.ms(0, 25)).await;
            child.kill().await?;
        }
        let begun = Instant::now();
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        self.recover(begun).await?;
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    /// What was acknowledged before the backup began must be in it; what came later may be.
    async fn backed_up(&mut self) -> Result<()> {
        let beside = self.beside.clone();
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

    /// On a disk of its own, as small as it takes.
    async fn full(&mut self) -> Result<Option<String>> {
        let Some(disk) = Disk::small(&self.data, 12).await? else { return Ok(Some(NO_DISK.into())) };
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        let until = Instant::now() + Duration::from_secs(60);
        while self.crowd.record().refused.values().sum::<usize>() < 50 {
            ensure!(Instant::now() < until, "the disk is not filled within a minute");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        ensure!(Client::new(server.address, 0).get("/healthz").await?.status.is_success(), "it is still up");
        disk.enlarge(256).await?;
        let begun = Instant::now();
        self.recover(begun).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.crowd.leave(visitors).await;
        server.stop().await?;
        self.disk = Some(disk);
        Ok(None)
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
            return Ok(Some(NO_TRACE.into()));
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
        self.recover(begun).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.crowd.leave(visitors).await;
        server.stop().await?;
        Ok(None)
    }

    /// On a disk that keeps what was flushed, and what the system has written of the rest by itself. Where it
    /// `pretends`, flushes are passed over.
    async fn without_power(
        &mut self,
        rounds: usize,
        chance: &mut Chance,
        pretends: bool,
    ) -> Result<Option<String>> {
        let Some(disk) = Disk::journaled(&self.data, 256).await? else { return Ok(Some(NO_DISK.into())) };
        let disk = self.disk.insert(disk);
        let (kind, data, among) = (self.kind, &self.data, &self.surroundings);
        let template = Template::new(kind.prepare_among(data, among).await?);
        let picture = Picture::new()?;
        // It is there to begin with.
        disk.settle().await?;
        let mut server = Server::start_among(kind, data, among).await?;
        self.crowd.record().addresses = vec![server.address];
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for _ in 0..rounds {
            self.crowd.wait_for_more().await?;
            let tracer = match pretends {
                true => match trace(server.id()?, "fsync,fdatasync:retval=0").await {
                    Some(tracer) => Some(tracer),
                    None => return Ok(Some(NO_TRACE.into())),
                },
                false => None,
            };
            tokio::time::sleep(chance.ms(50, 1200)).await;
            server.kill().await?;
            drop(tracer);
            disk.lose_power().await?;
            let begun = Instant::now();
            server = Server::start_among(kind, data, among).await?;
            self.crowd.record().addresses = vec![server.address];
            self.crowd.wait_for_more().await?;
            self.recovered.push(begun.elapsed());
        }
        self.crowd.leave(visitors).await;
        server.stop().await?;
        Ok(None)
    }

    /// Its clock is not ours: what the visitors sent while it was wrong is there, and what reaches its date goes.
    async fn out_of_time(&mut self) -> Result<Option<String>> {
        if !Path::new(FALSE_CLOCK).exists() {
            return Ok(Some("faketime is not installed".into()));
        }
        let clock = self.beside.join("clock");
        let set = |to: &str| std::fs::write(&clock, to);
        set("+0")?;
        for (name, value) in [
            ("LD_PRELOAD", FALSE_CLOCK),
            ("FAKETIME_NO_CACHE", "1"),
            // Only the calendar jumps; what a program waits for passes as ever.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_TIMESTAMP_FILE", &clock.to_string_lossy()),
        ] {
            self.surroundings.insert(name, value.to_owned());
        }
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for jump in ["+2h", "-1h", "+20d", "+0", "+3h"] {
            self.crowd.wait_for_more().await?;
            let begun = Instant::now();
            set(jump)?;
            self.recover(begun).await?;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        self.crowd.leave(visitors).await;
        let (lost, duplicates) = self.count()?;
        ensure!((lost, duplicates) == (0, 0), "{lost} lost, {duplicates} twice");
        // Longer than anything is kept by default, but for the evidence of consent.
        set("+400d")?;
        let Kind::Collector(program, _) = self.kind else { bail!("only a collector sweeps") };
        let mut sweep = Command::new(program);
        sweep.arg("sweep").arg("--data").arg(&self.data).envs(&self.surroundings);
        ensure!(sweep.output().await?.status.success(), "the sweep failed");
        server.stop().await?;
        let database = self.database()?;
        let left = "SELECT (SELECT count(*) FROM part) + (SELECT count(*) FROM file)";
        let left: i64 = database.query_row(left, [], |row| row.get(0))?;
        ensure!(left == 0, "{left} outlive their date");
        // What was acknowledged was there, and is gone in time.
        self.is_over = true;
        Ok(None)
    }

    /// Three of them, of which now one and now another is lost.
    async fn decimated(&mut self, rounds: usize, chance: &mut Chance) -> Result<()> {
        let (template, picture) = self.open().await?;
        let mut servers = Vec::new();
        for _ in 0..3 {
            servers.push(self.start().await?);
        }
        let announce = |site: &Self, servers: &[Server]| {
            site.crowd.record().addresses = servers.iter().map(|server| server.address).collect();
        };
        announce(self, &servers);
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for _ in 0..rounds {
            tokio::time::sleep(chance.ms(50, 800)).await;
            let begun = Instant::now();
            // Visitors go on calling it.
            servers.remove(0).kill().await?;
            self.recover(begun).await?;
            servers.push(self.start().await?);
            announce(self, &servers);
            self.crowd.wait_for_more().await?;
        }
        self.crowd.leave(visitors).await;
        for server in servers {
            server.stop().await?;
        }
        Ok(())
    }

    async fn without_database(&mut self, rounds: usize, chance: &mut Chance) -> Result<()> {
        let (template, picture) = self.open().await?;
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for _ in 0..rounds {
            tokio::time::sleep(chance.ms(50, 1200)).await;
            self.cluster()?.end()?;
            match &self.disk {
                Some(disk) => disk.lose_power().await?,
                None => tokio::time::sleep(chance.ms(0, 300)).await,
            }
            let cluster = self.cluster()?;
            let begun = Instant::now();
            tokio::task::block_in_place(|| cluster.begin())?;
            self.recover(begun).await?;
        }
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    /// The line is cut, and the next time held up with what is on its way.
    async fn cut_off(&mut self, rounds: usize, chance: &mut Chance) -> Result<()> {
        let line = Line::to(self.cluster()?.listens()).await?;
        let (template, picture) = self.open().await?;
        self.surroundings.insert("CANDOR_DATABASE", format!("postgres://candor@{}/candor", line.address));
        let server = self.serve().await?;
        let visitors = self.crowd.come(CROWD, &template, &picture);
        for round in 0..rounds {
            tokio::time::sleep(chance.ms(50, 800)).await;
            line.set(if round % 2 == 0 { State::Cut } else { State::Held });
            tokio::time::sleep(chance.ms(100, 1000)).await;
            let begun = Instant::now();
            line.set(State::Open);
            self.recover(begun).await?;
        }
        self.crowd.leave(visitors).await;
        server.stop().await
    }

    fn cluster(&self) -> Result<&Cluster> {
        self.cluster.as_ref().context("there is a server")
    }

    fn database(&self) -> Result<Connection> {
        let path = self.data.join("candor.sqlite");
        Ok(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
    }

    /// What there is, whoever was told of it.
    fn stored(&self) -> Result<Stored> {
        let (reports, files) = match &self.cluster {
            None => {
                let database = self.database()?;
                let lines = |sql: &str| -> Result<String> {
                    let mut statement = database.prepare(sql)?;
                    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
                    Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n"))
                };
                (
                    lines("SELECT lower(hex(submission)) FROM report")?,
                    lines(
                        "SELECT lower(hex(submission) || '|' || hex(blob))
                         FROM file JOIN report ON report.id = file.report",
                    )?,
                )
            }
            Some(cluster) => (
                cluster.ask("candor", "SELECT encode(submission, 'hex') FROM report")?,
                cluster.ask(
                    "candor",
                    "SELECT encode(submission, 'hex') || '|' || encode(blob, 'hex')
                     FROM file JOIN report ON report.id = file.report",
                )?,
            ),
        };
        let pairs = files.lines().filter_map(|line| line.split_once('|'));
        Ok(Stored {
            reports: reports.lines().map(str::to_owned).collect(),
            files: pairs.map(|(submission, blob)| (submission.to_owned(), blob.to_owned())).collect(),
        })
    }

    /// How much of what was acknowledged is not there, and how much is there twice.
    pub(super) fn count(&self) -> Result<(usize, usize)> {
        if self.is_over {
            return Ok((0, 0));
        }
        let Stored { reports, files } = self.stored()?;
        let known: HashSet<_> = reports.iter().collect();
        // A picture is there when its row is, and the bytes that the row names.
        let has_bytes = |blob: &str| {
            let file = self.data.join("blobs").join(&blob[..2]).join(blob);
            std::fs::metadata(&file).is_ok_and(|found| found.len() > 0)
        };
        let pictures: HashSet<_> =
            files.iter().filter(|(_, blob)| has_bytes(blob)).map(|(submission, _)| submission).collect();
        let record = self.crowd.record();
        let absent = |told: &[uuid::Uuid], there: &HashSet<&String>| {
            told.iter().filter(|id| !there.contains(&id.as_simple().to_string())).count()
        };
        let lost = absent(&record.reports, &known) + absent(&record.pictures, &pictures);
        Ok((lost, reports.len() - known.len()))
    }
}

fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?)
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
    use uuid::Uuid;

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
        let mut site = Site::new(&kind, folder.path()).unwrap();
        site.data = folder.path().into();
        site.crowd.record().reports = vec![kept, bare];
        site.crowd.record().pictures = vec![kept];
        assert_eq!(site.count().unwrap(), (0, 1));
        site.crowd.record().reports.push(gone);
        site.crowd.record().pictures.push(bare);
        assert_eq!(site.count().unwrap(), (2, 1), "a report without a row, and a picture without its bytes");
    }
}
