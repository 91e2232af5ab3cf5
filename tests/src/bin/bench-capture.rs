//! Measures domshot beside other engines, page by page, and prints a table: `cargo xtask bench capture`.

use std::{collections::BTreeMap, fs, io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use e2e::{Browser, Difference, Kind, Pixels, Setup, Studio, until};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The engine that all others are compared with.
const OURS: &str = "domshot";
/// Width and height of the viewport, in CSS pixels.
const VIEW: (usize, usize) = (1280, 800);
/// An engine that took this long once is not asked again on that page.
const SLOW_MS: f64 = 8000.0;

/// What `CANDOR_BENCH_PLAN` says.
#[derive(Debug, Deserialize)]
struct Plan {
    /// Fresh loads per engine and page; the median counts.
    rounds: usize,
    /// Only these pages; all if there are none.
    pages: Vec<String>,
    /// Only these engines, and domshot; all if there are none.
    engines: Vec<String>,
    /// Bytes to download per engine, brotli 11.
    sizes: BTreeMap<String, usize>,
    /// JSON instead of a table.
    json: bool,
    /// Where pictures are kept, if anywhere.
    keep: Option<PathBuf>,
}

/// What one engine made of one page.
#[derive(Debug, Default, Serialize)]
struct Score {
    page: String,
    engine: String,
    times_ms: Vec<f64>,
    median_ms: Option<f64>,
    longest_task_ms: Option<f64>,
    mismatch: Option<f64>,
    ssim: Option<f64>,
    picture_bytes: Option<usize>,
    elements_left: Option<i64>,
    failed: Option<String>,
    #[serde(skip)]
    longest: Vec<f64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let plan = std::env::var("CANDOR_BENCH_PLAN").context("run `cargo xtask bench capture`")?;
    let plan: Plan = serde_json::from_str(&plan)?;
    let kind = Kind::chosen()?;
    let studio = Studio::open("bench/pages").await?;
    let pages = chosen(&listed(&pages_folder(), "html")?, &plan.pages);
    let bench = std::env::var_os("CANDOR_BENCH").map(PathBuf::from).context("CANDOR_BENCH is not set")?;
    let engines = listed(&bench.join("engines"), "js")?;
    let mut engines: Vec<String> =
        chosen(&engines, &plan.engines).into_iter().filter(|name| name != OURS).collect();
    engines.insert(0, OURS.into());
    let mut browser = open(kind).await?;
    let mut scores = Vec::new();
    for page in &pages {
        let mut of_page: Vec<Score> = engines
            .iter()
            .map(|engine| Score { page: page.clone(), engine: engine.clone(), ..Score::default() })
            .collect();
        for round in 0..plan.rounds {
            // In turns, and each time another first, so that a busy moment hits all alike.
            for at in 0..engines.len() {
                let score = &mut of_page[(at + round) % engines.len()];
                if score.failed.is_some() || score.times_ms.iter().any(|ms| *ms > SLOW_MS) {
                    continue;
                }
                if let Err(problem) = capture(&studio, &browser, score, round == 0, &plan).await {
                    score.failed = Some(problem.to_string());
                    browser.close().await.ok();
                    browser = open(kind).await?;
                }
            }
        }
        for score in &mut of_page {
            score.median_ms = median(&score.times_ms);
            score.longest_task_ms = median(&score.longest);
            let (ms, mismatch) = (score.median_ms.unwrap_or_default(), score.mismatch.unwrap_or_default());
            let failed = score.failed.as_deref().unwrap_or_default();
            eprintln!(
                "      {:<18}{:<20}{ms:>8.0} ms{:>8.2} % {failed}",
                score.page,
                score.engine,
                mismatch * 100.0
            );
        }
        scores.extend(of_page);
    }
    browser.close().await?;
    let mut out = std::io::stdout().lock();
    if plan.json {
        writeln!(
            out,
            "{}",
            serde_json::to_string_pretty(&json!({ "browser": kind.name(), "scores": scores }))?
        )?;
    } else {
        write!(out, "{}", report(&plan, &engines, &pages, &scores))?;
    }
    Ok(())
}

/// One fresh load and one picture; in the first round it is compared with the browser's own.
async fn capture(
    studio: &Studio,
    browser: &Browser,
    score: &mut Score,
    compare: bool,
    plan: &Plan,
) -> Result<()> {
    studio.visit(browser, &score.page, "engine", &score.engine).await?;
    until("the page is ready", async || {
        let ready = browser.client.execute("return !!window.benchGo", Vec::new()).await?;
        Ok((ready == true).then_some(()))
    })
    .await?;
    let truth = if compare {
        let visible = "const { clientWidth: w, clientHeight: h } = document.compatMode === 'BackCompat' ? document.body : document.documentElement; return [w, h]";
        let visible = browser.client.execute(visible, Vec::new()).await?;
        let side =
            |at: usize, most: usize| visible[at].as_u64().map_or(most, |side| (side as usize).min(most));
        let screen = Pixels::of_png(&browser.client.screenshot().await?)?;
        // Scrollbars are the browser's; engines differ in whether they draw them.
        Some(screen.cropped(side(0, VIEW.0), side(1, VIEW.1)))
    } else {
        None
    };
    browser.client.execute("benchGo()", Vec::new()).await?;
    let (said, file) = studio.outcome_of_slow(&score.page).await?;
    if let Some(problem) = said["failed"].as_str() {
        score.failed = Some(problem.to_owned());
        return Ok(());
    }
    score.times_ms.push(said["took"].as_f64().context("a time")?);
    score.longest.push(said["longest"].as_f64().unwrap_or_default());
    score.elements_left = said["left"].as_i64();
    score.picture_bytes = Some(file.len());
    if let Some(truth) = truth {
        let Ok(picture) = Pixels::of_png(&file) else {
            score.failed = Some("the file is no PNG".into());
            return Ok(());
        };
        if let Some(folder) = &plan.keep {
            fs::create_dir_all(folder)?;
            fs::write(folder.join(format!("{}.truth.png", score.page)), truth.to_png()?)?;
            fs::write(folder.join(format!("{}.{}.png", score.page, score.engine)), &file)?;
        }
        if picture.busy_permille() == 0 && truth.busy_permille() > 0 {
            score.failed = Some("the picture is empty".into());
        }
        let difference = Difference::between(&truth, &picture);
        score.mismatch = Some(difference.mismatch);
        score.ssim = Some(difference.ssim);
    }
    Ok(())
}

/// A browser with a viewport of the size that is measured at.
async fn open(kind: Kind) -> Result<Browser> {
    let browser = Browser::start(kind, Setup::default()).await?;
    let (width, height) = (u32::try_from(VIEW.0)?, u32::try_from(VIEW.1)?);
    let (mut outer_width, mut outer_height) = (width, height + 100);
    for _ in 0..4 {
        browser.client.set_window_size(outer_width, outer_height).await?;
        let inner = browser.client.execute("return [innerWidth, innerHeight]", Vec::new()).await?;
        let side =
            |at: usize| inner[at].as_u64().and_then(|side| u32::try_from(side).ok()).unwrap_or_default();
        if (side(0), side(1)) == (width, height) {
            return Ok(browser);
        }
        outer_width = (outer_width + width).saturating_sub(side(0));
        outer_height = (outer_height + height).saturating_sub(side(1));
    }
    eprintln!("note  the viewport is not {width} by {height}");
    Ok(browser)
}

fn pages_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/domshot/bench/pages")
}

