//! What became of each submission, counted once, and the other figures that operators watch.

use candor_protocol::Code;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

use crate::store::Due;

/// How a submission ended. Each ends in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is a report now, or part of one.
    Stored,
    /// It was already.
    Duplicate,
    /// It was refused, with this code, and nothing of it was kept.
    Refused(Code),
    /// The client went away before all of it had arrived.
    Gone,
}

impl Outcome {
    /// Every outcome there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let refused = Code::ALL.iter().copied().map(Self::Refused);
        [Self::Stored, Self::Duplicate, Self::Gone].into_iter().chain(refused)
    }

    /// The name in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Refused(code) => code.as_str(),
            Self::Gone => "gone",
        }
    }
}

/// The figures of one collector. None of them says anything about a person.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    submissions: Counters,
    files: Counters,
    swept: Counters,
    accept_seconds: Histogram,
    collectors: Gauge,
}

/// Counters of one kind, told apart by one label.
type Counters = Family<[(&'static str, &'static str); 1], Counter>;

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("candor");
        let (submissions, files) = (Counters::default(), Counters::default());
        for outcome in Outcome::all() {
            let _ = submissions.get_or_create(&[("outcome", outcome.as_str())]);
            let _ = files.get_or_create(&[("outcome", outcome.as_str())]);
        }
        let swept = Counters::default();
        for (of, _) in Due::default().named() {
            let _ = swept.get_or_create(&[("of", of)]);
        }
        let accept_seconds =
            Histogram::new([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]);
        registry.register("submissions", "Submissions by outcome", submissions.clone());
        registry.register("files", "Pictures and attachments by outcome", files.clone());
        registry.register(
            "swept_rows",
            "Rows, and blobs without a row, deleted because they had reached their date",
            swept.clone(),
        );
        registry.register_with_unit(
            "submission",
            "Time from a whole body to its answer",
            Unit::Seconds,
            accept_seconds.clone(),
        );
        let collectors = Gauge::default();
        collectors.set(1);
        registry.register("collectors", "Collectors that share the limits on rates", collectors.clone());
        Self { registry, submissions, files, swept, accept_seconds, collectors }
    }
}

impl Metrics {
    /// Begins a submission. Whatever happens to the guard, it is counted once.
    #[must_use]
    pub fn begin(&self) -> Pending {
        Pending { counters: self.submissions.clone(), what: "submission", settled: false }
    }

    /// Begins a file; the same holds for it.
    #[must_use]
    pub fn begin_file(&self) -> Pending {
        Pending { counters: self.files.clone(), what: "file", settled: false }
    }

    /// How many files have ended so.
    #[must_use]
    pub fn count_files(&self, outcome: Outcome) -> u64 {
        self.files.get_or_create(&[("outcome", outcome.as_str())]).get()
    }

    /// How many submissions have ended so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.submissions.get_or_create(&[("outcome", outcome.as_str())]).get()
    }

    /// Counts what a sweep has deleted.
    pub fn swept(&self, due: Due) {
        for (of, count) in due.named() {
            self.swept.get_or_create(&[("of", of)]).inc_by(count);
        }
    }

    /// Notes how long an answer took.
    pub fn accepted_in(&self, seconds: f64) {
        self.accept_seconds.observe(seconds);
    }

    /// Notes how many collectors share the limits.
    pub fn shared_by(&self, count: u32) {
        self.collectors.set(count.into());
    }

    /// All figures in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to a string cannot fail");
        text
    }
}

/// A submission, or a file, that has no outcome yet.
#[derive(Debug)]
pub struct Pending {
    counters: Counters,
    what: &'static str,
    settled: bool,
}

impl Pending {
    /// Ends it.
    pub fn settle(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: Outcome) {
        self.settled = true;
        self.counters.get_or_create(&[("outcome", outcome.as_str())]).inc();
        tracing::debug!(outcome = outcome.as_str(), "{}", self.what);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.settled {
            // Nobody settled it: the handler panicked, or its connection was closed under it.
            self.end(if std::thread::panicking() { Outcome::Refused(Code::Internal) } else { Outcome::Gone });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_there_before_it_happens() {
        let text = Metrics::default().text();
        for outcome in Outcome::all() {
            let line = format!("candor_submissions_total{{outcome=\"{}\"}} 0", outcome.as_str());
            assert!(text.contains(&line), "{line}");
        }
    }

    #[test]
    fn submission_that_nobody_settles_is_counted_as_gone() {
        let metrics = Metrics::default();
        metrics.begin().settle(Outcome::Stored);
        drop(metrics.begin());
        assert_eq!((metrics.count(Outcome::Stored), metrics.count(Outcome::Gone)), (1, 1));
    }
}
