//! The one door through which a submission becomes something that may be stored.

use alloc::{boxed::Box, string::String, vec::Vec};

use candor_protocol::{
    BrowserFacts, Code, Consent, Contact, Form, Kept, Kind, Need, Policy, Purpose, Rating, Submission,
    TextMap, Timestamp,
};
use uuid::Uuid;

use crate::{Refusal, validate};

/// What a submission is measured against.
#[derive(Clone, Copy, Debug)]
pub struct SiteTerms<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// What the site's form asks.
    pub form: &'a Form,
    /// Whether the request carried `Sec-GPC: 1`: then `browser` and `diagnostics` are required of nobody.
    pub gpc: bool,
}

/// What is held for one purpose.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// For [`Purpose::Message`].
    Message {
        /// The words; may be empty where there is a rating or a field.
        text: String,
        /// The owner's own fields.
        custom: TextMap,
        /// The language that the panel spoke.
        locale: Option<String>,
    },
    /// For [`Purpose::Contact`].
    Contact(Contact),
    /// For [`Purpose::Browser`].
    Browser(Box<BrowserFacts>),
}

/// One purpose's share of a report, and the moment from which it may not be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// What it is held for and until when.
    pub kept: Kept,
    /// What is held.
    pub content: Content,
}

/// A submission that the site's policy lets in. Only [`admit`] makes one, and the store takes nothing else.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    submission: Uuid,
    site: Uuid,
    reporter: Uuid,
    kind: Kind,
    rating: Option<Rating>,
    consent: Consent,
    received_at: Timestamp,
    parts: Vec<Part>,
    granted: Vec<Kept>,
}

impl Admitted {
    /// The id that the browser gave the submission.
    #[must_use]
    pub const fn submission(&self) -> Uuid {
        self.submission
    }

    /// The site that it is for.
    #[must_use]
    pub const fn site(&self) -> Uuid {
        self.site
    }

    /// The visitor's reporter id: a secret, to be kept only as a keyed hash.
    #[must_use]
    pub const fn reporter(&self) -> Uuid {
        self.reporter
    }

    /// What sort of thing it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The rating, if one was given. It is no personal data and stays as long as the report.
    #[must_use]
    pub const fn rating(&self) -> Option<Rating> {
        self.rating
    }

    /// What the visitor agreed to.
    #[must_use]
    pub const fn consent(&self) -> &Consent {
        &self.consent
    }

    /// When the collector admitted it.
    #[must_use]
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// What is to be kept, one part for each purpose that has data.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// What may be kept, for every granted purpose: also for those whose data comes later (files).
    #[must_use]
    pub fn granted(&self) -> &[Kept] {
        &self.granted
    }

    /// The moment from which nothing of the report may be left.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.parts.iter().map(|part| part.kept.until).max().unwrap_or(self.received_at)
    }
}

/// Decides whether `submission` may be stored, in what parts and until when.
///
/// Everything is checked before anything is taken: data for a purpose that was not granted refuses the whole
/// submission, it is not silently dropped.
///
/// # Errors
/// `invalid` and `too-large` for shape and size, `policy-changed` for an older policy version, `purpose-off` for
/// data that the site does not ask for, `consent-missing` for data without consent or a required purpose that was
/// not granted.
pub fn admit(submission: Submission, terms: SiteTerms<'_>, now: Timestamp) -> Result<Admitted, Refusal> {
    validate::shape(&submission, terms.form)?;
    agrees_with_policy(&submission.consent, terms.policy)?;
    let contact = submission.contact.filter(|contact| !contact.is_empty());
    let browser = submission.browser.filter(|facts| *facts != BrowserFacts::default());

    let contents = [
        Some((
            Purpose::Message,
            Content::Message {
                text: submission.message,
                custom: submission.custom,
                locale: submission.locale,
            },
        )),
        contact.map(|contact| (Purpose::Contact, Content::Contact(contact))),
        browser.map(|facts| (Purpose::Browser, Content::Browser(Box::new(facts)))),
    ];
    let contents: Vec<_> = contents.into_iter().flatten().collect();
    consents(&contents, &submission.consent, terms)?;

    let until = |purpose| terms.policy.terms(purpose).map(|terms| now.plus_days(terms.days));
    let kept = |purpose| until(purpose).map(|until| Kept { purpose, until });
    let parts = contents
        .into_iter()
        .filter_map(|(purpose, content)| kept(purpose).map(|kept| Part { kept, content }))
        .collect();
    let granted = Purpose::ALL
        .into_iter()
        .filter(|purpose| submission.consent.purposes.contains(purpose))
        .filter_map(kept)
        .collect();
    Ok(Admitted {
        submission: submission.id,
        site: submission.site,
        reporter: submission.reporter,
        kind: submission.kind,
        rating: submission.rating,
        consent: submission.consent,
        received_at: now,
        parts,
        granted,
    })
}

fn agrees_with_policy(consent: &Consent, policy: &Policy) -> Result<(), Refusal> {
    if consent.policy > policy.version || consent.policy == 0 {
        return Err(Refusal::field(Code::Invalid, "consent.policy", "a policy version that exists"));
    }
    if consent.policy < policy.version {
        return Err(Refusal {
            policy: Some(Box::new(policy.clone())),
            ..Refusal::field(Code::PolicyChanged, "consent.policy", "the version in force")
        });
    }
    Ok(())
}

/// Every purpose with data must be asked for and granted; every purpose that the site requires must be granted.
fn consents(contents: &[(Purpose, Content)], consent: &Consent, terms: SiteTerms<'_>) -> Result<(), Refusal> {
    let has_data = |purpose| contents.iter().any(|(with_data, _)| *with_data == purpose);
    let is_granted = |purpose| consent.purposes.contains(&purpose);
    let need = |purpose| terms.policy.terms(purpose).map_or(Need::Off, |terms| terms.need);
    let is_required =
        |purpose: Purpose| need(purpose) == Need::Required && !(terms.gpc && purpose.yields_to_gpc());

    let off: Vec<_> = Purpose::ALL
        .into_iter()
        .filter(|purpose| need(*purpose) == Need::Off && (has_data(*purpose) || is_granted(*purpose)))
        .collect();
    if !off.is_empty() {
        return Err(Refusal::purposes(Code::PurposeOff, off));
    }
    let missing: Vec<_> = Purpose::ALL
        .into_iter()
        .filter(|purpose| !is_granted(*purpose) && (has_data(*purpose) || is_required(*purpose)))
        .collect();
    if !missing.is_empty() {
        return Err(Refusal::purposes(Code::ConsentMissing, missing));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
