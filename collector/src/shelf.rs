//! The widget's files: read once, kept in memory, served as they are.

use std::{
    collections::{BTreeMap, HashMap},
    fs, io,
    path::Path,
};

use axum::body::Bytes;
use candor_protocol::{Asset, Assets};
use serde::Deserialize;

use crate::http::Encoded;

/// The token in the loader that a site's public settings take the place of.
pub const SETTINGS_TOKEN: &str = "__CANDOR_SETTINGS__";
/// The list of what is what, in the folder of the files.
const MANIFEST_FILE: &str = "manifest.json";

static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Everything that browsers fetch which is the same for all sites.
#[derive(Debug)]
pub struct Shelf {
    files: HashMap<String, File>,
    loader: String,
    pinned: Asset,
    assets: Assets,
}

/// One file, in all its forms.
#[derive(Debug)]
pub struct File {
    /// Its bytes and their compressed forms.
    pub encoded: Encoded,
    /// Its content type.
    pub media_type: &'static str,
}

/// Why there is no shelf.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// The program was built without files, and nobody said where they are.
    #[error(
        "there are no widget files in this program: build them with `cargo xtask build` and name their folder with --assets"
    )]
    Missing,
    /// A file cannot be read.
    #[error("{0}: {1} (`cargo xtask build` makes the widget's files)")]
    Unreadable(String, io::Error),
    /// The list is not what it should be.
    #[error("{MANIFEST_FILE}: {0}")]
    Manifest(serde_json::Error),
    /// The list names a file that is not there.
    #[error("{MANIFEST_FILE} names {0}, which is not there")]
    Absent(String),
    /// The loader has no place for the settings.
    #[error("{0} does not contain {SETTINGS_TOKEN} exactly once")]
    Token(String),
}

#[derive(Deserialize)]
struct Manifest {
    loader: String,
    pinned: Asset,
    glue: Asset,
    wasm: Asset,
    locales: BTreeMap<String, Asset>,
    files: Option<Asset>,
    files_locales: Option<BTreeMap<String, Asset>>,
    mine: Option<Asset>,
    mine_locales: Option<BTreeMap<String, Asset>>,
    capture: Option<Pair>,
}

#[derive(Deserialize)]
struct Pair {
    glue: Asset,
    wasm: Asset,
}

impl Shelf {
    /// The files of `folder`; without one, those that were built into the program.
    ///
    /// # Errors
    /// There are none, or they do not fit together.
    pub fn open(folder: Option<&Path>) -> Result<Self, ShelfError> {
        match folder {
            Some(folder) => Self::new(read(folder)?),
            None if EMBEDDED.is_empty() => Err(ShelfError::Missing),
            None => Self::new(
                EMBEDDED
                    .iter()
                    .map(|(name, bytes)| ((*name).to_owned(), Bytes::from_static(bytes)))
                    .collect(),
            ),
        }
    }

