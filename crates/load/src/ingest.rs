//! How many reports a second a collector takes, beside [`crate::floor`], in turns on one machine.
//!
//! Each turn begins with an empty folder and ends with a count: whatever was acknowledged must be there.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::json;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    client::Client,
    measure::{folder_bytes, median, memory_bytes, processor_seconds, share_ms, written_bytes},
    server::{Kind, Server},
    silence::{self, Silence},
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
    /// Seconds for each case and turn
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Turns, of which the medians count
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only cases whose name holds this: `json`, `picture`, `64`, `silent`
    #[arg(long, default_value = "")]
    only: String,
    /// Put the folders here; they should be on the disk that counts
    #[arg(long)]
    folder: Option<PathBuf>,
    /// End with one line of JSON
    #[arg(long)]
    json: bool,
}

/// What is sent, and over how many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Case {
    has_picture: bool,
    connections: usize,
}

const CASES: [Case; 6] = [
    Case { has_picture: false, connections: 1 },
    Case { has_picture: false, connections: 16 },
    Case { has_picture: false, connections: 64 },
    Case { has_picture: true, connections: 1 },
    Case { has_picture: true, connections: 16 },
    Case { has_picture: true, connections: 64 },
];

/// Connections that say nothing.
const SILENT_CASE: &str = "silent";

impl Case {
    fn name(self) -> String {
        format!("{}{}", if self.has_picture { "picture" } else { "json" }, self.connections)
    }
}

/// One case of one turn.
#[derive(Clone, Debug)]
struct Turn {
    server: &'static str,
    case: Case,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us: f64,
    disk_bytes: f64,
    written_bytes: f64,
}

/// One program in one turn.
#[derive(Clone, Debug)]
struct Start {
    server: &'static str,
    cold_ms: f64,
    idle_bytes: f64,
    most_bytes: f64,
}

/// A row of the table.
#[derive(Debug, Serialize)]
struct Line {
    server: &'static str,
    case: String,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    cpu_us_per_report: f64,
    disk_bytes_per_report: f64,
    written_bytes_per_report: f64,
}

/// Measures and prints.
///
/// # Errors
/// Something that was acknowledged is not there, or a program does not do as it should.
pub async fn run(options: &Options) -> Result<()> {
    let kinds = [Kind::Floor, Kind::Collector(options.collector.clone(), options.assets.clone())];
    let cases: Vec<Case> = CASES.into_iter().filter(|case| case.name().contains(&options.only)).collect();
    let has_silence = SILENT_CASE.contains(&options.only);
    ensure!(has_silence || !cases.is_empty(), "no case is called {}", options.only);
    let picture = Picture::new()?;
    let (mut turns, mut starts) = (Vec::new(), Vec::new());
    let (mut acknowledged, mut lost) = (0, 0);
    for round in 0..options.rounds.max(1) {
        for kind in &kinds {
            eprintln!("      turn {}: {} …", round + 1, kind.name());
            let folder = folder(options)?;
            let outcome = turn(kind, folder.path(), &cases, options.seconds, &picture).await?;
            turns.extend(outcome.turns);
            starts.push(outcome.start);
            acknowledged += outcome.acknowledged;
            lost += outcome.lost;
        }
    }
    let lines: Vec<Line> =
        cases.iter().flat_map(|case| kinds.iter().map(|kind| line(&turns, kind.name(), *case))).collect();
    let silence = match kinds.last() {
        Some(collector) if has_silence => Some(silence::keep(collector, folder(options)?.path()).await?),
        _ => None,
    };
    print(options, &lines, &kinds, &starts, (acknowledged, lost), silence)?;
    ensure!(lost == 0, "{lost} of {acknowledged} acknowledged reports and pictures are not there");
    Ok(())
}

fn folder(options: &Options) -> Result<TempDir> {
    let mut place = tempfile::Builder::new();
    place.prefix("candor-load-");
    Ok(match &options.folder {
        Some(parent) => place.tempdir_in(parent)?,
        None => place.tempdir()?,
    })
}

