//! The panel as a state machine: what it holds, and what every event makes of it.
//!
//! `step` is pure: the clock's reading and fresh ids come in with the event, and all that is to happen outside comes
//! out as effects. `view` draws a state, `effect` performs, and neither decides anything.

mod draft;
mod step;

use std::rc::Rc;

use candor_protocol::{Asked, Contact, Fact, Form, Kind, Need, Policy, Purpose, TextMap, Timestamp};
use uuid::Uuid;

pub(crate) use draft::{Draft, Fault, field_hook, submission};
pub(crate) use step::step;

use crate::{text::Texts, value::Value};

/// One browser fact: as it would be sent, and as the visitor reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ShownFact {
    pub(crate) fact: Fact,
    pub(crate) value: Value,
    pub(crate) text: String,
}

/// What the panel reads of a `PublicSite`: the rest is the loader's.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) site: Uuid,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) policy: Policy,
}

/// What the panel reads of a `Receipt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) number: String,
    pub(crate) kept: Vec<Kept>,
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) purpose: Purpose,
    /// RFC 3339 as it arrives, and as the visitor's language writes it once `app` has been over it.
    pub(crate) until: String,
}

/// What the panel reads of a `Problem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Not the closed enum: a collector newer than this widget may have a code that it does not know.
    pub(crate) code: String,
    pub(crate) policy: Option<Policy>,
}

/// Why the last try did not end in a receipt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// No answer, or one that is not the collector's.
    Unreachable,
    /// The collector said no.
    Refused(Box<Refused>),
}

impl Failure {
    /// What the page is told.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Refused(refused) => &refused.code,
        }
    }
}

/// How far "copy my text" has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    No,
    Yes,
    ByHand,
}

/// What the panel shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Screen {
    /// The form.
    Form,
    /// The form, while its submission is on its way.
    Sending,
    /// The form with what went wrong above its buttons.
    Failed(Failure, Copied),
    /// The receipt.
    Done(Receipt),
}

/// A submission on its way.
pub(crate) struct Attempt {
    /// The submission as written, but for the reporter.
    body: Rc<Value>,
    /// What the visitor agreed to in the panel.
    consent: Option<KeptConsent>,
}

/// What the ledger keeps under `consent`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeptConsent {
    pub(crate) policy: u32,
    pub(crate) purposes: Vec<Purpose>,
    /// Unix milliseconds.
    pub(crate) at: f64,
}

/// All that the panel knows.
pub(crate) struct State {
    pub(crate) site: Site,
    pub(crate) texts: Texts,
    /// Who asks for consent: the panel, or the page before it.
    pub(crate) asked: Asked,
    /// The page's own id of its record of that, where the page has asked (`data-evidence`).
    pub(crate) evidence: Option<String>,
    /// Whether this browser may keep anything (`data-storage`).
    pub(crate) may_store: bool,
    /// Whether the browser says Global Privacy Control.
    pub(crate) gpc: bool,
    pub(crate) is_open: bool,
    pub(crate) screen: Screen,
    pub(crate) draft: Draft,
    /// Shown after a first try at sending; mended ones go away while typing.
    pub(crate) faults: Vec<Fault>,
    pub(crate) facts: Vec<ShownFact>,
    /// The last try: sent again as it is, so that the collector knows it for the same.
    pub(crate) attempt: Option<Attempt>,
    /// Whether the policy changed under the visitor's hands.
    pub(crate) policy_changed: bool,
    pub(crate) files: Files,
}

/// What the panel knows of the files that go along, as `widget/files` tells it, and of "My data": one bit for each of these questions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files(pub(crate) u8);

impl Files {
    /// Is what lists files, or takes pictures, being fetched?
    pub(crate) const PENDING: Self = Self(1);
    /// Could it not be?
    pub(crate) const FAILED: Self = Self(2);
    /// Are files of an earlier submission on their way, or have they not arrived?
    pub(crate) const BUSY: Self = Self(4);
    /// Do pictures follow the next submission?
    pub(crate) const PICTURES: Self = Self(8);
    /// Do attachments?
    pub(crate) const ATTACHMENTS: Self = Self(16);
    /// Could "My data" not be fetched?
    pub(crate) const MINE_FAILED: Self = Self(32);

    pub(crate) fn are(self, question: Self) -> bool {
        self.0 & question.0 != 0
    }

    /// Whether any are to be held for `purpose`.
    pub(crate) fn are_for(self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Picture => self.are(Self::PICTURES),
            Purpose::Attachment => self.are(Self::ATTACHMENTS),
            _ => false,
        }
    }
}

/// What a page hands over with `Candor.open(…)`, `identify` and `set`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Prefill {
    pub(crate) kind: Option<Kind>,
    pub(crate) message: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) rating: Option<u8>,
    pub(crate) custom: TextMap,
}

