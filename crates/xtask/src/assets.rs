//! Everything the collector serves to browsers: built, minified, named by hash, compressed, listed.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::{
    hash, locale,
    node::{Text, Tools},
    place::Place,
    step::{self, Step},
    wasm::{self, Entry, Recipe},
};

/// The token in the loader that the collector replaces with a site's public settings.
pub(crate) const SETTINGS_TOKEN: &str = "__CANDOR_SETTINGS__";

/// `manifest.json`: which file is what. The collector reads it; browsers never see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The loader template, with the settings token in it.
    pub(crate) loader: String,
    /// The loader without settings, for owners who want a fixed hash in their tag.
    pub(crate) pinned: Asset,
    /// The widget's ES module (its style sheet inside).
    pub(crate) glue: Asset,
    /// The widget's WebAssembly.
    pub(crate) wasm: Asset,
    /// The words, by language tag.
    pub(crate) locales: BTreeMap<String, Asset>,
    /// What lists and sends files, fetched when a visitor adds the first. The glue carries its hash.
    pub(crate) files: Asset,
    /// The words of `files` and `capture`, by language tag. `files` carries their hashes.
    pub(crate) files_locales: BTreeMap<String, Asset>,
    /// What shows visitors their own data, fetched when somebody asks for it. The glue carries its hash.
    pub(crate) mine: Asset,
    /// The words of `mine`, by language tag. `mine` carries their hashes.
    pub(crate) mine_locales: BTreeMap<String, Asset>,
    /// The module for pictures and drawing, fetched when a visitor wants a picture. `files` carries its hashes.
    pub(crate) capture: Pair,
}

/// One served file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asset {
    /// Its name in the folder and under `/assets/`.
    pub(crate) file: String,
    /// `sha384-…`, as `integrity` takes it.
    pub(crate) integrity: String,
}

/// A module that is loaded later: glue and wasm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pair {
    /// The ES module.
    pub(crate) glue: Asset,
    /// The WebAssembly.
    pub(crate) wasm: Asset,
}

