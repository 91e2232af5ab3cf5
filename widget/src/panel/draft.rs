//! What the visitor has put into the form so far, and what is still wrong with it.

use std::rc::Rc;

use candor_protocol::{
    Asked, Consent, Contact, Fact, Field, FieldKind, Form, Kind, Purpose, Rating, Submission, TextMap,
    Timestamp, limits::MESSAGE_CHARS_MAX,
};
use uuid::Uuid;

use super::{Attempt, Headless, KeptConsent, State};
use crate::{
    text::Key,
    value::{Value, Write},
};

/// The form's content. Nothing is ticked to begin with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Draft {
    pub(crate) kind: Option<Kind>,
    pub(crate) rating: Option<u8>,
    pub(crate) message: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) remember: bool,
    /// By field key, as the visitor typed it.
    pub(crate) fields: TextMap,
    /// By key, as the page set it; not shown as fields, but listed under "what is sent".
    pub(crate) set: TextMap,
    /// Handed over by the page.
    pub(crate) identity: Contact,
    pub(crate) granted: Vec<Purpose>,
    pub(crate) facts_off: Vec<Fact>,
    pub(crate) shows_what: bool,
}

/// A field that is not right yet: its hook, and what to tell the visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) hook: String,
    pub(crate) key: Key,
}

impl Draft {
    pub(crate) fn new(form: &Form) -> Self {
        Self { kind: form.kinds.first().copied(), ..Self::default() }
    }

    /// Empties the form for another report; who the visitor is and what they agreed to stays.
    pub(crate) fn restart(&mut self, form: &Form) {
        let old = std::mem::take(self);
        *self = Self {
            name: old.name,
            email: old.email,
            remember: old.remember,
            set: old.set,
            identity: old.identity,
            granted: old.granted,
            facts_off: old.facts_off,
            ..Self::new(form)
        };
    }

    /// Grants or takes back one purpose.
    pub(crate) fn grant(&mut self, purpose: Purpose, on: bool) {
        self.granted.retain(|granted| *granted != purpose);
        if on {
            self.granted.push(purpose);
        }
    }

    /// The characters that the message may still have; negative when it is too long.
    pub(crate) fn chars_left(&self) -> isize {
        let limit = isize::try_from(MESSAGE_CHARS_MAX).unwrap_or(isize::MAX);
        let used = isize::try_from(self.message.chars().count()).unwrap_or(isize::MAX);
        limit - used
    }

    fn contact(&self) -> Contact {
        let typed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Contact {
            name: typed(&self.name).or_else(|| self.identity.name.clone()),
            email: typed(&self.email).or_else(|| self.identity.email.clone()),
            id: self.identity.id.clone(),
            avatar: self.identity.avatar.clone(),
        }
    }
}

/// All that keeps the form from being sent, in the order of the form.
pub(super) fn faults(state: &State) -> Vec<Fault> {
    let State { draft, site, .. } = state;
    let fault = |hook: &str, key| Fault { hook: hook.into(), key };
    let mut faults = Vec::new();
    if draft.chars_left() < 0 {
        faults.push(fault("message", Key::Over));
    } else if draft.message.trim().is_empty() && draft.rating.is_none() && custom(state).is_empty() {
        faults.push(fault("message", Key::FaultMessage));
    }
    for field in &site.form.fields {
        if field.required && !is_filled_in(field, draft) {
            faults.push(Fault { hook: field_hook(field), key: Key::FaultRequired });
        }
    }
    let contact = draft.contact();
    if contact.email.as_deref().is_some_and(|email| !candor_rules::is_email(email)) {
        faults.push(fault("email", Key::FaultEmail));
    }
    if state.asked == Asked::Panel {
        let is_granted = |purpose| draft.granted.contains(&purpose);
        let is_required = |purpose: Purpose| {
            !(state.gpc && purpose.yields_to_gpc())
                && site
                    .policy
                    .terms(purpose)
                    .is_some_and(|terms| terms.need == candor_protocol::Need::Required)
        };
        if state.asks_for(Purpose::Contact) && !is_granted(Purpose::Contact) {
            if !contact.is_empty() {
                faults.push(fault("consent-contact", Key::FaultContact));
            } else if is_required(Purpose::Contact) {
                faults.push(fault("consent-contact", Key::FaultConsent));
            }
        }
        for (purpose, hook) in [
            (Purpose::Picture, "consent-picture"),
            (Purpose::Attachment, "consent-attachment"),
            (Purpose::Browser, "consent-browser"),
            (Purpose::Message, "consent-message"),
        ] {
            if !is_granted(purpose) {
                if state.files.are_for(purpose) {
                    faults.push(fault(hook, Key::FaultFiles));
                } else if is_required(purpose) {
                    faults.push(fault(hook, Key::FaultConsent));
                }
            }
        }
    }
    faults
}

