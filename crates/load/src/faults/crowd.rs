//! The visitors. They behave as the widget's do: who gets no answer sends the same submission again.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use bytes::Bytes;
use tokio::{task::JoinSet, time::Instant};
use uuid::Uuid;

use crate::{
    client::{Answer, Client},
    visitor::{Picture, Template, Visitor},
};

/// What the visitors were told.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) reports: Vec<Uuid>,
    pub(super) pictures: Vec<Uuid>,
    pub(super) refused: BTreeMap<String, usize>,
    /// Where it is sent to: in turn.
    pub(super) addresses: Vec<SocketAddr>,
}

/// What a visitor sends.
enum Sent {
    Report(Bytes),
    Picture(Visitor, Picture),
}

impl Sent {
    async fn through(&self, client: &mut Client) -> Result<Answer> {
        match self {
            Self::Report(report) => client.report(report.clone()).await,
            Self::Picture(visitor, picture) => client.picture(*visitor, picture).await,
        }
    }
}

/// The visitors.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    record: Arc<Mutex<Record>>,
    goes_home: Arc<AtomicBool>,
}

impl Crowd {
    pub(super) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_told(&self) -> usize {
        self.record().reports.len()
    }

    /// Lets `count` visitors at a time send, each with a picture after every fourth report.
    pub(super) fn come(&self, count: usize, template: &Template, picture: &Picture) -> JoinSet<()> {
        self.goes_home.store(false, Ordering::Relaxed);
        let mut visitors = JoinSet::new();
        for number in 0..count {
            let (crowd, template, picture) = (self.clone(), template.clone(), picture.clone());
            visitors.spawn(async move {
                let mut turn = number;
                while !crowd.goes_home.load(Ordering::Relaxed) {
                    turn += 1;
                    crowd.visit(number, &template, (turn % 4 == 0).then_some(&picture)).await;
                }
            });
        }
        visitors
    }

    /// Sends until it is stored, or everybody goes home.
    async fn visit(&self, number: usize, template: &Template, picture: Option<&Picture>) {
        let visitor = Visitor::fresh();
        let report = template.fill(visitor);
        if !self.insist(number, &Sent::Report(report)).await {
            return;
        }
        self.record().reports.push(visitor.submission);
        let Some(picture) = picture else { return };
        if self.insist(number, &Sent::Picture(visitor, picture.clone())).await {
            self.record().pictures.push(visitor.submission);
        }
    }

    async fn insist(&self, number: usize, sent: &Sent) -> bool {
        let mut turn = number;
        while !self.goes_home.load(Ordering::Relaxed) {
            turn += 1;
            let address = {
                let addresses = &self.record().addresses;
                addresses.get(turn % addresses.len().max(1)).copied()
            };
            if let Some(address) = address {
                let mut client = Client::new(address, number);
                if let Ok(Ok(answer)) =
                    tokio::time::timeout(Duration::from_secs(20), sent.through(&mut client)).await
                {
                    if answer.status.is_success() {
                        return true;
                    }
                    *self.record().refused.entry(answer.code()).or_default() += 1;
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    pub(super) async fn leave(&self, mut visitors: JoinSet<()>) {
        self.goes_home.store(true, Ordering::Relaxed);
        while visitors.join_next().await.is_some() {}
    }

    /// Waits until somebody was told "stored" who was not before.
    pub(super) async fn wait_for_more(&self) -> Result<()> {
        let before = self.is_told();
        let until = Instant::now() + Duration::from_secs(60);
        while self.is_told() <= before {
            ensure!(Instant::now() < until, "nothing is stored within a minute: {:?}", self.record().refused);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }
}