/// What a page sends without the panel (`Candor.submit`): it has asked the visitor itself.
pub(crate) struct Headless {
    pub(crate) kind: Kind,
    pub(crate) message: Option<String>,
    pub(crate) rating: Option<u8>,
    pub(crate) custom: TextMap,
    pub(crate) contact: Option<Contact>,
    pub(crate) purposes: Vec<Purpose>,
    pub(crate) evidence: Option<String>,
    /// Files that follow; `widget/files` looks at them.
    pub(crate) files: Value,
}

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Event {
    Open(Prefill),
    Close,
    /// A field with this hook has this value now; a tick box's is `true` or empty.
    Input(String, String),
    /// A button with this hook was pressed.
    Press(String),
    /// "Send" or "try again", with the clock's reading and an id that no submission has had.
    Submit(Timestamp, Uuid),
    /// The browser's facts have been read.
    Gathered(Vec<ShownFact>),
    /// The collector has stored it.
    Stored(Receipt),
    /// It has not, or nobody knows.
    Failed(Failure),
    /// How the copying went.
    Copied(bool),
    /// Something became of files.
    Files(Files),
    /// The page knows who the visitor is.
    Identify(Contact),
    /// The page sets fields that the visitor does not see.
    Set(TextMap),
    /// The page grants for the visitor.
    Grant(Vec<Purpose>, Timestamp),
    /// The visitor, or the page for them, takes back; `None` takes back everything.
    Withdraw(Option<Vec<Purpose>>),
}

/// Something to be done outside.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    Show,
    Hide,
    /// Puts the keyboard's focus on the element with this hook.
    Focus(String),
    /// Reads the browser's facts.
    Gather,
    /// Sends a submission that has no reporter yet: who that is, the ledger knows.
    Send(Rc<Value>),
    /// Copies, or selects the field with the hook `message` where copying is refused.
    Copy(String),
    /// Keeps or forgets the address in the ledger.
    Remember(Option<String>),
    /// Keeps or forgets the consent in the ledger.
    KeepConsent(Option<KeptConsent>),
    /// Writes down that the bubble is to stay away, and takes it away.
    HideBubble,
    /// Has `widget/files`, or `widget/mine`, do what it calls so.
    Files(&'static str),
    /// Empties the ledger.
    Clear,
    /// Tells the page.
    Emit(&'static str, Option<String>),
}

impl State {
    /// A closed panel with an empty form.
    pub(crate) fn new(site: Site, texts: Texts, asked: Asked, may_store: bool) -> Self {
        let draft = Draft::new(&site.form);
        Self {
            site,
            texts,
            asked,
            evidence: None,
            may_store,
            gpc: false,
            is_open: false,
            screen: Screen::Form,
            draft,
            faults: Vec::new(),
            facts: Vec::new(),
            attempt: None,
            policy_changed: false,
            files: Files::default(),
        }
    }

    /// What the ledger remembers of an earlier visit. Consent counts only for the policy version it was given to, and
    /// under Global Privacy Control never for facts about the browser.
    pub(crate) fn recall(&mut self, email: Option<String>, consent: Option<KeptConsent>, gpc: bool) {
        self.gpc = gpc;
        if let Some(email) = email {
            self.draft.email = email;
            self.draft.remember = true;
        }
        if let Some(mut consent) = consent
            && consent.policy == self.site.policy.version
        {
            consent.purposes.retain(|purpose| !(gpc && purpose.yields_to_gpc()));
            self.draft.granted = consent.purposes;
        }
    }

    /// Whether the panel asks for this purpose: for files only where there are any, or where it may not be refused.
    pub(crate) fn asks_for(&self, purpose: Purpose) -> bool {
        self.site.policy.terms(purpose).is_some_and(|terms| match purpose {
            Purpose::Contact => !self.site.form.contact.is_empty(),
            Purpose::Picture | Purpose::Attachment => {
                terms.need == Need::Required || self.files.are_for(purpose)
            }
            _ => true,
        })
    }

    /// Whether the form takes such files.
    pub(crate) fn takes(&self, purpose: Purpose) -> bool {
        self.site.policy.terms(purpose).is_some()
            && (purpose == Purpose::Picture || self.site.form.attachments.is_some())
    }

    /// Whether facts about page and browser go along.
    pub(crate) fn sends_facts(&self) -> bool {
        let is_agreed = || self.draft.granted.contains(&Purpose::Browser);
        self.asks_for(Purpose::Browser) && (self.is_given(Purpose::Browser) || is_agreed())
    }

    /// Whether the page has asked for this purpose. What Global Privacy Control speaks against, the visitor says alone.
    pub(crate) fn is_given(&self, purpose: Purpose) -> bool {
        self.asked == Asked::Page && !(self.gpc && purpose.yields_to_gpc())
    }

    /// Puts a new policy in force: whatever was agreed to is asked again, whatever was written stays.
    fn adopt(&mut self, policy: Policy) {
        self.site.policy = policy;
        self.draft.granted.clear();
        self.policy_changed = true;
    }
}

#[cfg(test)]
pub(crate) mod tests;
