//! A database's server of a test's own: how the line to it is guarded, and what happens when it is started anew.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

use crate::{
    cluster::{self, Cluster},
    program::{Demo, candor, says},
};

/// A server that listens on the loopback.
struct Server {
    cluster: Cluster,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        Self { cluster: Cluster::start("-c listen_addresses=127.0.0.1", port), port }
    }

    /// Its address by one of this machine's names.
    fn address(&self, host: &str) -> String {
        format!("postgres://candor@{host}:{}/postgres", self.port)
    }

    /// Does what an operator does there.
    fn run(&self, sql: &str) {
        let folder = self.cluster.folder.to_str().unwrap().replace('/', "%2F");
        cluster::run(&format!("postgres://candor@{folder}:{}/postgres", self.port), sql);
    }

    /// Stops it, which cuts all lines, and starts it again.
    fn restart(&self) {
        let mut restart = cluster::command(&self.cluster.folder, "pg_ctl");
        restart.args(["restart", "-s", "-w", "-m", "fast", "-D", "data", "-l", "log"]);
        assert!(restart.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    }

    /// Gives it a certificate and its key; all lines from now on are under it.
    fn certify(&self, (certificate, key): &(String, String)) {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data(name);
            let _ = fs::remove_file(&path);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            cluster::give(&path);
        }
        self.run("ALTER SYSTEM SET ssl = on");
        self.restart();
    }

    fn data(&self, name: &str) -> PathBuf {
        self.cluster.folder.join("data").join(name)
    }
}

/// An authority of our own.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a host, valid until the end of that year, and its key.
fn certificate(of: &CertifiedIssuer<'static, KeyPair>, host: &str, until: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    params.not_after = date_time_ymd(until, 12, 31);
    (params.signed_by(&key, of).unwrap().pem(), key.serialize_pem())
}

#[test]
fn line_to_the_database_is_as_safe_as_its_address_asks() {
    let (server, ours, another) = (Server::start(), authority(), authority());
    let folder = tempfile::tempdir().unwrap();
    // Both keys.
    says(&folder, &["site", "list"]);
    let root = |name: &str, of: &CertifiedIssuer<'static, KeyPair>| {
        let path = folder.path().join(name);
        fs::write(&path, of.pem()).unwrap();
        format!("sslrootcert={}", path.display())
    };
    let (ours_root, another_root) = (root("ours.pem", &ours), root("another.pem", &another));
    let list = |host: &str, query: &str| {
        let mut command = candor(folder.path());
        command.args(["site", "list"]).env("CANDOR_DATABASE", format!("{}?{query}", server.address(host)));
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let works = |host: &str, query: &str| {
        let (is_done, said) = list(host, query);
        assert!(is_done, "{host} {query}: {said}");
    };
    let fails = |host: &str, query: &str, why: &str| {
        let (is_done, said) = list(host, query);
        assert!(!is_done && said.contains(why), "{host} {query}: {said}");
    };

    // It has no certificate yet.
    works("localhost", "sslmode=disable");
    works("localhost", "sslmode=prefer");
    fails("localhost", "sslmode=require", "the server speaks no TLS");
    fails("localhost", &format!("sslmode=verify-full&{ours_root}"), "the server speaks no TLS");

    // From now on it lets nobody in who does not talk in secret.
    fs::write(
        server.data("pg_hba.conf"),
        "local all all trust\nhostssl all all 127.0.0.1/32 trust\nhostnossl all all all reject\n",
    )
    .unwrap();
    server.certify(&certificate(&ours, "localhost", 2099));
    fails("localhost", "sslmode=disable", "28000");
    for query in ["", "sslmode=prefer"] {
        works("localhost", query);
        works("127.0.0.1", query);
    }
    for mode in ["require", "verify-full"] {
        works("localhost", &format!("sslmode={mode}&{ours_root}"));
        for (host, root, why) in [
            ("localhost", "application_name=x", "no authority that is trusted vouches for the server"),
            ("localhost", &another_root, "no authority that is trusted vouches for the server"),
            ("127.0.0.1", &ours_root, "the server's certificate is for another host"),
        ] {
            fails(host, &format!("sslmode={mode}&{root}"), why);
        }
    }
    fails("localhost", "sslmode=verify-ca", "sslmode is disable, prefer, require or verify-full");
    fails("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem", "sslrootcert: /nowhere.pem");

    server.certify(&certificate(&ours, "localhost", 2020));
    fails("localhost", &format!("sslmode=verify-full&{ours_root}"), "has expired");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_requests_after_the_database_was_started_anew_are_answered() {
    let (server, folder) = (Server::start(), tempfile::tempdir().unwrap());
    says(&folder, &["site", "list"]);
    let demo = Demo::start_with(folder.path(), &["--database", &server.address("127.0.0.1")]);
    let sent = demo.submit("Kept").await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let reads = || async {
        let (a, b, c, d) = tokio::join!(demo.mine(), demo.mine(), demo.mine(), demo.mine());
        for answer in [a, b, c, d] {
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.json()["reports"].as_array().unwrap().len(), 1);
        }
    };
    reads().await;
    server.restart();
    reads().await;
    server.restart();
    assert_eq!(demo.submit("Kept").await.status, 200, "the same again");
    reads().await;
}
