//! Three collectors behind a real balancer, under load, of which one after the other is killed and comes back.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet};

use super::{NODES, Nodes, balancer::Balancer, reporter_id};
use crate::{
    cluster,
    harness::{Answer, PAGE, PASSWORD, answer, head},
    inbox::{FORM, HERE},
    program::address,
};

/// Collectors behind a balancer, and everybody who uses them at the same time.
struct Crowd {
    balancer: Balancer,
    nodes: Nodes,
    /// The version of the policy that visitors were told last.
    policy: AtomicI64,
    acknowledged: AtomicU32,
    goes_home: AtomicBool,
    /// What a visitor or member was answered that they should not have been.
    complaints: Mutex<Vec<String>>,
}

impl Crowd {
    async fn start() -> Arc<Self> {
        Self::with(Nodes::start().await)
    }

    fn with(nodes: Nodes) -> Arc<Self> {
        let addresses: Vec<SocketAddr> = nodes.running.iter().map(|(_, origin)| address(origin)).collect();
        let balancer = Balancer::start(nodes.folder.path(), &addresses);
        Arc::new(Self {
            nodes,
            balancer,
            policy: AtomicI64::new(1),
            acknowledged: AtomicU32::new(0),
            goes_home: AtomicBool::new(false),
            complaints: Mutex::default(),
        })
    }

