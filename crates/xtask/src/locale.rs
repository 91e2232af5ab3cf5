//! The widget's words: checked against English, and packed as arrays in the order of its keys.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use indexmap::IndexMap;

/// Words by key, in the order of the file.
pub(crate) type Words = IndexMap<String, String>;

/// The locale whose keys and order all others follow.
pub(crate) const REFERENCE: &str = "en";

/// Reads every `TAG.json` of a folder and returns what ships, by language tag: a JSON array of strings.
///
/// # Errors
/// A file is not an object of strings, has other keys than English, or other `{placeholders}` in a string.
pub(crate) fn read_all(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let tag = path.file_stem().and_then(|stem| stem.to_str()).context("a locale has a name")?;
            let words: Words = serde_json::from_slice(&fs::read(&path)?)
                .with_context(|| format!("{} is not an object of strings", path.display()))?;
            files.insert(tag.to_owned(), words);
        }
    }
    let reference =
        files.get(REFERENCE).with_context(|| format!("{} has no {REFERENCE}.json", folder.display()))?;
    let mut problems = Vec::new();
    for (tag, words) in &files {
        problems.extend(
            differences(reference, words).into_iter().map(|problem| format!("{tag}.json: {problem}")),
        );
    }
    ensure!(problems.is_empty(), "locales do not match {REFERENCE}.json:\n{}", problems.join("\n"));
    files.iter().map(|(tag, words)| Ok((tag.clone(), pack(reference, words)?))).collect()
}

/// Where in the packed strings of a folder those stand whose keys are `wanted`.
///
/// # Errors
/// The folder has no English words.
pub(crate) fn places(folder: &Path, wanted: fn(&str) -> bool) -> Result<BTreeMap<String, usize>> {
    let file = folder.join(format!("{REFERENCE}.json"));
    let words: Words = serde_json::from_slice(&fs::read(&file).with_context(|| file.display().to_string())?)?;
    let places = words.into_keys().enumerate().filter(|(_, key)| wanted(key));
    Ok(places.map(|(place, key)| (key, place)).collect())
}

/// What ships of two folders that are fetched together, by language tag: a JSON array of both arrays of strings.
///
/// # Errors
/// As [`read_all`], or one of the folders lacks a language of the other.
pub(crate) fn read_both(first: &Path, second: &Path) -> Result<BTreeMap<String, String>> {
    let (first, second) = (read_all(&first.join("locales"))?, read_all(&second.join("locales"))?);
    ensure!(first.keys().eq(second.keys()), "the languages of files and capture differ");
    Ok(first.into_iter().zip(second.into_values()).map(|((tag, a), b)| (tag, format!("[{a},{b}]"))).collect())
}

/// The first string of every locale, the bubble's name, as one JSON object by language tag.
pub(crate) fn first_of_each(packed: &BTreeMap<String, String>) -> Result<String> {
    let first = |text: &String| -> Result<String> {
        let all: Vec<String> = serde_json::from_str(text)?;
        all.into_iter().next().context("a locale has a first text")
    };
    let all: BTreeMap<_, _> =
        packed.iter().map(|(tag, text)| Ok((tag, first(text)?))).collect::<Result<_>>()?;
    Ok(serde_json::to_string(&all)?)
}

/// The strings of a locale in the order of the reference's keys.
fn pack(reference: &Words, words: &Words) -> Result<String> {
    let ordered: Option<Vec<&String>> = reference.keys().map(|key| words.get(key)).collect();
    let Some(ordered) = ordered else { bail!("a key is missing") };
    Ok(serde_json::to_string(&ordered)?)
}

fn differences(reference: &Words, words: &Words) -> Vec<String> {
    let mut found = Vec::new();
    for (key, text) in reference {
        match words.get(key) {
            None => found.push(format!("`{key}` is missing")),
            Some(own) if own.trim().is_empty() && !text.trim().is_empty() => {
                found.push(format!("`{key}` is empty"));
            }
            Some(own) if placeholders(own) != placeholders(text) => {
                found.push(format!("`{key}` has other placeholders"));
            }
            Some(_) => {}
        }
    }
    found.extend(
        words.keys().filter(|key| !reference.contains_key(*key)).map(|key| format!("`{key}` is not in use")),
    );
    found
}

/// The `{names}` in a string.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pairs: &[(&str, &str)]) -> Words {
        pairs.iter().map(|(key, text)| ((*key).into(), (*text).into())).collect()
    }

    #[test]
    fn a_locale_is_packed_in_the_order_of_english() {
        let en = words(&[("send", "Send"), ("close", "Close")]);
        let de = words(&[("close", "Schließen"), ("send", "Senden")]);
        assert_eq!(pack(&en, &de).unwrap(), r#"["Senden","Schließen"]"#);
    }

    #[test]
    fn missing_extra_empty_and_misquoted_strings_are_named() {
        let en = words(&[("a", "x"), ("b", "{n} left"), ("c", "z")]);
        let de = words(&[("b", "{m} übrig"), ("c", ""), ("d", "neu")]);
        let found = differences(&en, &de);
        assert_eq!(
            found,
            ["`a` is missing", "`b` has other placeholders", "`c` is empty", "`d` is not in use"]
        );
    }

    #[test]
    fn a_folder_without_english_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("de.json"), "{}").unwrap();
        assert!(read_all(folder.path()).unwrap_err().to_string().contains("en.json"));
    }
}
