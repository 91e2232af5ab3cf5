//! What must be served, said as simply as it can be.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use candor_protocol::{Correction, Kept, Policy, Purpose, Receipt, Timestamp};
use candor_rules::{Content, Part};
use uuid::Uuid;

/// What a visitor typed, from which the submission can be made again.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) number: u8,
    pub(super) who: usize,
    pub(super) site: usize,
    pub(super) contact: bool,
    pub(super) browser: bool,
    pub(super) files: bool,
    /// The policy that was shown.
    pub(super) policy: Policy,
}

impl Sent {
    /// What was agreed to.
    pub(super) fn given(&self) -> Vec<Purpose> {
        let mut given = vec![Purpose::Message];
        given.extend(self.contact.then_some(Purpose::Contact));
        given.extend(self.browser.then_some(Purpose::Browser));
        given.extend(self.files.then_some([Purpose::Picture, Purpose::Attachment]).into_iter().flatten());
        given
    }
}

#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) kept: Kept,
    pub(super) plain: Bytes,
}

/// A report as it must be.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) sent: Sent,
    pub(super) receipt: Receipt,
    pub(super) until: Timestamp,
    pub(super) granted: Vec<Kept>,
    pub(super) parts: BTreeMap<Purpose, Part>,
    pub(super) files: BTreeMap<String, File>,
    pub(super) withdrawn: BTreeSet<Purpose>,
    /// What of it was erased because it was taken back.
    pub(super) taken_back: BTreeSet<Purpose>,
    /// The how manieth of its visitor's keys it lies under.
    pub(super) generation: u32,
    /// Purposes whose key was not destroyed.
    pub(super) keys: BTreeSet<Purpose>,
    pub(super) is_erased: bool,
    pub(super) is_restricted: bool,
    pub(super) is_held: bool,
}

impl Report {
    pub(super) fn id(&self) -> Uuid {
        self.receipt.report
    }

    /// Whether its visitor sees it.
    pub(super) fn is_own(&self, who: usize, now: Timestamp) -> bool {
        self.sent.who == who && !self.is_erased && self.until > now
    }

    /// Whether members see it.
    pub(super) fn is_seen(&self, now: Timestamp) -> bool {
        !self.is_erased && !self.is_restricted && self.until > now
    }

    /// Whether a hold keeps what was taken back.
    pub(super) fn keeps_withdrawn(&self) -> bool {
        let mut held = self.parts.keys().copied().chain(self.files.values().map(|file| file.kept.purpose));
        self.is_held && held.any(|purpose| self.withdrawn.contains(&purpose))
    }

    /// Nothing may last longer than so many days: not what is there, and not what comes later.
    pub(super) fn shorten(&mut self, purpose: Purpose, days: u16) {
        let most = self.receipt.stored_at.plus_days(days);
        let parts = self.parts.values_mut().map(|part| &mut part.kept);
        let kept = parts.chain(self.files.values_mut().map(|file| &mut file.kept)).chain(&mut self.granted);
        kept.filter(|kept| kept.purpose == purpose).for_each(|kept| kept.until = kept.until.min(most));
    }

    /// A report lasts as long as the last thing that it holds.
    pub(super) fn end_with_content(&mut self) {
        let parts = self.parts.values().map(|part| part.kept.until);
        let held = parts.chain(self.files.values().map(|file| file.kept.until));
        self.until = self.until.min(held.fold(self.receipt.stored_at, Timestamp::max));
    }

    /// The words that may stay when nobody is named any more.
    pub(super) fn bare_words(&self) -> Option<(String, Timestamp)> {
        let part = self.parts.get(&Purpose::Message).filter(|_| !self.is_restricted)?;
        match &part.content {
            Content::Message { text, .. } => Some((text.clone(), part.kept.until)),
            _ => None,
        }
    }

    pub(super) fn erase(&mut self) {
        self.parts.clear();
        self.files.clear();
        self.granted.clear();
        self.is_erased = true;
        (self.is_restricted, self.is_held) = (false, false);
    }

    pub(super) fn take_back(&mut self, purpose: Purpose) {
        self.taken_back.insert(purpose);
        self.parts.remove(&purpose);
        self.files.retain(|_, file| file.kept.purpose != purpose);
        self.granted.retain(|kept| kept.purpose != purpose);
        self.receipt.kept.retain(|kept| kept.purpose != purpose);
    }

    pub(super) fn correct(&mut self, correction: &Correction, now: Timestamp) {
        for part in self.parts.values_mut().filter(|part| part.kept.until > now) {
            match (&mut part.content, correction) {
                (Content::Message { text, .. }, Correction { message: Some(words), .. }) => {
                    text.clone_from(words)
                }
                (Content::Contact(contact), Correction { contact: Some(other), .. }) => {
                    (contact.name, contact.email) = (other.name.clone(), other.email.clone());
                }
                _ => {}
            }
        }
    }
}