/// Builds all assets into a fresh folder and puts it in the place of the old one.
pub(crate) fn build(place: &Place) -> Result<Manifest> {
    let tools = Tools::find(place);
    if !tools.ready() {
        step::note(
            "wasm-opt, esbuild and terser are not installed (`cargo xtask setup`): the assets are larger than they ship",
        );
    }
    let widget = place.root.join("widget");
    let words = locale::read_all(&widget.join("locales"))?;

    let module = wasm::build(
        place,
        &tools,
        Recipe {
            package: "candor-widget",
            features: &[],
            stem: "candor",
            is_plain: false,
            stack_bytes: None,
            entry: None,
        },
    )?;
    let entry =
        Entry { file: "widget/capture/js/capture.js", glue: "pen", snippet: ("domshot", "js/picture.js") };
    let capture = wasm::build(
        place,
        &tools,
        Recipe {
            package: "candor-capture",
            features: &[],
            stem: "candor-capture",
            is_plain: false,
            // Nothing in it calls itself, and no address is beyond two bytes then.
            stack_bytes: Some(6144),
            entry: Some(entry),
        },
    )?;

    let step = Step::start("assets: minify, name, compress");
    let css = tools.minify(&read(&widget.join("widget.css"))?, Text::Style)?;
    let bubble = tools.minify(&read(&widget.join("loader/bubble.css"))?, Text::Style)?;
    let source = read(&widget.join("loader/candor.js"))?
        .replace("__CANDOR_NAMES__", &locale::first_of_each(&words)?)
        .replace("__CANDOR_CSS__", &serde_json::to_string(&bubble)?);
    let loader = tools.minify(&source, Text::Script)?;
    let pinned = fill(&loader, "null")?;

    let parent = place.assets().parent().context("the assets have a folder")?.to_path_buf();
    fs::create_dir_all(&parent)?;
    let fresh = tempfile::Builder::new().prefix("assets-").tempdir_in(&parent)?;
    let mut shelf = Shelf { folder: fresh.path() };
    let locales: BTreeMap<String, Asset> = words
        .iter()
        .map(|(tag, text)| Ok((tag.clone(), shelf.put(tag, "json", text.as_bytes())?)))
        .collect::<Result<_>>()?;
    // Each names what it fetches with its hash, so the last is made first.
    let (folder, pen) = (widget.join("files"), widget.join("capture"));
    let pen_css = tools.minify(&read(&pen.join("capture.css"))?, Text::Style)?;
    let pen_glue = tools
        .minify(&format!("{}\nexport const css = {};\n", capture.glue, json(&pen_css)?), Text::Picture)?;
    let capture = Pair {
        glue: shelf.put("capture", "js", pen_glue.as_bytes())?,
        wasm: shelf.put("capture", "wasm", &capture.wasm)?,
    };
    let files_locales: BTreeMap<String, Asset> = locale::read_both(&folder, &pen)?
        .iter()
        .map(|(tag, text)| Ok((tag.clone(), shelf.put(&format!("files-{tag}"), "json", text.as_bytes())?)))
        .collect::<Result<_>>()?;
    let files_css = tools.minify(&read(&folder.join("files.css"))?, Text::Style)?;
    let files = put_in(
        tools.bundle(&folder.join("files.js"), &[], &[])?,
        &[
            ("__CANDOR_CSS__", json(&files_css)?),
            ("__CANDOR_LOCALES__", json(&files_locales)?),
            ("__CANDOR_CAPTURE__", json(&capture)?),
            ("__CANDOR_LIMITS__", limits()?),
        ],
    )?;
    let files = shelf.put("files", "js", tools.minify(&files, Text::Module)?.as_bytes())?;
    let (mine, mine_locales) = mine(&widget, &tools, &mut shelf)?;
    let door = put_in(
        read(&folder.join("door.js"))?,
        &[("__CANDOR_FILES__", json(&files)?), ("__CANDOR_MINE__", json(&mine)?)],
    )?;
    let glue = format!(
        "{}\nexport const css = {};\nexport const locales = {};\n{door}",
        module.glue,
        json(&css)?,
        json(&locales)?
    );
    let manifest = Manifest {
        loader: "loader.js".into(),
        pinned: shelf.put("candor", "js", pinned.as_bytes())?,
        glue: shelf.put("glue", "js", tools.minify(&glue, Text::Module)?.as_bytes())?,
        wasm: shelf.put("candor", "wasm", &module.wasm)?,
        locales,
        files,
        files_locales,
        mine,
        mine_locales,
        capture,
    };
    fs::write(fresh.path().join(&manifest.loader), &loader)?;
    fs::write(fresh.path().join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    swap(fresh, &place.assets())?;
    step.done();
    Ok(manifest)
}

/// What shows visitors their own data, and its words.
fn mine(widget: &Path, tools: &Tools, shelf: &mut Shelf<'_>) -> Result<(Asset, BTreeMap<String, Asset>)> {
    let folder = widget.join("mine");
    let locales: BTreeMap<String, Asset> = locale::read_all(&folder.join("locales"))?
        .iter()
        .map(|(tag, text)| Ok((tag.clone(), shelf.put(&format!("mine-{tag}"), "json", text.as_bytes())?)))
        .collect::<Result<_>>()?;
    let css = tools.minify(&read(&folder.join("mine.css"))?, Text::Style)?;
    let code = put_in(
        tools.bundle(&folder.join("mine.js"), &[], &[])?,
        &[
            ("__CANDOR_CSS__", json(&css)?),
            ("__CANDOR_LOCALES__", json(&locales)?),
            ("__CANDOR_PANEL__", json(&locale::places(&widget.join("locales"), is_borrowed)?)?),
        ],
    )?;
    Ok((shelf.put("mine", "js", tools.minify(&code, Text::Module)?.as_bytes())?, locales))
}

/// Does `mine` say this text of the panel's, too?
fn is_borrowed(key: &str) -> bool {
    ["kind_", "fact_", "purpose_"].iter().any(|prefix| key.starts_with(prefix))
        || ["close", "retry", "rating_of", "message", "name", "email"].contains(&key)
}

/// What the module for files has to know of what the collector takes: the protocol's own numbers.
fn limits() -> Result<String> {
    use candor_protocol::{PICTURE_TYPES, limits};
    json(&serde_json::json!({
        "types": PICTURE_TYPES,
        "picture": limits::PICTURE_BYTES_MAX,
        "attachment": limits::ATTACHMENT_BYTES_MAX,
        "files": limits::FILES_MAX,
        "name": limits::FILE_NAME_CHARS_MAX,
    }))
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<String> {
    Ok(serde_json::to_string(value)?)
}

/// Puts each value in its token's place.
///
/// # Errors
/// A token does not occur exactly once.
fn put_in(mut text: String, values: &[(&str, String)]) -> Result<String> {
    for (token, value) in values {
        match text.matches(token).count() {
            1 => text = text.replace(token, value),
            n => bail!("{token} occurs {n} times, not once"),
        }
    }
    Ok(text)
}

/// Reads the manifest of an earlier build.
pub(crate) fn manifest(place: &Place) -> Result<Manifest> {
    let file = place.assets().join("manifest.json");
    let text = fs::read(&file).with_context(|| format!("{}: run `cargo xtask build`", file.display()))?;
    Ok(serde_json::from_slice(&text)?)
}

/// The loader template with something in the token's place.
///
/// # Errors
/// The token does not occur exactly once: then the collector could not fill it either.
pub(crate) fn fill(loader: &str, settings: &str) -> Result<String> {
    match loader.matches(SETTINGS_TOKEN).count() {
        1 => Ok(loader.replace(SETTINGS_TOKEN, settings)),
        n => bail!("the loader contains {SETTINGS_TOKEN} {n} times, not once"),
    }
}

/// Brotli at its best: what a browser downloads.
pub(crate) fn brotli(bytes: &[u8]) -> Result<Vec<u8>> {
    let params = brotli::enc::BrotliEncoderParams {
        quality: 11,
        size_hint: bytes.len(),
        ..brotli::enc::BrotliEncoderParams::default()
    };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &params)?;
    Ok(packed)
}

/// Gzip at its best, for clients without brotli.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

struct Shelf<'a> {
    folder: &'a Path,
}

