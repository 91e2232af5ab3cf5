//! What is no file to keep: its own code, nothing kept, one outcome, and the words stay.

use super::*;

#[tokio::test]
async fn every_bad_head_has_its_code() {
    let collector = taking_files().await;
    collector.add_site("Other", "https://other.example").await;
    let submission = granting(&collector, 1);
    let receipt = collector.submit(&submission).await;
    let picture = png(20, 10);
    let good = || Put::picture(&submission, &picture);
    let text = || Put::text(&submission, b"text");
    let own = submission["id"].as_str().unwrap().to_uppercase();
    let other = "0e37df36-f698-4e3c-8a4b-2b9d1a0f7777".to_owned();
    let cases: Vec<(&str, &str, Put<'_>)> = vec![
        ("no bearer", "unauthorized", Put { reporter: None, ..good() }),
        ("bearer that is no id", "unauthorized", Put { reporter: Some("me"), ..good() }),
        ("another reporter", "not-found", Put { reporter: Some(&other), ..good() }),
        ("another submission", "not-found", Put { submission: other.clone(), ..good() }),
        ("submission that is no id", "not-found", Put { submission: "1".into(), ..good() }),
        ("no purpose", "invalid", Put { query: "", ..good() }),
        ("unknown purpose", "invalid", Put { query: "purpose=fun", ..good() }),
        ("purpose without files", "invalid", Put { query: "purpose=message", ..good() }),
        ("name with a slash", "invalid", Put { name: "a%2Fb.png", ..good() }),
        ("hidden name", "invalid", Put { name: ".png", ..good() }),
        ("name that is no UTF-8", "invalid", Put { name: "%ff.png", ..good() }),
        ("no content type", "unsupported-media", Put { media_type: None, ..good() }),
        ("picture that runs", "unsupported-media", Put { media_type: Some("image/svg+xml"), ..good() }),
        ("page as picture", "unsupported-media", Put { media_type: Some("text/html"), ..good() }),
        ("type off the list", "unsupported-media", Put { media_type: Some("application/zip"), ..text() }),
        ("no digest", "invalid", Put { digest: None, ..good() }),
        ("digest that is none", "invalid", Put { digest: Some("sha-256=:AAAA:".into()), ..good() }),
        ("digest of other bytes", "invalid", Put { digest: Some(digest(b"other")), ..good() }),
        ("no origin", "origin-refused", Put { origin: None, ..good() }),
        ("foreign origin", "origin-refused", Put { origin: Some("https://evil.example"), ..good() }),
        ("another site's origin", "not-found", Put { origin: Some("https://other.example"), ..good() }),
    ];
    for (name, code, put) in cases {
        check(&collector, name, code, async || put.send(&collector).await).await;
    }
    let mismatch = Put { digest: Some(digest(b"other")), ..good() }.send(&collector).await;
    assert_eq!(mismatch.json()["field"], "repr-digest");
    let stranger = Put { reporter: Some(&other), ..good() }.send(&collector).await;
    let nothing = Put { submission: other.clone(), ..good() }.send(&collector).await;
    assert_eq!((stranger.status, stranger.text()), (nothing.status, nothing.text()), "no oracle");
    assert_eq!(
        collector.submit(&submission).await.json(),
        receipt.json(),
        "the words are stored all the while"
    );
    let spelled = Put { submission: own, media_type: Some("Image/PNG; x=y"), ..good() };
    assert_eq!(spelled.send(&collector).await.status, 201, "and then a good one is");
}

#[tokio::test]
async fn every_bad_body_has_its_code() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let picture = png(300, 200);
    let mut bomb = png(1, 1);
    bomb[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    let page = b"<!doctype html><script>alert(1)</script>";
    let (large, huge) = (vec![b'x'; 50_001], vec![0; 4 * 1024 * 1024 + 1]);
    let as_jpeg = Put { media_type: Some("image/jpeg"), ..Put::picture(&submission, &picture) };
    let cases: Vec<(&str, &str, Put<'_>)> = vec![
        ("nothing", "picture-invalid", Put::picture(&submission, b"")),
        ("page under a picture's name", "picture-invalid", Put::picture(&submission, page)),
        ("picture of another type", "picture-invalid", as_jpeg),
        ("half a picture", "picture-invalid", Put::picture(&submission, &picture[..picture.len() / 2])),
        ("10 GB of pixels", "picture-invalid", Put::picture(&submission, &bomb)),
        ("large attachment", "too-large", Put::text(&submission, &large)),
        ("large picture", "too-large", Put::picture(&submission, &huge)),
    ];
    for (name, code, put) in cases {
        check(&collector, name, code, async || put.send(&collector).await).await;
    }
    let good = Put::picture(&submission, &picture);
    check(&collector, "cut off by the sender", "invalid", async || {
        exchange(collector.address, &good.head(picture.len() + 100), &picture).await
    })
    .await;
    check(&collector, "announced as endless", "too-large", async || {
        exchange(collector.address, &good.head(usize::MAX / 4), &picture).await
    })
    .await;
    let unannounced = good.head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    check(&collector, "large without saying so", "too-large", async || {
        let chunk = [format!("{:x}\r\n", huge.len()).as_bytes(), &huge, b"\r\n0\r\n\r\n"].concat();
        exchange(collector.address, &unannounced, &chunk).await
    })
    .await;
    assert_eq!(good.send(&collector).await.status, 201);
}

