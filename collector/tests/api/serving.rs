//! What browsers fetch, and who may read it.

use serde_json::Value;

use crate::harness::{Collector, PAGE};

#[tokio::test]
async fn loader_carries_the_settings_of_its_site() {
    let collector = Collector::start().await;
    let path = format!("/s/{}/candor.js", collector.site);
    let loader = collector.get(&path, &[]).await;
    assert_eq!(loader.status, 200);
    assert_eq!(loader.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(loader.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(loader.header("cross-origin-resource-policy"), Some("cross-origin"));
    let text = loader.text();
    let settings: Value =
        serde_json::from_str(text.strip_prefix("start(").unwrap().strip_suffix(')').unwrap()).unwrap();
    assert_eq!(settings["site"], collector.site.to_string());
    assert_eq!(settings["assets"]["glue"]["file"], "glue-1f.js");
    assert_eq!(settings["assets"].as_object().unwrap().len(), 2, "each hash more is paid by every page");

    let packed = collector.get(&path, &[("Accept-Encoding", "gzip, br")]).await;
    assert_eq!(
        (packed.header("content-encoding"), packed.header("vary")),
        (Some("br"), Some("Accept-Encoding"))
    );
    let tag = packed.header("etag").unwrap().to_owned();
    let known = collector.get(&path, &[("Accept-Encoding", "gzip, br"), ("If-None-Match", &tag)]).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(collector.get("/s/nonsense/candor.js", &[]).await.json()["code"], "unknown-site");
}

#[tokio::test]
async fn changed_site_changes_its_loader() {
    let collector = Collector::start().await;
    let path = format!("/s/{}/candor.js", collector.site);
    assert!(collector.get(&path, &[]).await.text().contains("\"Shop\""));
    let change =
        candor_collector::store::SiteChange { name: Some("A </script> B".into()), ..Default::default() };
    collector.app.store.change_site(collector.site, change, collector.now()).await.unwrap();
    let text = collector.get(&path, &[]).await.text();
    assert!(text.contains("A \\u003c/script> B") && !text.contains("</script"), "{text}");
}

#[tokio::test]
async fn assets_are_served_packed_and_for_ever() {
    let collector = Collector::start().await;
    let get = async |accept: &str| collector.get("/assets/glue-1f.js", &[("Accept-Encoding", accept)]).await;
    assert_eq!(get("gzip, br").await.text(), "(brotli)");
    assert_eq!(get("br;q=0.2, gzip;q=0.8").await.text(), "(gzip)");
    assert_eq!(get("br;q=0, gzip;q=0").await.text(), "export default 1");
    assert_eq!(collector.get("/candor-0f.js", &[]).await.status, 200, "the pinned tag names it at the root");
    assert_eq!(collector.get("/glue-1f.js", &[]).await.status, 404);
    let wasm = collector.get("/assets/candor-2f.wasm", &[("Origin", "https://anybody.example")]).await;
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    assert_eq!(wasm.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(wasm.header("access-control-allow-origin"), Some("*"));
    for name in ["loader.js", "manifest.json", "glue-1f.js.br", "..%2f..%2fetc%2fpasswd", "none.js"] {
        assert_eq!(collector.get(&format!("/assets/{name}"), &[]).await.status, 404, "{name}");
    }
}

#[tokio::test]
async fn settings_are_for_the_sites_own_pages() {
    let collector = Collector::start().await;
    collector.add_site("Other", "https://other.example").await;
    let path = format!("/v1/sites/{}", collector.site);
    let own = collector.get(&path, &[("Origin", PAGE)]).await;
    assert_eq!((own.status, own.header("access-control-allow-origin")), (200, Some(PAGE)));
    assert!(own.headers.iter().any(|(name, value)| name == "vary" && value == "Origin"));
    let tag = own.header("etag").unwrap().to_owned();
    assert_eq!(collector.get(&path, &[("Origin", PAGE), ("If-None-Match", &tag)]).await.status, 304);
    let other = collector.get(&path, &[("Origin", "https://other.example")]).await;
    assert_eq!((other.status, other.json()["code"].as_str()), (403, Some("origin-refused")));
    let foreign = collector.get(&path, &[("Origin", "https://evil.example")]).await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (403, None));
}

#[tokio::test]
async fn preflight_is_answered_only_for_known_origins() {
    let collector = Collector::start().await;
    let ask = async |origin: &str| {
        let headers = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
        let head = crate::harness::head("OPTIONS", "/v1/submissions", &headers, None);
        crate::harness::exchange(collector.address, &head, b"").await
    };
    let yes = ask(PAGE).await;
    assert_eq!((yes.status, yes.header("access-control-allow-origin")), (204, Some(PAGE)));
    assert_eq!(
        yes.header("access-control-allow-headers"),
        Some("Authorization, Content-Type, If-None-Match, Repr-Digest")
    );
    assert_eq!(yes.header("access-control-allow-methods"), Some("DELETE, GET, PATCH, POST, PUT"));
    let no = ask("https://evil.example").await;
    assert_eq!((no.status, no.header("access-control-allow-origin")), (403, None));
}

#[tokio::test]
async fn operators_see_that_it_lives_and_stores() {
    let collector =
        Collector::with(|settings| settings.security_contact = Some("mailto:s@shop.example".into())).await;
    assert_eq!(collector.get("/healthz", &[]).await.text(), "ok\n");
    assert_eq!(collector.get("/readyz", &[]).await.text(), "ready\n");
    let metrics = collector.get("/metrics", &[]).await.text();
    assert!(metrics.contains("candor_submissions_total{outcome=\"storage-full\"} 0"), "{metrics}");
    assert!(
        collector
            .get("/.well-known/security.txt", &[])
            .await
            .text()
            .starts_with("Contact: mailto:s@shop.example\n")
    );
    let document = collector.get("/openapi.json", &[]).await.json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let real = path.replace("{site}", &collector.site.to_string()).replace("{file}", "glue-1f.js");
        for method in methods.as_object().unwrap().keys() {
            let head = crate::harness::head(&method.to_uppercase(), &real, &[], Some(0));
            let answer = crate::harness::exchange(collector.address, &head, b"").await;
            assert_ne!(answer.status, 404, "{method} {path} is described and must be there");
        }
    }
    let missing = collector.get("/nowhere", &[]).await;
    assert_eq!((missing.status, missing.json()["code"].as_str()), (404, Some("not-found")));
}
