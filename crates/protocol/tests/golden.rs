//! Every JSON that ever travelled under v1 is still read, and written back the same.

use std::{fmt::Debug, fs, path::PathBuf};

use candor_protocol::{
    LinkRequest, LinkSession, Mine, Problem, PublicSite, Receipt, RightsAnswer, StoredFile, Submission,
};
use serde::{Serialize, de::DeserializeOwned};

/// For what widgets read leniently: all that is written back stands so in the file; the file may hold more, from an
/// older or a newer collector.
fn contained_after_a_round_trip<T: DeserializeOwned + Serialize + Debug>(text: &str) -> Result<(), String> {
    let read: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    let golden: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if is_contained(&written, &golden) { Ok(()) } else { Err(format!("written back as {written:#}")) }
}

fn is_contained(part: &serde_json::Value, whole: &serde_json::Value) -> bool {
    match (part, whole) {
        (serde_json::Value::Object(part), serde_json::Value::Object(whole)) => {
            part.iter().all(|(key, value)| whole.get(key).is_some_and(|same| is_contained(value, same)))
        }
        _ => part == whole,
    }
}

fn same_after_a_round_trip<T: DeserializeOwned + Serialize + Debug>(text: &str) -> Result<(), String> {
    let read: T = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let written = serde_json::to_value(&read).map_err(|error| error.to_string())?;
    let golden: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if written == golden { Ok(()) } else { Err(format!("written back as {written:#}")) }
}

#[test]
fn golden_files_are_read_and_written_back_the_same() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/v1");
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let outcome = match name.split('-').next().unwrap() {
            // The first of them lists languages, which have moved into the glue since.
            "site" if name == "site" => contained_after_a_round_trip::<PublicSite>(&text),
            "site" => same_after_a_round_trip::<PublicSite>(&text),
            "submission" => same_after_a_round_trip::<Submission>(&text),
            "receipt" => same_after_a_round_trip::<Receipt>(&text),
            "mine" => same_after_a_round_trip::<Mine>(&text),
            "rights" => same_after_a_round_trip::<RightsAnswer>(&text),
            "link" if name == "link-request" => same_after_a_round_trip::<LinkRequest>(&text),
            "link" => same_after_a_round_trip::<LinkSession>(&text),
            "file" => same_after_a_round_trip::<StoredFile>(&text),
            "problem" => same_after_a_round_trip::<Problem>(&text),
            other => Err(format!("no type is known for {other}")),
        };
        assert_eq!(outcome, Ok(()), "{name}");
        seen += 1;
    }
    assert!(seen >= 6, "the golden files are missing");
}

#[test]
fn unknown_field_is_refused() {
    let text =
        include_str!("../golden/v1/submission-minimal.json").replace("\"kind\"", "\"mood\": 1, \"kind\"");
    assert!(serde_json::from_str::<Submission>(&text).is_err());
}