/// What the form amounts to. The reporter id is put in on the way out: it is the ledger's to make.
pub(super) fn attempt(state: &State, now: Timestamp, id: Uuid) -> Attempt {
    let State { draft, site, .. } = state;
    let contact =
        Some(draft.contact()).filter(|contact| state.asks_for(Purpose::Contact) && !contact.is_empty());
    let sends_facts = state.sends_facts();
    let mut purposes = draft.granted.clone();
    match state.asked {
        Asked::Panel => purposes.retain(|purpose| state.asks_for(*purpose)),
        Asked::Page => {
            purposes = vec![Purpose::Message];
            purposes.extend(contact.is_some().then_some(Purpose::Contact));
            let files = [Purpose::Picture, Purpose::Attachment];
            purposes.extend(files.into_iter().filter(|purpose| state.asks_for(*purpose)));
            purposes.extend(sends_facts.then_some(Purpose::Browser));
        }
    }
    let consent =
        KeptConsent { policy: site.policy.version, purposes: purposes.clone(), at: now.unix_ms() as f64 };
    let said = Headless {
        kind: draft.kind.unwrap_or(Kind::Bug),
        message: Some(draft.message.clone()),
        rating: draft.rating,
        custom: custom(state),
        contact,
        purposes,
        evidence: state.evidence.clone().filter(|_| state.asked == Asked::Page),
        files: Value::Nothing,
    };
    let mut body = submission(state, said, state.asked, now, id);
    if sends_facts {
        let sent = state.facts.iter().filter(|shown| !draft.facts_off.contains(&shown.fact));
        let facts = sent.map(|shown| (shown.fact.as_str().into(), shown.value.clone())).collect();
        body.add("browser", Value::Fields(facts));
    }
    Attempt { body: Rc::new(body), consent: (state.asked == Asked::Panel).then_some(consent) }
}

/// A submission as written, but for the reporter and the facts.
#[inline(never)]
pub(crate) fn submission(state: &State, said: Headless, asked: Asked, now: Timestamp, id: Uuid) -> Value {
    let State { site, texts, .. } = state;
    let submission = Submission {
        id,
        site: site.site,
        reporter: Uuid::nil(),
        kind: said.kind,
        message: said.message.unwrap_or_default(),
        rating: said.rating.zip(site.form.rating).map(|(value, scale)| Rating { scale, value }),
        custom: said.custom,
        locale: Some(texts.locale().into()),
        contact: said.contact,
        browser: None,
        consent: Consent {
            policy: site.policy.version,
            purposes: said.purposes,
            given_at: now,
            asked,
            evidence: said.evidence,
        },
    };
    submission.write()
}

/// The hook of one of the owner's own fields.
pub(crate) fn field_hook(field: &Field) -> String {
    ["field-", &field.key].concat()
}

fn is_filled_in(field: &Field, draft: &Draft) -> bool {
    let value = draft.fields.get(&field.key).unwrap_or_default().trim();
    !value.is_empty() && (!matches!(field.kind, FieldKind::Check) || value == "true")
}

/// What the page set, overridden by what the visitor typed; empty values stay at home.
fn custom(state: &State) -> TextMap {
    let mut custom = state.draft.set.clone();
    for field in &state.site.form.fields {
        if let Some(value) = state.draft.fields.get(&field.key).filter(|value| !value.trim().is_empty()) {
            custom.insert(field.key.clone(), value.into());
        }
    }
    custom
}
