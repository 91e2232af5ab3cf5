//! Files that a visitor takes along: an archive names what it holds, whatever is erased while it is made.

use std::io::Read as _;

use candor_collector::{audit::Actor, export::Archive, store::ReporterHash};

use super::*;

/// What an archive says of each report, oldest first, and every file in it.
fn unpacked(zip: &[u8]) -> (Vec<Value>, Vec<(String, Vec<u8>)>) {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut files: Vec<_> = names
        .into_iter()
        .map(|name| {
            let mut bytes = Vec::new();
            archive.by_name(&name).unwrap().read_to_end(&mut bytes).unwrap();
            (name, bytes)
        })
        .collect();
    files.sort();
    let document = files.iter().position(|(name, _)| name == "my-feedback.json").unwrap();
    let mut document: Value = serde_json::from_slice(&files.swap_remove(document).1).unwrap();
    files.retain(|(name, _)| name != "README.txt");
    files.sort();
    let mut reports = std::mem::take(document["reports"].as_array_mut().unwrap());
    reports.reverse();
    (reports, files)
}

/// Whether an archive holds exactly the files that it names, each with these bytes.
fn is_whole((reports, files): &(Vec<Value>, Vec<(String, Vec<u8>)>), bytes: &[u8]) -> bool {
    let named = reports.iter().flat_map(|report| {
        let of = report["report"].as_str().unwrap();
        let names = report["files"].as_array().into_iter().flatten();
        names.map(move |file| format!("{of}/{}", file["name"].as_str().unwrap()))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named.iter().eq(files.iter().map(|(name, _)| name)) && files.iter().all(|(_, file)| file == bytes)
}

/// Two reports with a file each; their ids, the older first.
async fn two_with_files(collector: &Collector, bytes: &[u8]) -> [String; 2] {
    let mut ids = [String::new(), String::new()];
    for (number, id) in (1..).zip(&mut ids) {
        let submission = granting(collector, number);
        // Ids are in the order of their milliseconds.
        collector.advance_ms(1);
        *id = collector.submit(&submission).await.json()["report"].as_str().unwrap().to_owned();
        assert_eq!(Put::text(&submission, bytes).send(collector).await.status, 201);
    }
    ids
}

#[tokio::test]
async fn what_is_erased_between_the_rows_and_the_files_of_an_export_is_in_neither() {
    let collector = taking_files().await;
    let [first, second] = two_with_files(&collector, b"log").await;
    let app = &collector.app;
    let who = ReporterHash::of(REPORTER.parse().unwrap(), &app.key);
    let own = async || {
        let by = Actor::Visitor(who.pseudonym());
        app.store.own(who, by, collector.now()).await.unwrap()
    };
    let (before, mut archive) = (own().await, Archive::default());
    assert_eq!(before.reports.len(), 2);
    let erased = collector.me(REPORTER, "DELETE", &format!("/reports/{first}"), None).await;
    assert_eq!(erased.json(), json!({ "reports": 1 }));
    assert!(archive.of(&app.store, &app.blobs, before, collector.now()).await.unwrap().is_none());
    let zip = archive.of(&app.store, &app.blobs, own().await, collector.now()).await.unwrap().unwrap();
    let archive = unpacked(&zip);
    assert!(is_whole(&archive, b"log"), "{archive:?}");
    let ids: Vec<_> = archive.0.iter().map(|report| report["report"].as_str().unwrap()).collect();
    assert_eq!(ids, [second.as_str()]);
}

#[tokio::test]
async fn file_that_is_lost_does_not_keep_the_rest_from_being_taken_along() {
    let collector = taking_files().await;
    two_with_files(&collector, b"log").await;
    let lost = names(&collector).await[0];
    collector.app.blobs.remove(lost).await.unwrap();
    let answer = collector.me(REPORTER, "GET", "/export", None).await;
    let archive = unpacked(&answer.body);
    assert!(is_whole(&archive, b"log"), "{archive:?}");
    assert_eq!((answer.status, archive.0.len(), archive.1.len()), (200, 2, 1));
}

#[tokio::test]
async fn export_beside_an_erasure_is_of_before_or_of_after_it() {
    let collector = taking_files().await;
    let bytes = vec![b'x'; 40_000];
    for round in 0..8 {
        let submission = granting(&collector, 10 + round);
        assert_eq!(collector.submit(&submission).await.status, 201);
        assert_eq!(Put::text(&submission, &bytes).send(&collector).await.status, 201);
        let exports = join_all((0..3).map(|_| collector.me(REPORTER, "GET", "/export", None)));
        let (exports, erased) = tokio::join!(exports, collector.me(REPORTER, "DELETE", "", None));
        assert_eq!((erased.status, erased.json()), (200, json!({ "reports": 1 })));
        for answer in exports {
            assert_eq!(answer.status, 200, "{}", answer.text());
            let archive = unpacked(&answer.body);
            assert!(is_whole(&archive, &bytes), "{:?}", archive.0);
            assert_eq!(archive.0.len(), archive.1.len());
        }
        // What is asked for after the erasure was answered has nothing of it.
        let after = collector.me(REPORTER, "GET", "/export", None).await;
        assert_eq!(unpacked(&after.body), (vec![], vec![]));
    }
}