impl Shelf<'_> {
    /// Writes a file under its hashed name, with its compressed forms beside it.
    fn put(&mut self, stem: &str, extension: &str, bytes: &[u8]) -> Result<Asset> {
        let file = format!("{stem}-{}.{extension}", hash::short(bytes));
        fs::write(self.folder.join(&file), bytes)?;
        fs::write(self.folder.join(format!("{file}.br")), brotli(bytes)?)?;
        fs::write(self.folder.join(format!("{file}.gz")), gzip(bytes)?)?;
        Ok(Asset { file, integrity: hash::integrity(bytes) })
    }
}

/// Renames, so that a collector that is just reading sees the old folder or the new one.
fn swap(fresh: tempfile::TempDir, folder: &Path) -> Result<()> {
    let fresh = fresh.keep();
    // tempfile makes folders for the owner alone; these are served, and may be copied into an image.
    #[cfg(unix)]
    fs::set_permissions(&fresh, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let old: PathBuf = folder.with_extension("old");
    if folder.exists() {
        fs::remove_dir_all(&old).ok();
        fs::rename(folder, &old)?;
    }
    fs::rename(&fresh, folder)?;
    fs::remove_dir_all(&old).ok();
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| file.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_must_occur_exactly_once() {
        assert_eq!(fill("f(__CANDOR_SETTINGS__)", "null").unwrap(), "f(null)");
        assert!(fill("f()", "null").is_err());
        assert!(fill("__CANDOR_SETTINGS__,__CANDOR_SETTINGS__", "null").is_err());
    }

    #[test]
    fn compressed_forms_open_to_the_same_bytes() {
        let bytes = b"candour, candour, candour".repeat(40);
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &brotli(&bytes).unwrap()[..], &mut plain).unwrap();
        assert_eq!(plain, bytes);
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzip(&bytes).unwrap()[..]), &mut plain)
            .unwrap();
        assert_eq!(plain, bytes);
    }

    #[test]
    fn a_shelved_file_is_named_by_its_hash_and_has_both_compressed_forms() {
        let folder = tempfile::tempdir().unwrap();
        let asset = Shelf { folder: folder.path() }.put("glue", "js", b"let a").unwrap();
        assert_eq!(asset.file, format!("glue-{}.js", hash::short(b"let a")));
        for suffix in ["", ".br", ".gz"] {
            assert!(folder.path().join(format!("{}{suffix}", asset.file)).is_file(), "{suffix}");
        }
    }
}