struct Outcome {
    turns: Vec<Turn>,
    start: Start,
    acknowledged: u64,
    lost: u64,
}

async fn turn(kind: &Kind, data: &Path, cases: &[Case], seconds: u64, picture: &Picture) -> Result<Outcome> {
    let site = kind.prepare(data).await?;
    let server = Server::start(kind, data).await?;
    let process = server.id()?;
    let (idle_bytes, _) = memory_bytes(process)?;
    let mut acknowledged = (0, 0);
    let mut turns = Vec::new();
    for case in cases {
        let job = Arc::new(Job {
            address: server.address,
            template: Template::new(site),
            picture: case.has_picture.then(|| picture.clone()),
        });
        // The first moments fill caches and prepare statements.
        let warm = load(&job, case.connections, Duration::from_millis(300)).await?;
        let (disk, processor, written) =
            (folder_bytes(data)?, processor_seconds(process)?, written_bytes(process)?);
        let begun = Instant::now();
        let mut times = load(&job, case.connections, Duration::from_secs(seconds)).await?;
        let took = begun.elapsed().as_secs_f64();
        let processor = processor_seconds(process)? - processor;
        let disk = folder_bytes(data)?.saturating_sub(disk);
        let written = written_bytes(process)?.saturating_sub(written);
        times.sort();
        ensure!(!times.is_empty(), "{} stored nothing of {}", kind.name(), case.name());
        let reports = (times.len() + warm.len()) as u64;
        acknowledged =
            (acknowledged.0 + reports, acknowledged.1 + if case.has_picture { reports } else { 0 });
        let count = f64::from(u32::try_from(times.len())?);
        #[expect(clippy::cast_precision_loss, reason = "bytes on a disk of this world")]
        turns.push(Turn {
            server: kind.name(),
            case: *case,
            per_second: count / took,
            p50_ms: share_ms(&times, 0.5),
            p99_ms: share_ms(&times, 0.99),
            cpu_us: processor * 1e6 / count,
            disk_bytes: disk as f64 / count,
            written_bytes: written as f64 / count,
        });
    }
    let (_, most_bytes) = memory_bytes(process)?;
    let cold_ms = server.cold_start.as_secs_f64() * 1000.0;
    server.stop().await?;
    let stored = kind.stored(data)?;
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
    let start =
        Start { server: kind.name(), cold_ms, idle_bytes: idle_bytes as f64, most_bytes: most_bytes as f64 };
    let lost = acknowledged.0.saturating_sub(stored.0) + acknowledged.1.saturating_sub(stored.1);
    Ok(Outcome { turns, start, acknowledged: acknowledged.0 + acknowledged.1, lost })
}

/// What one case sends, and where.
struct Job {
    address: std::net::SocketAddr,
    template: Template,
    picture: Option<Picture>,
}

