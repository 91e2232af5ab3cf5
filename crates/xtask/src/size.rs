//! `size`: what a visitor downloads, measured from the built assets, beside what we allow ourselves.

use std::{collections::BTreeMap, fs, io::Write as _};

use anyhow::{Context, Result, bail};
use candor_protocol::{Form, Look, Policy, PublicSite};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    assets::{self, Asset},
    hash,
    node::{Text, Tools},
    place::Place,
};

/// An allowance in brotli-11 bytes. The goal stays; the ceiling moves only in a commit that says why.
#[derive(Debug, Clone, Copy, Serialize)]
struct Budget {
    goal_bytes: usize,
    ceiling_bytes: usize,
}

/// All that a page pays before anyone shows interest.
const LOADER: Budget = Budget { goal_bytes: 2_000, ceiling_bytes: 2_500 };
/// Everything until the form is open: loader, glue, wasm, styles, one locale.
const FORM_OPEN: Budget = Budget { goal_bytes: 30_000, ceiling_bytes: 42_000 };
/// Pictures and drawing, on top. The ceiling planned is 24,000.
const CAPTURE: Budget = Budget { goal_bytes: 16_700, ceiling_bytes: 27_150 };
/// What shows visitors their own data, with the largest of its locales, on top. A tenth of it are hashes.
const MINE: Budget = Budget { goal_bytes: 6_500, ceiling_bytes: 8_000 };
/// One locale.
const LOCALE: Budget = Budget { goal_bytes: 3_000, ceiling_bytes: 4_000 };

/// Any site's id compresses as badly as this one.
const SITE: Uuid = Uuid::from_u128(0x0197_a1c0_7d6a_7c3e_9d53_0c6a_3c1b_2a10);

/// One line of the table.
#[derive(Debug, Serialize)]
struct Row {
    part: String,
    raw_bytes: usize,
    gzip_bytes: usize,
    brotli_bytes: usize,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    budget: Option<Budget>,
}

impl Row {
    fn new(part: impl Into<String>, bytes: &[u8], budget: Option<Budget>) -> Result<Self> {
        Ok(Self {
            part: part.into(),
            raw_bytes: bytes.len(),
            gzip_bytes: assets::gzip(bytes)?.len(),
            brotli_bytes: assets::brotli(bytes)?.len(),
            budget,
        })
    }

    fn sum(part: impl Into<String>, rows: &[&Self], budget: Option<Budget>) -> Self {
        let total = |of: fn(&Self) -> usize| rows.iter().map(|row| of(row)).sum();
        Self {
            part: part.into(),
            raw_bytes: total(|row| row.raw_bytes),
            gzip_bytes: total(|row| row.gzip_bytes),
            brotli_bytes: total(|row| row.brotli_bytes),
            budget,
        }
    }

    fn over_ceiling(&self) -> bool {
        self.budget.is_some_and(|budget| self.brotli_bytes > budget.ceiling_bytes)
    }
}

/// Prints the table; with `check` a part over its ceiling is an error.
pub(crate) fn run(place: &Place, json: bool, check: bool) -> Result<()> {
    let rows = measure(place)?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&rows)?)?;
    } else {
        write!(out, "{}", table(&rows))?;
    }
    let over: Vec<&str> = rows.iter().filter(|row| row.over_ceiling()).map(|row| row.part.as_str()).collect();
    if check && !over.is_empty() {
        bail!("over the ceiling: {}", over.join(", "));
    }
    Ok(())
}

