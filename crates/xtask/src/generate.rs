//! `gen`: what documents and other languages say of our constants, written from the constants.

mod tables;
mod typescript;

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::{place::Place, step};

/// A generated block, by its name.
type Block = (&'static str, fn() -> String);

/// What fills a `<!-- gen:NAME -->…<!-- /gen -->` block in one of the documents.
const BLOCKS: [Block; 6] = [
    ("ledger", tables::ledger),
    ("codes", tables::codes),
    ("limits", tables::limits),
    ("retention", tables::retention),
    ("facts", tables::facts),
    ("budgets", crate::size::budgets),
];

/// A whole generated file, by its path from the root.
type File = (&'static str, fn(&Place) -> Result<String>);

/// Files that are generated from first line to last.
const FILES: [File; 1] = [("widget/candor.d.ts", typescript::declarations)];

const OPEN: &str = "<!-- gen:";
const CLOSE: &str = "<!-- /gen -->";

/// Writes every generated file and block anew.
pub(crate) fn write(place: &Place) -> Result<()> {
    for (file, text) in wanted(place)? {
        if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            fs::write(&file, text)?;
            step::note(format!("wrote {}", file.display()));
        }
    }
    Ok(())
}

/// Fails if [`write`] would change anything.
pub(crate) fn check(place: &Place) -> Result<()> {
    let mut stale = Vec::new();
    for (file, text) in wanted(place)? {
        if fs::read_to_string(&file).ok().as_deref() != Some(&text) {
            stale.push(file.strip_prefix(&place.root).unwrap_or(&file).display().to_string());
        }
    }
    ensure!(stale.is_empty(), "not up to date: {}; run `cargo xtask gen`", stale.join(", "));
    Ok(())
}

fn wanted(place: &Place) -> Result<Vec<(PathBuf, String)>> {
    let mut files = Vec::new();
    for (path, text) in FILES {
        files.push((place.root.join(path), text(place)?));
    }
    for entry in fs::read_dir(&place.root)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&file)?;
            files.push((file.clone(), filled(&text).with_context(|| file.display().to_string())?));
        }
    }
    Ok(files)
}

/// A document with its blocks written anew.
fn filled(text: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, after) = after.split_once(" -->").context("a block is not opened right")?;
        let Some((_, generate)) = BLOCKS.iter().find(|(known, _)| *known == name) else {
            bail!("no generator is called {name}");
        };
        let (_, after) =
            after.split_once(CLOSE).with_context(|| format!("the block {name} is not closed"))?;
        out.push_str(&format!("{before}{OPEN}{name} -->\n{}\n{CLOSE}", generate().trim_end()));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_replaced_and_what_stands_around_it_stays() {
        let text = "before\n<!-- gen:ledger -->\nwritten before\n<!-- /gen -->\nafter\n";
        let new = filled(text).unwrap();
        assert!(new.starts_with("before\n<!-- gen:ledger -->\n| key"), "{new}");
        assert!(new.ends_with("<!-- /gen -->\nafter\n") && !new.contains("written before"), "{new}");
        assert_eq!(filled(&new).unwrap(), new);
    }

    #[test]
    fn an_unknown_or_unclosed_block_is_an_error() {
        assert!(filled("<!-- gen:weather --><!-- /gen -->").is_err());
        assert!(filled("<!-- gen:ledger -->").is_err());
    }
}