/// Sends over so many connections for so long; how long each report took that was acknowledged.
async fn load(job: &Arc<Job>, connections: usize, time: Duration) -> Result<Vec<Duration>> {
    let end = Instant::now() + time;
    let mut visitors = JoinSet::new();
    for number in 0..connections {
        let job = Arc::clone(job);
        visitors.spawn(async move {
            let mut client = Client::new(job.address, number);
            let mut times = Vec::new();
            while Instant::now() < end {
                let visitor = Visitor::fresh();
                let begun = Instant::now();
                let answer = client.report(job.template.fill(visitor)).await?;
                ensure!(answer.status == 201, "a report is answered {}", said(&answer));
                if let Some(picture) = &job.picture {
                    let mut answer = client.picture(visitor, picture).await?;
                    // There is a bound on files on their way in; who waits for a place is slower for it.
                    while answer.status == 503 {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                        answer = client.picture(visitor, picture).await?;
                    }
                    ensure!(answer.status == 201, "a picture is answered {}", said(&answer));
                }
                times.push(begun.elapsed());
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = visitors.join_next().await {
        times.extend(done??);
    }
    Ok(times)
}

fn said(answer: &crate::client::Answer) -> String {
    format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))
}

fn line(turns: &[Turn], server: &'static str, case: Case) -> Line {
    let own = || turns.iter().filter(|turn| turn.server == server && turn.case == case);
    let middle = |figure: fn(&Turn) -> f64| median(own().map(figure));
    Line {
        server,
        case: case.name(),
        per_second: middle(|turn| turn.per_second),
        p50_ms: middle(|turn| turn.p50_ms),
        p99_ms: middle(|turn| turn.p99_ms),
        cpu_us_per_report: middle(|turn| turn.cpu_us),
        disk_bytes_per_report: middle(|turn| turn.disk_bytes),
        written_bytes_per_report: middle(|turn| turn.written_bytes),
    }
}

fn print(
    options: &Options,
    lines: &[Line],
    kinds: &[Kind],
    starts: &[Start],
    (acknowledged, lost): (u64, u64),
    silence: Option<Silence>,
) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let ratio = |case: &str| {
        let of = |server: &str| lines.iter().find(|line| line.server == server && line.case == case);
        let (floor, ours) = (of("floor")?, of("candor")?);
        Some((ours.per_second / floor.per_second * 100.0).round() / 100.0)
    };
    writeln!(
        out,
        "server  case       reports/s   p50 ms   p99 ms  CPU µs/report  bytes on disk/report  bytes written/report  of floor"
    )?;
    for line in lines {
        writeln!(
            out,
            "{:7} {:10} {:9.0} {:8.2} {:8.2} {:14.0} {:21.0} {:21.0}  {}",
            line.server,
            line.case,
            line.per_second,
            line.p50_ms,
            line.p99_ms,
            line.cpu_us_per_report,
            line.disk_bytes_per_report,
            line.written_bytes_per_report,
            ratio(&line.case)
                .filter(|_| line.server == "candor")
                .map_or(String::new(), |r| format!("{r:.2}")),
        )?;
    }
    let middle = |server: &str, figure: fn(&Start) -> f64| {
        median(starts.iter().filter(|start| start.server == server).map(figure))
    };
    for kind in kinds {
        writeln!(
            out,
            "{}: idle {:.1} MB, at most {:.1} MB, first answer after {:.0} ms",
            kind.name(),
            middle(kind.name(), |start| start.idle_bytes) / 1e6,
            middle(kind.name(), |start| start.most_bytes) / 1e6,
            middle(kind.name(), |start| start.cold_ms),
        )?;
    }
    if let Some(Silence { connections, bytes, heard_after }) = silence {
        writeln!(
            out,
            "{connections} connections that say nothing: {:.1} MB; somebody who speaks is heard after {:.1} s",
            bytes as f64 / 1e6,
            heard_after.as_secs_f64(),
        )?;
    }
    let binary_bytes = std::fs::metadata(&options.collector)?.len();
    writeln!(out, "program: {:.1} MB; acknowledged {acknowledged}, lost {lost}", binary_bytes as f64 / 1e6)?;
    if options.json {
        let line = json!({
            "json1_ratio_to_floor": ratio("json1"),
            "json16_ratio_to_floor": ratio("json16"),
            "json64_ratio_to_floor": ratio("json64"),
            "picture1_ratio_to_floor": ratio("picture1"),
            "picture16_ratio_to_floor": ratio("picture16"),
            "picture64_ratio_to_floor": ratio("picture64"),
            "acknowledged": acknowledged,
            "lost": lost,
            "idle_rss_bytes": middle("candor", |start| start.idle_bytes),
            "peak_rss_bytes": middle("candor", |start| start.most_bytes),
            "cold_start_ms": middle("candor", |start| start.cold_ms),
            "binary_bytes": binary_bytes,
            "silent_connections": silence.map(|silence| silence.connections),
            "silent_bytes": silence.map(|silence| silence.bytes),
            "heard_beside_silent_ms": silence.map(|silence| silence.heard_after.as_millis()),
            "cases": lines,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