#[tokio::test]
async fn what_was_not_granted_or_is_not_asked_for_is_refused() {
    let collector = Collector::start().await;
    let bare = collector.submission(1);
    collector.submit(&bare).await;
    let picture = png(4, 4);
    let off = Put::text(&bare, b"text");
    let answer =
        check(&collector, "no attachments here", "purpose-off", async || off.send(&collector).await).await;
    assert_eq!(answer.json()["purposes"], json!(["attachment"]));
    take_files(&collector).await;
    let mut words_only = collector.submission(2);
    words_only["consent"]["policy"] = json!(2);
    collector.submit(&words_only).await;
    for (name, put, purpose) in [
        ("sent before it was asked for", Put::picture(&bare, &picture), "picture"),
        ("picture without consent", Put::picture(&words_only, &picture), "picture"),
        ("attachment without consent", Put::text(&words_only, b"text"), "attachment"),
    ] {
        let answer = check(&collector, name, "consent-missing", async || put.send(&collector).await).await;
        assert_eq!(answer.json()["purposes"], json!([purpose]));
    }
}

#[tokio::test]
async fn closed_site_takes_no_file_but_knows_what_it_took() {
    let collector = taking_files().await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let picture = png(4, 4);
    let first = Put::picture(&submission, &picture).send(&collector).await;
    let change = SiteChange { closed_at: Some(Some(collector.now())), ..SiteChange::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let new = Put::text(&submission, b"text");
    check(&collector, "closed site", "site-closed", async || new.send(&collector).await).await;
    let again = Put::picture(&submission, &picture).send(&collector).await;
    assert_eq!((again.status, again.json()), (200, first.json()));
}

#[tokio::test]
async fn flood_of_files_is_told_when_to_come_back_and_leaves_words_alone() {
    let rate = candor_collector::rate::Rate { per_minute: 6, burst: 1 };
    let collector = Collector::with(|settings| settings.file_rate = rate).await;
    take_files(&collector).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    assert_eq!(Put::text(&submission, b"a").send(&collector).await.status, 201);
    let refused = Put::text(&submission, b"a").send(&collector).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("10")));
    assert_eq!(collector.submit(&granting(&collector, 2)).await.status, 201);
}

#[tokio::test]
async fn half_a_file_and_then_silence_times_out() {
    let collector = Collector::with(|settings| settings.body_timeout = Duration::from_millis(30)).await;
    take_files(&collector).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let put = Put::text(&submission, b"text");
    check(&collector, "half a body, then silence", "timeout", async || {
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        stream.write_all(put.head(1000).as_bytes()).await.unwrap();
        stream.write_all(b"half").await.unwrap();
        answer(&mut stream).await
    })
    .await;
}

#[tokio::test]
async fn client_that_sends_too_many_at_once_is_held_back_and_others_are_not() {
    let collector = Collector::with(|settings| {
        settings.client_header = Some("x-forwarded-for".parse().unwrap());
    })
    .await;
    take_files(&collector).await;
    let submission = granting(&collector, 1);
    collector.submit(&submission).await;
    let put = Put::text(&submission, b"text");
    let from = |address: &str, length| {
        let head = put.head(length);
        head.replace("\r\n\r\n", &format!("\r\nX-Forwarded-For: {address}\r\n\r\n"))
    };
    let mut slow = Vec::new();
    let refused = loop {
        let mut stream = TcpStream::connect(collector.address).await.unwrap();
        stream.write_all(from("203.0.113.7", 40_000).as_bytes()).await.unwrap();
        slow.push(stream);
        let whole = exchange(collector.address, &from("203.0.113.7", 4), b"text").await;
        if whole.status != 201 && whole.status != 200 {
            break whole;
        }
        assert!(slow.len() < 50, "there is no end to it");
    };
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("5")), "{}", refused.text());
    assert_eq!(exchange(collector.address, &from("203.0.113.8", 4), b"text").await.status, 200);
    drop(slow);
}
