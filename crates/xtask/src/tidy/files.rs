//! Rules about files: how they are called, how long they get, and which of them never change.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, ensure};

use crate::{place::Place, run, step};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 8] = ["utils", "util", "helpers", "common", "misc", "manager", "base", "impl"];

/// Lines beyond which a file has to say in its head why it is one file: `// long: …`.
const LINES_MAX: usize = 500;

/// The folders that hold our own sources.
const FOLDERS: [&str; 5] = ["crates", "widget", "collector", "tests", "examples"];

/// Our source files with this extension.
pub(super) fn sources(place: &Place, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        let folder = place.root.join(folder);
        if folder.exists() {
            collect(&folder, extension, &mut found)?;
        }
    }
    found.sort();
    Ok(found)
}

/// No module called `utils`; no long file without a reason.
pub(super) fn names_and_lengths(place: &Place) -> Result<()> {
    let mut problems = Vec::new();
    for extension in ["rs", "js", "css"] {
        for file in sources(place, extension)? {
            problems.extend(faults(&file, &fs::read_to_string(&file)?));
        }
    }
    ensure!(problems.is_empty(), "\n{}", problems.join("\n"));
    Ok(())
}

/// Nobody allows unsafe code by hand.
pub(super) fn no_unsafe(place: &Place) -> Result<()> {
    // Put together here, so that this file does not find itself.
    let forbidden = ["allow", "expect"].map(|level| format!("{level}(unsafe_code"));
    for file in sources(place, "rs")? {
        let text = fs::read_to_string(&file)?.replace(' ', "");
        for words in &forbidden {
            ensure!(!text.contains(words), "{} says {words})", file.display());
        }
    }
    Ok(())
}

/// Every golden file is, byte for byte, what its first commit made it.
pub(super) fn golden(place: &Place) -> Result<()> {
    let git = |arguments: &[&str]| run::quiet(Command::new("git").args(arguments).current_dir(&place.root));
    if git(&["rev-parse", "--git-dir"]).is_err() {
        step::note("not a git checkout: golden files are not compared with their history");
        return Ok(());
    }
    let added = git(&["log", "--diff-filter=A", "--format=commit %H", "--name-only", "--", "*/golden/v*/*"])?;
    for (file, commit) in first_versions(&String::from_utf8(added)?) {
        let first = git(&["show", &format!("{commit}:{file}")])?;
        let now = fs::read(place.root.join(&file)).ok();
        ensure!(now.is_some(), "{file} is gone: what was said once must still be understood");
        ensure!(now == Some(first), "{file} was edited after {}: add a file instead", &commit[..10]);
    }
    Ok(())
}

/// The commit that added each file, from `git log`'s newest-first listing.
fn first_versions(log: &str) -> std::collections::BTreeMap<String, String> {
    let mut found = std::collections::BTreeMap::new();
    let mut commit = "";
    for line in log.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("commit ") {
            Some(id) => commit = id,
            None => {
                found.insert(line.to_owned(), commit.to_owned());
            }
        }
    }
    found.into_iter().collect()
}

fn faults(file: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let folder = file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
    for name in [stem, folder] {
        if EMPTY_NAMES.contains(&name) {
            found.push(format!("{}: {name} says nothing about what is inside", file.display()));
        }
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !text.lines().take(10).any(|line| line.contains("long:")) {
        found.push(format!("{}: {lines} lines, and no `// long:` in its head says why", file.display()));
    }
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !["target", "node_modules"].contains(&name) {
                collect(&path, extension, found)?;
            }
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_name_and_an_unexplained_length_are_faults() {
        assert_eq!(faults(Path::new("src/utils.rs"), "").len(), 1);
        assert_eq!(faults(Path::new("src/helpers/text.rs"), "").len(), 1);
        let long = "x\n".repeat(LINES_MAX + 1);
        assert_eq!(faults(Path::new("src/raster.rs"), &long).len(), 1);
        assert!(faults(Path::new("src/raster.rs"), &format!("// long: one table\n{long}")).is_empty());
    }

    #[test]
    fn the_first_commit_of_a_file_counts() {
        let log = "commit bbb\n\ngolden/v1/b.json\n\ncommit aaa\n\ngolden/v1/a.json\ngolden/v1/b.json\n";
        let first = first_versions(log);
        assert_eq!(first["golden/v1/b.json"], "aaa");
        assert_eq!(first["golden/v1/a.json"], "aaa");
    }
}