/// A site, as its owner has set it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) policy: Policy,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) keeps_messages: bool,
    /// Whether messages are made anonymous at their date.
    pub(super) is_anonymous_at_end: bool,
}

impl Site {
    /// Days in which a closing can be undone.
    pub(super) const GRACE_DAYS: u16 = 2;

    /// Whether its visitors are to be forgotten.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.closed_at.is_some_and(|closed_at| closed_at.plus_days(Self::GRACE_DAYS) <= now)
    }
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) reports: Vec<Report>,
    pub(super) sites: Vec<Site>,
    /// Words that are nobody's any more, by site.
    pub(super) anonymous: BTreeSet<(usize, String)>,
    /// By site, visitor and purpose.
    pub(super) objections: BTreeSet<(usize, usize, Purpose)>,
    /// Reports that a sweep has taken, as they last were.
    pub(super) swept: BTreeMap<Uuid, Report>,
    /// How often the key of a visitor on a site was destroyed.
    pub(super) destroyed: BTreeMap<(usize, usize), u32>,
    /// How often a visitor on a site got another key, since their first or their last was destroyed.
    pub(super) generations: BTreeMap<(usize, usize), u32>,
    /// What open requests want put right.
    pub(super) wanted: BTreeMap<Uuid, Correction>,
}

impl Model {
    pub(super) fn theirs(&mut self, who: usize, site: usize) -> impl Iterator<Item = &mut Report> {
        self.reports
            .iter_mut()
            .filter(move |report| report.sent.who == who && report.sent.site == site && !report.is_erased)
    }

    /// How manieth the key of a visitor on a site is.
    pub(super) fn generation(&self, whose: (usize, usize)) -> u32 {
        self.generations.get(&whose).copied().unwrap_or_default()
    }

    /// Purposes of reports are to be unreadable for good. Their visitor gets another key, if there was one to destroy.
    pub(super) fn destroy(&mut self, (site, who): (usize, usize), gone: &[(Uuid, Purpose)]) {
        let mut is_any = false;
        for report in self.theirs(who, site) {
            let id = report.id();
            for (_, purpose) in gone.iter().filter(|(of, _)| *of == id) {
                is_any |= report.keys.remove(purpose);
            }
        }
        if is_any {
            *self.generations.entry((site, who)).or_default() += 1;
        }
    }

    /// Nobody has a key any more.
    pub(super) fn destroy_all(&mut self, whose: (usize, usize)) {
        *self.destroyed.entry(whose).or_default() += 1;
        self.generations.remove(&whose);
    }

    /// What must be there once a backup of back then was put back today.
    pub(super) fn restored(&self, then: &Self) -> Self {
        let reports = then.reports.iter().map(|report| {
            let mut report = report.clone();
            let here = self.reports.iter().find(|here| here.id() == report.id());
            let latest = here.or_else(|| self.swept.get(&report.id())).unwrap_or(&report).clone();
            let whose = (report.sent.site, report.sent.who);
            let is_keyless = self.destroyed.get(&whose) != then.destroyed.get(&whose);
            (report.is_restricted, report.is_held) =
                here.map_or((false, false), |here| (here.is_restricted, here.is_held));
            report.withdrawn.extend(&latest.withdrawn);
            report.granted.retain(|kept| !latest.withdrawn.contains(&kept.purpose));
            latest.taken_back.iter().for_each(|purpose| report.take_back(*purpose));
            report.keys.clone_from(&latest.keys);
            // Whoever had gone by date when the key was exchanged, or went later, left no key behind.
            let is_lost = here.is_none() && report.generation != self.generation(whose);
            if latest.is_erased || is_keyless || is_lost {
                report.erase();
            }
            report
        });
        // Keys are put back for whoever has something in the backup.
        let has_any = |(site, who): (usize, usize)| {
            then.reports
                .iter()
                .any(|report| report.sent.site == site && report.sent.who == who && !report.is_erased)
        };
        let generations = self.generations.clone().into_iter().filter(|(whose, _)| has_any(*whose));
        Self {
            generations: generations.collect(),
            reports: reports.collect(),
            wanted: then.wanted.clone(),
            sites: then.sites.clone(),
            anonymous: then.anonymous.clone(),
            ..self.clone()
        }
    }

    pub(super) fn report(&mut self, id: Uuid) -> Option<&mut Report> {
        self.reports.iter_mut().find(|report| report.id() == id)
    }
}
