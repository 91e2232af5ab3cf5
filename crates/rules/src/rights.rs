//! Whose right it is, how soon, and what it may not be refused for.

use candor_protocol::{Code, Correction, Effect, Grants, Purpose, Right, Timestamp};

use crate::{Refusal, validate};

/// Days within which a request must be answered: one month (GDPR Art. 12(3)), the shortest that a month can be.
pub const ANSWER_DAYS: u16 = 28;
/// Days by which that may be put off once, with a reason: two further months (Art. 12(3)).
pub const EXTENSION_DAYS: u16 = 59;

/// What happens when a visitor makes use of a right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes effect now.
    Now,
    /// A person answers it until then.
    Request {
        /// The last moment.
        due: Timestamp,
    },
}

/// Whether a right takes effect at once or is answered by a person.
///
/// An owner may delay correction and erasure, never refuse them here; access, restriction, objection and withdrawal
/// are nobody's to delay. What is under a legal hold is not erased by itself (Art. 17(3)(e)): somebody answers.
#[must_use]
pub fn decide(right: Right, grants: Grants, is_held: bool, now: Timestamp) -> Verdict {
    let effect = match right {
        Right::Erase if is_held => Effect::OnRequest,
        Right::Erase => grants.erase,
        Right::Correct => grants.correct,
        Right::Access | Right::Restrict | Right::Object | Right::Withdraw => Effect::AtOnce,
    };
    match effect {
        Effect::AtOnce => Verdict::Now,
        Effect::OnRequest => Verdict::Request { due: now.plus_days(ANSWER_DAYS) },
    }
}

/// Until when an open request that was due at `due` may be put off.
///
/// # Errors
/// `invalid`: it was put off before, it is overdue, or no reason is given.
pub fn extend(
    due: Timestamp,
    was_extended: bool,
    reason: &str,
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::field(Code::Invalid, "reason", "why it takes longer: the visitor is told"));
    }
    if was_extended {
        return Err(Refusal::field(Code::Invalid, "due", "a request that was not put off before"));
    }
    if due < now {
        return Err(Refusal::field(Code::Invalid, "due", "a request that is not overdue"));
    }
    Ok(due.plus_days(EXTENSION_DAYS))
}

/// Whether a correction may be put in the place of what was sent: its shape, and that it only touches purposes whose
/// data is there. Data for a new purpose needs consent, and a correction carries none.
///
/// # Errors
/// `invalid` and `too-large` as for a submission, `consent-missing` for contact that was never granted.
pub fn admit_correction(correction: &Correction, held: &[Purpose]) -> Result<(), Refusal> {
    if correction.message.is_none() && correction.contact.is_none() {
        return Err(Refusal::field(Code::Invalid, "message", "other words or another contact"));
    }
    if let Some(message) = &correction.message {
        validate::message(message)?;
        if message.trim().is_empty() {
            return Err(Refusal::field(
                Code::Invalid,
                "message",
                "some words; to take them back, erase the report",
            ));
        }
    }
    if let Some(contact) = &correction.contact {
        validate::contact(contact)?;
    }
    let touched = [
        correction.message.as_ref().map(|_| Purpose::Message),
        correction.contact.as_ref().map(|_| Purpose::Contact),
    ];
    let missing: alloc::vec::Vec<_> =
        touched.into_iter().flatten().filter(|purpose| !held.contains(purpose)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Refusal::purposes(Code::ConsentMissing, missing)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candor_protocol::Contact;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_795_000_000_000);
    const SLOW: Grants = Grants { erase: Effect::OnRequest, correct: Effect::OnRequest };

    #[test]
    fn owner_may_delay_correction_and_erasure_and_nothing_else() {
        for right in Right::ALL {
            let verdict = decide(right, SLOW, false, NOW);
            let may_wait = matches!(right, Right::Erase | Right::Correct);
            assert_eq!(verdict != Verdict::Now, may_wait, "{right:?}");
            assert_eq!(decide(right, Grants::default(), false, NOW), Verdict::Now, "{right:?}");
        }
    }

    #[test]
    fn a_hold_turns_erasure_into_a_request_whatever_the_owner_grants() {
        let due = NOW.plus_days(28);
        assert_eq!(decide(Right::Erase, Grants::default(), true, NOW), Verdict::Request { due });
        assert_eq!(decide(Right::Withdraw, SLOW, true, NOW), Verdict::Now);
    }

    #[test]
    fn a_request_is_put_off_once_in_time_and_with_a_reason() {
        let due = NOW.plus_days(5);
        assert_eq!(extend(due, false, "many requests", NOW), Ok(due.plus_days(59)));
        for refused in [
            extend(due, true, "again", NOW),
            extend(due, false, " ", NOW),
            extend(due, false, "late", due.plus_days(1)),
        ] {
            assert_eq!(refused.unwrap_err().code, Code::Invalid);
        }
    }

    #[test]
    fn a_correction_brings_no_data_for_a_purpose_that_was_not_granted() {
        let contact = Contact { email: Some("a@b.example".into()), ..Contact::default() };
        let correction = Correction { message: Some("Better".into()), contact: Some(contact) };
        assert_eq!(admit_correction(&correction, &[Purpose::Message, Purpose::Contact]), Ok(()));
        let refusal = admit_correction(&correction, &[Purpose::Message]).unwrap_err();
        assert_eq!((refusal.code, refusal.purposes), (Code::ConsentMissing, alloc::vec![Purpose::Contact]));
        assert_eq!(admit_correction(&Correction::default(), &[]).unwrap_err().code, Code::Invalid);
        let empty = Correction { message: Some(" ".into()), contact: None };
        assert_eq!(admit_correction(&empty, &[Purpose::Message]).unwrap_err().code, Code::Invalid);
    }
}
