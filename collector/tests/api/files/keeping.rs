//! Blobs and the rows that name them: neither without the other for long, whatever happens in between.

use super::*;

#[tokio::test]
async fn expired_file_goes_with_its_blob_and_its_report_after_it() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let picture = png(20, 10);
    Put::picture(&submission, &picture).send(&collector).await;
    collector.advance_days(90);
    let app = &collector.app;
    let due = app.store.due(collector.now()).await.unwrap();
    assert_eq!((due.parts[2], due.blobs), (1, 1));
    let swept = retention::sweep(&app.store, &app.blobs, &app.clock, |_| {}).await.unwrap();
    assert_eq!(swept, due, "the dry run tells what the sweep does");
    assert_eq!((collector.count("file"), blobs(&collector)), (0, 0));
    assert_eq!(collector.count("report"), 1);
}

#[tokio::test]
async fn the_same_picture_lies_sealed_for_each_report_and_goes_with_it() {
    let collector = taking_files().await;
    let (first, second) = (granting(&collector, 1), granting(&collector, 2));
    let picture = png(4, 4);
    for submission in [&first, &second] {
        collector.submit(submission).await;
        assert_eq!(Put::picture(submission, &picture).send(&collector).await.status, 201);
        collector.advance_days(10);
    }
    assert_eq!((collector.count("file"), blobs(&collector)), (2, 2));
    collector.advance_days(70);
    sweep(&collector).await;
    assert_eq!((collector.count("file"), blobs(&collector)), (1, 1));
    collector.advance_days(10);
    sweep(&collector).await;
    assert_eq!((collector.count("file"), blobs(&collector)), (0, 0));
}

#[tokio::test]
async fn blob_that_never_got_its_row_is_taken_after_an_hour_and_not_before() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    Put::text(&submission, b"named").send(&collector).await;
    let stray = collector.app.blobs.keep(Bytes::from_static(b"killed before the row")).await.unwrap();
    let late = Put { name: "b.txt", ..Put::text(&submission, b"wanted after all") };
    assert_eq!(late.send(&collector).await.status, 201);
    // As if its row had not been written yet.
    collector.sql(
        "CREATE TABLE late AS SELECT * FROM file WHERE name = 'b.txt'; DELETE FROM file WHERE name = 'b.txt'",
    );
    sweep(&collector).await;
    collector.advance_ms(3_599_999);
    sweep(&collector).await;
    assert!(collector.app.blobs.has(stray).await.unwrap(), "somebody may be about to write its row");
    assert_eq!(blobs(&collector), 3);
    collector.sql("INSERT INTO file SELECT * FROM late");
    collector.advance_ms(1);
    sweep(&collector).await;
    assert!(!collector.app.blobs.has(stray).await.unwrap());
    assert_eq!(blobs(&collector), 2, "a row names the late one now");
}

#[tokio::test]
async fn file_whose_bytes_are_just_being_taken_away_waits_and_is_written_anew() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let app = &collector.app;
    let put = Put::text(&submission, b"text");
    put.send(&collector).await;
    let blob = names(&collector).await[0];
    collector.sql("DELETE FROM file");
    app.store.note_blobs(vec![blob], collector.now()).await.unwrap();
    assert_eq!(app.store.claim_blobs(collector.now(), 10).await.unwrap(), [blob]);
    assert_eq!(app.store.claim_blobs(collector.now(), 10).await.unwrap(), [], "one sweep has it in hand");
    let refused = check_busy(&collector, &put).await;
    assert!(refused.comes_back_soon());
    let (answer, ()) = tokio::join!(put.send(&collector), async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        app.blobs.remove(blob).await.unwrap();
        app.store.give_up_blobs(vec![blob]).await.unwrap();
    });
    assert_eq!(answer.status, 201);
    assert!(app.blobs.has(blob).await.unwrap());
}

async fn check_busy(collector: &Collector, put: &Put<'_>) -> Answer {
    check(collector, "bytes that are being taken away", "unavailable", async || put.send(collector).await)
        .await
}

#[tokio::test]
async fn claim_of_a_sweep_that_was_killed_ends_by_itself() {
    let collector = taking_files().await;
    let app = &collector.app;
    let blob = app.blobs.keep(Bytes::from_static(b"text")).await.unwrap();
    app.store.note_blobs(vec![blob], collector.now()).await.unwrap();
    assert_eq!(app.store.claim_blobs(collector.now(), 10).await.unwrap(), [blob]);
    collector.advance_ms(10 * 60_000);
    sweep(&collector).await;
    assert_eq!((blobs(&collector), collector.count("loose_blob")), (0, 0));
}

#[tokio::test]
async fn blobs_that_are_away_cost_no_words_and_come_back_by_themselves() {
    let collector = taking_files().await;
    if collector.bucket.is_some() {
        // `elsewhere` has the same for a bucket.
        return;
    }
    let (submission, picture) = (granting(&collector, 1), png(4, 4));
    let (here, away) = (collector.folder.path().join("blobs"), collector.folder.path().join("away"));
    std::fs::rename(&here, &away).unwrap();
    std::fs::write(&here, b"not a folder").unwrap();
    assert_eq!(collector.submit(&submission).await.status, 201);
    let put = Put::picture(&submission, &picture);
    let refused = put.send(&collector).await;
    assert_eq!((refused.status, refused.comes_back_soon()), (503, true), "{}", refused.text());
    assert_eq!(refused.json()["code"], "unavailable");
    std::fs::remove_file(&here).unwrap();
    std::fs::rename(&away, &here).unwrap();
    assert_eq!(put.send(&collector).await.status, 201);
}

#[tokio::test]
async fn file_that_lost_its_bytes_gets_them_back_from_a_retry() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let put = Put::text(&submission, b"text");
    let first = put.send(&collector).await;
    let blob = names(&collector).await[0];
    collector.app.blobs.remove(blob).await.unwrap();
    let again = put.send(&collector).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert!(collector.app.blobs.has(blob).await.unwrap());
}