    /// A shelf of these files, by name.
    ///
    /// # Errors
    /// They do not fit together.
    pub fn new(mut bytes: HashMap<String, Bytes>) -> Result<Self, ShelfError> {
        let absent = |name: &str| ShelfError::Absent(name.to_owned());
        let manifest = bytes.remove(MANIFEST_FILE).ok_or_else(|| absent(MANIFEST_FILE))?;
        let manifest: Manifest = serde_json::from_slice(&manifest).map_err(ShelfError::Manifest)?;
        let loader = bytes.remove(&manifest.loader).ok_or_else(|| absent(&manifest.loader))?;
        let loader = String::from_utf8_lossy(&loader).into_owned();
        if loader.matches(SETTINGS_TOKEN).count() != 1 {
            return Err(ShelfError::Token(manifest.loader));
        }
        let capture = manifest.capture.iter().flat_map(|pair| [&pair.glue, &pair.wasm]);
        let named = [&manifest.pinned, &manifest.glue, &manifest.wasm].into_iter();
        let locales = [&manifest.files_locales, &manifest.mine_locales];
        let locales = locales.into_iter().flatten().flat_map(BTreeMap::values);
        let later = manifest.files.iter().chain(&manifest.mine).chain(locales);
        for asset in named.chain(manifest.locales.values()).chain(later).chain(capture) {
            if !bytes.contains_key(&asset.file) {
                return Err(absent(&asset.file));
            }
        }
        let is_packed = |name: &str| [".br", ".gz"].iter().any(|suffix| name.ends_with(suffix));
        let names: Vec<String> = bytes.keys().filter(|name| !is_packed(name)).cloned().collect();
        let mut files = HashMap::new();
        for name in names {
            let Some(plain) = bytes.remove(&name) else { continue };
            let brotli = bytes.remove(&format!("{name}.br"));
            let gzip = bytes.remove(&format!("{name}.gz"));
            let encoded = Encoded::new(plain, brotli, gzip);
            files.insert(name.clone(), File { encoded, media_type: media_type(&name) });
        }
        let Manifest { pinned, glue, wasm, .. } = manifest;
        Ok(Self { files, loader, pinned, assets: Assets { glue, wasm } })
    }

    /// The file with this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&File> {
        self.files.get(name)
    }

    /// The loader with `settings`, a JSON text, in its place.
    #[must_use]
    pub fn loader(&self, settings: &str) -> String {
        self.loader.replacen(SETTINGS_TOKEN, &inlined(settings), 1)
    }

    /// The loader without settings, under a name that changes with its bytes.
    #[must_use]
    pub const fn pinned(&self) -> &Asset {
        &self.pinned
    }

    /// The program, for a site's public settings.
    #[must_use]
    pub const fn assets(&self) -> &Assets {
        &self.assets
    }
}

/// JSON that may stand in a script, wherever that script ends up: it cannot end an element or a line.
fn inlined(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn read(folder: &Path) -> Result<HashMap<String, Bytes>, ShelfError> {
    let unreadable = |path: &Path, error| ShelfError::Unreadable(path.display().to_string(), error);
    let mut files = HashMap::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name().and_then(|name| name.to_str())) {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, error))?;
            files.insert(name.to_owned(), bytes.into());
        }
    }
    Ok(files)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> HashMap<String, Bytes> {
        let manifest = r#"{"loader":"loader.js","pinned":{"file":"p.js","integrity":"i"},"glue":{"file":"g.js","integrity":"i"},
            "wasm":{"file":"w.wasm","integrity":"i"},"locales":{"en":{"file":"en.json","integrity":"i"}},"capture":null}"#;
        let texts = [
            (MANIFEST_FILE, manifest),
            ("loader.js", "start(__CANDOR_SETTINGS__)"),
            ("p.js", ""),
            ("g.js", ""),
            ("w.wasm", ""),
            ("en.json", "{}"),
        ];
        texts.map(|(name, text)| (name.to_owned(), Bytes::from_static(text.as_bytes()))).into()
    }

    #[test]
    fn settings_cannot_break_out_of_the_loader() {
        let shelf = Shelf::new(files()).unwrap();
        let script = shelf.loader("{\"name\":\"</script><!--\u{2028}\u{2029}\"}");
        assert_eq!(script, r#"start({"name":"\u003c/script>\u003c!--\u2028\u2029"})"#);
    }

    #[test]
    fn shelf_that_lacks_a_file_is_refused() {
        for name in ["p.js", "g.js", "w.wasm", "en.json", "loader.js", MANIFEST_FILE] {
            let mut files = files();
            files.remove(name);
            assert!(
                matches!(Shelf::new(files), Err(ShelfError::Absent(missing)) if missing == name),
                "{name}"
            );
        }
        let mut files = files();
        files.insert("loader.js".into(), Bytes::from_static(b"start()"));
        assert!(matches!(Shelf::new(files), Err(ShelfError::Token(_))));
    }
}