fn measure(place: &Place) -> Result<Vec<Row>> {
    let manifest = assets::manifest(place)?;
    let read = |asset: &Asset| -> Result<Vec<u8>> {
        let bytes = fs::read(place.assets().join(&asset.file)).with_context(|| asset.file.clone())?;
        if hash::integrity(&bytes) != asset.integrity {
            bail!("{} is not what the manifest says: run `cargo xtask build`", asset.file);
        }
        Ok(bytes)
    };
    let template = fs::read_to_string(place.assets().join(&manifest.loader))?;
    let loader = Row::new(
        "loader, with a site's settings",
        assets::fill(&template, &settings(&manifest)?)?.as_bytes(),
        Some(LOADER),
    )?;
    let glue = read(&manifest.glue)?;
    let css = css_share(place)?;
    let glue = Row::new("glue, with the style sheet", &glue, None)?;
    let wasm = Row::new("wasm", &read(&manifest.wasm)?, None)?;
    let locales: Vec<Row> = manifest
        .locales
        .iter()
        .map(|(tag, asset)| Row::new(format!("locale {tag}"), &read(asset)?, Some(LOCALE)))
        .collect::<Result<_>>()?;
    let largest =
        locales.iter().max_by_key(|row| row.brotli_bytes).context("there is at least one locale")?;
    let open = Row::sum(
        "= until the form is open, largest locale",
        &[&loader, &glue, &wasm, largest],
        Some(FORM_OPEN),
    );
    let files = Row::new("files: list and sending", &read(&manifest.files)?, None)?;
    let largest_of = |part: &str, locales: &BTreeMap<String, Asset>| -> Result<Row> {
        let rows =
            locales.iter().map(|(tag, asset)| Row::new(format!("{part}: locale {tag}"), &read(asset)?, None));
        let rows: Vec<Row> = rows.collect::<Result<_>>()?;
        rows.into_iter().max_by_key(|row| row.brotli_bytes).context("there is at least one locale")
    };
    let words = largest_of("files", &manifest.files_locales)?;
    let mine = Row::new("my data", &read(&manifest.mine)?, None)?;
    let mine_words = largest_of("my data", &manifest.mine_locales)?;
    let whole_mine = Row::sum("= my data, on top", &[&mine, &mine_words], Some(MINE));
    let pen_glue = Row::new("picture and pen: glue", &read(&manifest.capture.glue)?, None)?;
    let pen_wasm = Row::new("picture and pen: wasm", &read(&manifest.capture.wasm)?, None)?;
    let capture = Row::sum("= picture and pen, on top", &[&pen_glue, &pen_wasm], Some(CAPTURE));
    let picture = Row::sum("= first picture, all it fetches", &[&files, &words, &capture], None);
    let mut rows = vec![loader, glue, css, wasm];
    rows.extend(locales);
    rows.push(open);
    rows.extend([mine, mine_words, whole_mine, files, words, pen_glue, pen_wasm, capture, picture]);
    Ok(rows)
}

/// The settings of a new site: what the collector would put into the loader for it.
fn settings(manifest: &assets::Manifest) -> Result<String> {
    let file = |asset: &Asset| candor_protocol::Asset {
        file: asset.file.clone(),
        integrity: asset.integrity.clone(),
    };
    Ok(serde_json::to_string(&PublicSite {
        site: SITE,
        name: "Example shop".into(),
        look: Look { accent: Some("#0b6e4f".into()), ..Look::default() },
        form: Form::default(),
        policy: Policy { url: Some("https://shop.example/privacy".into()), ..candor_rules::default_policy() }
            .in_public(),
        assets: candor_protocol::Assets { glue: file(&manifest.glue), wasm: file(&manifest.wasm) },
    })?)
}

/// The budgets as a table for the documents.
pub(crate) fn budgets() -> String {
    let mut text = String::from("| brotli-11 bytes | goal | ceiling |\n|---|---|---|\n");
    for (what, budget) in [
        ("loader with inlined settings: all that a page pays before anyone shows interest", LOADER),
        ("everything until the form is open (loader, glue, wasm, styles, one locale)", FORM_OPEN),
        ("picture and pen module, on top", CAPTURE),
        ("\"My data\" with one locale of its own, on top", MINE),
        ("one locale", LOCALE),
    ] {
        text.push_str(&format!("| {what} | {} | {} |\n", budget.goal_bytes, budget.ceiling_bytes));
    }
    text
}

/// The style sheet inside the glue, measured alone: a share, not added to any sum.
fn css_share(place: &Place) -> Result<Row> {
    let css = fs::read_to_string(place.root.join("widget/widget.css"))?;
    Row::new("   of it, style sheet", Tools::find(place).minify(&css, Text::Style)?.as_bytes(), None)
}

fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<42}{:>9}{:>9}{:>9}{:>10}{:>10}\n",
        "part (bytes)", "raw", "gzip", "brotli", "goal", "ceiling"
    );
    for row in rows {
        let (goal, ceiling) = row.budget.map_or((String::new(), String::new()), |budget| {
            (budget.goal_bytes.to_string(), budget.ceiling_bytes.to_string())
        });
        let verdict = match row.budget {
            Some(budget) if row.brotli_bytes > budget.ceiling_bytes => "  OVER THE CEILING",
            Some(budget) if row.brotli_bytes > budget.goal_bytes => "  over the goal",
            _ => "",
        };
        text.push_str(&format!(
            "{:<42}{:>9}{:>9}{:>9}{goal:>10}{ceiling:>10}{verdict}\n",
            row.part, row.raw_bytes, row.gzip_bytes, row.brotli_bytes
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(brotli_bytes: usize) -> Row {
        Row { part: "x".into(), raw_bytes: 0, gzip_bytes: 0, brotli_bytes, budget: Some(LOADER) }
    }

    #[test]
    fn the_ceiling_itself_is_allowed_and_one_byte_more_is_not() {
        assert!(!row(LOADER.ceiling_bytes).over_ceiling());
        assert!(row(LOADER.ceiling_bytes + 1).over_ceiling());
    }

    #[test]
    fn the_table_says_which_row_is_over() {
        assert!(table(&[row(2_400)]).contains("over the goal"));
        assert!(table(&[row(2_501)]).contains("OVER THE CEILING"));
    }
}
