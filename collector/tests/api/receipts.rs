//! Receipts that can be checked: by the visitor, by anybody with the published keys, offline.

use candor_collector::receipt::{self, JwkSet, NotGenuine};
use serde_json::{Value, json};

use crate::harness::{Answer, Collector};

async fn keys(collector: &Collector) -> JwkSet {
    let answer = collector.get("/.well-known/candor-receipt-keys.json", &[]).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/jwk-set+json")));
    serde_json::from_slice(&answer.body).unwrap()
}

async fn paste(collector: &Collector, text: &str) -> Answer {
    let letters = text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let kind = [("Content-Type", "application/x-www-form-urlencoded")];
    collector.post("/receipt", &kind, format!("receipt={letters}").as_bytes()).await
}

fn signed(receipt: &Value) -> &str {
    receipt["signed"].as_str().expect("a receipt is signed")
}

#[tokio::test]
async fn receipt_is_signed_alike_for_a_retry_and_after_a_restart() {
    let collector = Collector::start().await;
    let receipt = collector.submit(&collector.submission(1)).await.json();
    let said = receipt::verify(signed(&receipt), &keys(&collector).await).unwrap();
    assert_eq!(said.receipt_id.to_string(), receipt["report"].as_str().unwrap());
    assert_eq!((said.controller.name.as_str(), said.policy_version), ("Shop", 1));
    assert_eq!(said.purposes.len(), 3);
    assert!(said.purposes.iter().all(|kept| kept.legal_basis == "consent" && !kept.data.is_empty()));
    assert_eq!(collector.submit(&collector.submission(1)).await.json(), receipt);
    let collector = collector.restart().await;
    let again = collector.submit(&collector.submission(1)).await;
    assert_eq!((again.status, again.json()), (200, receipt));
}

#[tokio::test]
async fn receipt_names_nobody() {
    let collector = Collector::start().await;
    let receipt = collector.submit(&collector.submission(1)).await.json();
    let said = receipt::verify(signed(&receipt), &keys(&collector).await).unwrap();
    let said = serde_json::to_string(&said).unwrap();
    for personal in ["Ada", "ada@mail", "basket", "8c5c1a0e"] {
        assert!(!said.contains(personal), "{personal} in {said}");
    }
}

#[tokio::test]
async fn old_receipts_hold_after_another_key_has_taken_over() {
    let collector = Collector::start().await;
    let first = collector.submit(&collector.submission(1)).await.json();
    collector.app.store.rotate_signer(collector.now()).await.unwrap();
    let second = collector.submit(&collector.submission(2)).await.json();
    let published = keys(&collector).await;
    assert_eq!(published.keys.len(), 2);
    for receipt in [&first, &second] {
        assert!(receipt::verify(signed(receipt), &published).is_ok());
    }
    let newest = JwkSet { keys: published.keys[..1].to_vec() };
    assert_eq!(receipt::verify(signed(&first), &newest), Err(NotGenuine::UnknownKey));
    // The master key seals the keys of receipts, too.
    collector.app.store.rotate_master(|_| {}).await.unwrap();
    let collector = collector.restart().await;
    let third = collector.submit(&collector.submission(3)).await.json();
    assert!(receipt::verify(signed(&third), &newest).is_ok());
}

#[tokio::test]
async fn page_tells_a_genuine_receipt_from_a_changed_one_and_from_words() {
    let collector = Collector::start().await;
    let receipt = collector.submit(&collector.submission(1)).await.json();
    for pasted in [signed(&receipt).to_owned(), receipt.to_string()] {
        let told = paste(&collector, &pasted).await;
        assert_eq!(told.status, 200, "{}", told.text());
        assert!(told.text().contains("This receipt is genuine") && told.text().contains("Shop"));
        assert!(told.header("content-security-policy").unwrap().starts_with("default-src 'none'"));
        assert_eq!(told.header("cache-control"), Some("no-store"));
    }
    // In the visitor's language, and with a date that stays in one piece among words that run from the right.
    let form = format!("receipt={}", signed(&receipt));
    let sent = [("Content-Type", "application/x-www-form-urlencoded")];
    let told = collector.post("/receipt?lang=ar", &sent, form.as_bytes()).await.text();
    assert!(told.contains("dir=\"rtl\"") && told.contains("هذا الإيصال أصلي"), "{told}");
    assert!(told.contains("\u{2066}2027-11-"), "{told}");
    let other = Collector::start().await;
    other.submit(&other.submission(1)).await;
    let mut changed = signed(&receipt).to_owned();
    let at = changed.find('.').unwrap() + 20;
    changed.replace_range(at..=at, if changed.as_bytes()[at] == b'A' { "B" } else { "A" });
    for (pasted, why) in [
        (changed.as_str(), "changed after it was signed"),
        ("<script>alert(1)</script>", "no signed receipt"),
        ("", "no signed receipt"),
        (&json!({ "signed": 7 }).to_string(), "no signed receipt"),
    ] {
        let told = paste(&collector, pasted).await;
        assert_eq!(told.status, 422, "{pasted}");
        assert!(told.text().contains(why) && !told.text().contains("<script"), "{}", told.text());
    }
    let elsewhere = paste(&other, signed(&receipt)).await;
    assert!(elsewhere.text().contains("was not signed here"), "{}", elsewhere.text());
    assert!(paste(&collector, &"x".repeat(100_000)).await.status >= 400);
    assert_eq!(collector.get("/receipt", &[]).await.status, 200);
}
