//! Puts the widget's files into the binary when `CANDOR_ASSETS` names their folder, as a release build does.

use std::{env, fmt::Write as _, fs, path::PathBuf};

fn main() {
    println!("cargo::rerun-if-env-changed=CANDOR_ASSETS");
    println!("cargo::rerun-if-changed=migrations");
    let mut list = String::from("&[\n");
    if let Some(folder) = env::var_os("CANDOR_ASSETS") {
        let folder = fs::canonicalize(&folder).expect("CANDOR_ASSETS names a folder");
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("CANDOR_ASSETS can be read")
            .map(|entry| entry.expect("CANDOR_ASSETS can be read").path())
            .filter(|path| path.is_file())
            .collect();
        files.sort();
        for file in files {
            let name = file.file_name().expect("a file has a name").to_string_lossy().into_owned();
            let path = file.to_string_lossy().into_owned();
            writeln!(list, "    ({name:?}, include_bytes!({path:?})),").expect("writing to a string");
        }
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("embedded.rs"), list).expect("OUT_DIR can be written");
}