/// The stems of a folder's files with this extension, sorted.
fn listed(folder: &std::path::Path, extension: &str) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension)
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    ensure!(!names.is_empty(), "nothing in {}", folder.display());
    Ok(names)
}

fn chosen(all: &[String], wanted: &[String]) -> Vec<String> {
    all.iter().filter(|name| wanted.is_empty() || wanted.contains(name)).cloned().collect()
}

fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some(f64::midpoint(sorted[last / 2], sorted[sorted.len() / 2]))
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The table over all pages, and where domshot is not the best.
fn report(plan: &Plan, engines: &[String], pages: &[String], scores: &[Score]) -> String {
    let of = |engine: &str, page: &str| scores.iter().find(|s| s.engine == engine && s.page == page);
    let good = |engine: &str, page: &str| of(engine, page).filter(|score| score.failed.is_none());
    let shown = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let mut text = String::from(
        "| engine | pages | time, × domshot | median ms | longest task, median ms | mismatch, mean / median % | SSIM | picture, median kB | engine, kB brotli |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for engine in engines {
        let done: Vec<&Score> = pages.iter().filter_map(|page| good(engine, page)).collect();
        let all = |of: fn(&Score) -> Option<f64>| done.iter().filter_map(|s| of(s)).collect::<Vec<f64>>();
        let ratios: Vec<f64> =
            done.iter().filter_map(|s| Some((s.median_ms? / good(OURS, &s.page)?.median_ms?).ln())).collect();
        let mismatch: Vec<f64> = all(|s| s.mismatch).iter().map(|share| share * 100.0).collect();
        let bytes = median(&all(|s| s.picture_bytes.map(|bytes| bytes as f64 / 1000.0)));
        let size = plan.sizes.get(engine).map(|bytes| *bytes as f64 / 1000.0);
        text.push_str(&format!(
            "| {engine} | {} of {} | {} | {} | {} | {} / {} | {} | {} | {} |\n",
            done.len(),
            pages.len(),
            shown(mean(&ratios).map(f64::exp), 2),
            shown(median(&all(|s| s.median_ms)), 0),
            shown(median(&all(|s| s.longest_task_ms)), 0),
            shown(mean(&mismatch), 2),
            shown(median(&mismatch), 2),
            shown(mean(&all(|s| s.ssim)), 3),
            shown(bytes, 0),
            shown(size, 1),
        ));
    }
    text.push_str(
        "\n| page | domshot ms | fastest other | domshot % | truest other |\n|---|---|---|---|---|\n",
    );
    for page in pages {
        let least = |of: fn(&Score) -> Option<f64>| {
            let others = engines.iter().filter(|engine| *engine != OURS).filter_map(|e| good(e, page));
            others.filter_map(|s| Some((of(s)?, s.engine.as_str()))).min_by(|a, b| a.0.total_cmp(&b.0))
        };
        let ours = good(OURS, page);
        let (ms, mismatch) = (ours.and_then(|s| s.median_ms), ours.and_then(|s| s.mismatch));
        let (fastest, truest) = (least(|s| s.median_ms), least(|s| s.mismatch));
        let beaten = |ours: Option<f64>, other: Option<(f64, &str)>, slack: f64| match (ours, other) {
            (Some(ours), Some((other, _))) if ours > other + slack => "**",
            (None, Some(_)) => "**",
            _ => "",
        };
        let slower = beaten(ms, fastest, 0.0);
        let falser = beaten(mismatch, truest, 0.0001);
        let named = |value: Option<(f64, &str)>, factor: f64, digits: usize| {
            value.map_or_else(|| "–".into(), |(value, name)| format!("{:.digits$} {name}", value * factor))
        };
        text.push_str(&format!(
            "| {page} | {slower}{}{slower} | {} | {falser}{}{falser} | {} |\n",
            shown(ms, 0),
            named(fastest, 1.0, 0),
            shown(mismatch.map(|share| share * 100.0), 2),
            named(truest, 100.0, 2),
        ));
    }
    let failures: Vec<String> = scores
        .iter()
        .filter_map(|s| Some(format!("- {} on {}: {}", s.engine, s.page, s.failed.as_ref()?)))
        .collect();
    if !failures.is_empty() {
        text.push_str(&format!("\nFailed:\n{}\n", failures.join("\n")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_lies_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn the_table_says_where_we_lose() {
        let score = |engine: &str, ms: f64| Score {
            page: "p".into(),
            engine: engine.into(),
            median_ms: Some(ms),
            mismatch: Some(0.01),
            ..Score::default()
        };
        let plan = Plan {
            rounds: 1,
            pages: vec![],
            engines: vec![],
            sizes: BTreeMap::new(),
            json: false,
            keep: None,
        };
        let engines = [OURS.to_owned(), "other".to_owned()];
        let text = report(&plan, &engines, &["p".to_owned()], &[score(OURS, 50.0), score("other", 25.0)]);
        assert!(text.contains("| p | **50** | 25 other | 1.00 | 1.00 other |"), "{text}");
        assert!(text.contains("| other | 1 of 1 | 0.50 |"), "{text}");
    }
}