    /// Asks the balancer. It takes a half-closed connection for a visitor who has gone, so ours stays open.
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.balancer.address).await.unwrap();
        let head = head(method, path, headers, Some(body.len()));
        stream.write_all((head + body).as_bytes()).await.unwrap();
        answer(&mut stream).await
    }

    fn complain(&self, of: &str, answer: &Answer) {
        self.complaints.lock().unwrap().push(format!("{of}: {} {}", answer.status, answer.text()));
    }

    /// Sends one report under the terms given; what it was answered, or `None` where there are newer terms by now.
    async fn submit(&self, id: u32, reporter: u32, policy: i64) -> Option<(u16, Value)> {
        let mut body = self.nodes.submission(id, reporter);
        body["consent"]["policy"] = policy.into();
        let headers = [("Origin", PAGE), ("Content-Type", "application/json")];
        let answer = self.ask("POST", "/v1/submissions", &headers, &body.to_string()).await;
        if matches!(answer.status, 200 | 201) {
            return Some((answer.status, answer.json()["number"].clone()));
        }
        match answer.json()["policy"]["version"].as_i64() {
            Some(told) if told > policy => drop(self.policy.fetch_max(told, Ordering::SeqCst)),
            _ => self.complain("sends", &answer),
        }
        None
    }

    /// Sends reports, every fourth of them twice at the same moment, until it is time to go; the ids of what is stored.
    async fn visit(self: Arc<Self>, worker: u32) -> Vec<u32> {
        let mut kept = Vec::new();
        let mut id = worker * 100_000;
        while !self.goes_home.load(Ordering::SeqCst) {
            id += 1;
            let policy = self.policy.load(Ordering::SeqCst);
            let send = || self.submit(id, id % 50, policy);
            let is_stored = if id.is_multiple_of(4) {
                let (one, other) = tokio::join!(send(), send());
                if let (Some(one), Some(other)) = (&one, &other) {
                    assert!(one.1 == other.1, "two receipts for one submission: {one:?} {other:?}");
                    assert!((one.0, other.0) != (201, 201), "one submission was new twice");
                }
                one.or(other).is_some()
            } else {
                send().await.is_some()
            };
            if is_stored {
                kept.push(id);
                self.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        }
        kept
    }

    /// Erases all of a visitor and sends anew, again and again: their key is destroyed and made, on whichever node.
    async fn waver(self: Arc<Self>) -> u32 {
        let (mut tried, mut sent) = (0, 0);
        while !self.goes_home.load(Ordering::SeqCst) {
            let bearer = format!("Bearer {}", reporter_id(999));
            let headers = [("Origin", PAGE), ("Authorization", &*bearer)];
            tried += 1;
            let policy = self.policy.load(Ordering::SeqCst);
            sent += u32::from(self.submit(90_000_000 + tried, 999, policy).await.is_some());
            let erased = self.ask("DELETE", "/v1/me", &headers, "").await;
            match erased.status {
                200 | 204 => {}
                // Nobody erases that often; this one hears so and waits.
                429 => tokio::time::sleep(Duration::from_millis(500)).await,
                _ => self.complain("erases", &erased),
            }
        }
        sent
    }

    /// Reads reports in the inbox, each of which is a row of the audit log.
    async fn read(self: Arc<Self>, cookie: String) -> u32 {
        let mut read = 0;
        let cookie = [("Cookie", &*cookie)];
        while !self.goes_home.load(Ordering::SeqCst) {
            let list = self.ask("GET", "/inbox", &cookie, "").await;
            if list.status != 200 {
                self.complain("opens the inbox", &list);
                continue;
            }
            let text = list.text();
            let Some(at) = text.find("/inbox/reports/") else { continue };
            let path = text[at..].split('"').next().unwrap();
            let report = self.ask("GET", path, &cookie, "").await;
            // It may have been erased since.
            if !matches!(report.status, 200 | 404) {
                self.complain("opens a report", &report);
            }
            read += u32::from(report.status == 200);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        read
    }

    async fn sign_in(&self) -> String {
        let body = format!("email=m@shop.example&password={}", PASSWORD.replace(' ', "+"));
        let answer = self.ask("POST", "/inbox/sign-in", &[HERE, FORM], &body).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    /// Waits until so many more reports are acknowledged.
    async fn until(&self, more: u32) {
        let goal = self.acknowledged.load(Ordering::SeqCst) + more;
        while self.acknowledged.load(Ordering::SeqCst) < goal && self.complaints.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behind_a_balancer_nobody_notices_that_nodes_are_killed_and_come_back() {
    let crowd = Crowd::start().await;
    // What has reached its date by the time that the sweeps come.
    for id in 0..40 {
        assert_eq!(crowd.submit(id, 500 + id, 1).await.unwrap().0, 201);
    }
    cluster::run(&crowd.nodes.database, "UPDATE part SET until = 1; UPDATE report SET until = 1");
    let cookie = crowd.sign_in().await;
    let mut visitors = JoinSet::new();
    for worker in 1..=4 {
        visitors.spawn(Arc::clone(&crowd).visit(worker));
    }
    let wavers = tokio::spawn(Arc::clone(&crowd).waver());
    let member = tokio::spawn(Arc::clone(&crowd).read(cookie));

    for node in 0..NODES {
        crowd.until(20).await;
        crowd.nodes.kill(node);
        crowd.until(20).await;
        // Meanwhile an operator does what operators do.
        let nodes = Arc::clone(&crowd);
        let days = (20 + node).to_string();
        tokio::task::spawn_blocking(move || {
            nodes.nodes.says(&["site", "set", "--days", &format!("message={days}")]);
        })
        .await
        .unwrap();
        let sweeps: Vec<_> = (0..NODES)
            .map(|_| {
                let mut sweep = crowd.nodes.command(&["sweep", "--json"]);
                sweep.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        crowd.nodes.revive(node);
        while crowd.nodes.figure(node, "candor_submissions_total").await == 0 {
            crowd.until(1).await;
        }
        let mut swept = 0;
        for sweep in sweeps {
            let output = tokio::task::spawn_blocking(|| sweep.wait_with_output().unwrap()).await.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            swept +=
                serde_json::from_slice::<Value>(&output.stdout).unwrap()["rows"]["report"].as_i64().unwrap();
        }
        let due = if node == 0 { 40 } else { 0 };
        // The collectors' own sweeps run as they begin, and the one that has come back may have been first.
        assert!(swept <= due, "{swept} were swept");
    }
    crowd.goes_home.store(true, Ordering::SeqCst);
    let mut kept = HashSet::new();
    while let Some(of_one) = visitors.join_next().await {
        kept.extend(of_one.unwrap());
    }
    let (sent, read) = (wavers.await.unwrap(), member.await.unwrap());
    assert_eq!(*crowd.complaints.lock().unwrap(), [""; 0]);
    assert!(sent > 5 && read > 5, "{sent} sent, {read} read");
    assert_eq!(crowd.policy.load(Ordering::SeqCst), 4, "every change has reached the visitors");
    let stored = crowd.nodes.count("report");
    assert_eq!(stored, i64::try_from(kept.len()).unwrap() + i64::from(sent), "acknowledged is stored, once");
    crowd.nodes.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_nodes_together_let_through_what_one_would() {
    let crowd = Crowd::with(Nodes::with(vec!["--client-rate", "30"]).await);
    for node in 0..NODES {
        while crowd.nodes.figure(node, "candor_collectors").await != 3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let mut answers = HashMap::<u16, u32>::new();
    for id in 0..60 {
        let body = crowd.nodes.submission(id, id).to_string();
        let headers = [("Origin", PAGE), ("Content-Type", "application/json")];
        let answer = crowd.ask("POST", "/v1/submissions", &headers, &body).await;
        *answers.entry(answer.status).or_default() += 1;
    }
    // Twenty at once, and one in two seconds more; by itself each of them would let twenty through, and all of these.
    let stored = answers[&201];
    assert!((15..45).contains(&stored) && stored + answers[&429] == 60, "{answers:?}");

    crowd.nodes.kill(0);
    // One that ends well says so.
    crowd.nodes.stop(1);
    while crowd.nodes.figure(2, "candor_collectors").await != 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    while crowd.nodes.count("node") != 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
