//! Whether a submission has the shape and the size that it may have.

use alloc::{string::String, string::ToString};

use candor_protocol::{
    BrowserFacts, Code, Contact, FieldKind, Form, Submission, UserAgent,
    limits::{
        CUSTOM_FIELDS_MAX, CUSTOM_KEY_CHARS_MAX, CUSTOM_VALUE_CHARS_MAX, EMAIL_CHARS_MAX, FACT_CHARS_MAX,
        FACT_ENTRIES_MAX, IDENTITY_CHARS_MAX, LOCALE_CHARS_MAX, MESSAGE_CHARS_MAX, NAME_CHARS_MAX,
        URL_CHARS_MAX,
    },
};
use uuid::Variant;

use crate::Refusal;

/// Checks everything that needs neither policy nor clock.
pub(crate) fn shape(submission: &Submission, form: &Form) -> Result<(), Refusal> {
    if submission.reporter.get_version_num() != 4 || submission.reporter.get_variant() != Variant::RFC4122 {
        return Err(Refusal::field(Code::Invalid, "reporter", "a random UUID (version 4)"));
    }
    if submission.id.is_nil() {
        return Err(Refusal::field(Code::Invalid, "id", "a UUID made for this submission"));
    }
    message(&submission.message)?;
    optional("locale", submission.locale.as_deref(), LOCALE_CHARS_MAX)?;
    optional("consent.evidence", submission.consent.evidence.as_deref(), IDENTITY_CHARS_MAX)?;
    rating(submission, form)?;
    custom(submission, form)?;
    if let Some(given) = &submission.contact {
        contact(given)?;
    }
    if let Some(facts) = &submission.browser {
        browser(facts)?;
    }
    if submission.message.trim().is_empty() && submission.rating.is_none() && submission.custom.is_empty() {
        return Err(Refusal::field(Code::Invalid, "message", "some words, a rating or a filled-in field"));
    }
    Ok(())
}

/// Whether `text` is an e-mail address by the rule that browsers apply to `<input type=email>` (WHATWG HTML,
/// "valid e-mail address"), with at least one dot in the domain.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty()
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte))
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && text.len() <= EMAIL_CHARS_MAX
}

fn text(field: &str, value: &str, chars_max: usize) -> Result<(), Refusal> {
    if value.contains('\0') {
        return Err(Refusal::field(Code::Invalid, field, "text without null characters"));
    }
    // Bytes bound characters from above, so short texts are never counted.
    if value.len() > chars_max && value.chars().count() > chars_max {
        return Err(Refusal::field(Code::TooLarge, field, "fewer characters"));
    }
    Ok(())
}

fn optional(field: &str, value: Option<&str>, chars_max: usize) -> Result<(), Refusal> {
    value.map_or(Ok(()), |value| text(field, value, chars_max))
}

fn rating(submission: &Submission, form: &Form) -> Result<(), Refusal> {
    let Some(rating) = submission.rating else { return Ok(()) };
    if form.rating != Some(rating.scale) {
        return Err(Refusal::field(Code::Invalid, "rating.scale", "the scale that the site asks for"));
    }
    let (low, high) = rating.scale.bounds();
    if !(low..=high).contains(&rating.value) {
        return Err(Refusal::field(Code::Invalid, "rating.value", "a value on the scale"));
    }
    Ok(())
}

fn custom(submission: &Submission, form: &Form) -> Result<(), Refusal> {
    if submission.custom.len() > CUSTOM_FIELDS_MAX {
        return Err(Refusal::field(Code::TooLarge, "custom", "fewer fields"));
    }
    for (key, value) in submission.custom.iter() {
        text("custom", key, CUSTOM_KEY_CHARS_MAX)?;
        text("custom", value, CUSTOM_VALUE_CHARS_MAX)?;
        if key.is_empty() {
            return Err(Refusal::field(Code::Invalid, "custom", "a name for every field"));
        }
    }
    for field in &form.fields {
        let name = || -> String { ["custom.", &field.key].concat() };
        match (submission.custom.get(&field.key), &field.kind) {
            (None, _) if field.required => return Err(Refusal::field(Code::Invalid, name(), "a value")),
            (Some(value), _) if field.required && value.trim().is_empty() => {
                return Err(Refusal::field(Code::Invalid, name(), "a value"));
            }
            (Some(value), FieldKind::Choice(options))
                if !value.is_empty() && !options.iter().any(|option| option == value) =>
            {
                return Err(Refusal::field(Code::Invalid, name(), "one of the choices"));
            }
            (Some(value), FieldKind::Check) if value != "true" && value != "false" => {
                return Err(Refusal::field(Code::Invalid, name(), "true or false"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether words are of a size that is taken.
pub(crate) fn message(message: &str) -> Result<(), Refusal> {
    text("message", message, MESSAGE_CHARS_MAX)
}

/// Whether a contact is of a shape and size that is taken.
pub(crate) fn contact(contact: &Contact) -> Result<(), Refusal> {
    optional("contact.name", contact.name.as_deref(), NAME_CHARS_MAX)?;
    optional("contact.email", contact.email.as_deref(), EMAIL_CHARS_MAX)?;
    optional("contact.id", contact.id.as_deref(), IDENTITY_CHARS_MAX)?;
    optional("contact.avatar", contact.avatar.as_deref(), IDENTITY_CHARS_MAX)?;
    match &contact.email {
        Some(email) if !is_email(email) => {
            Err(Refusal::field(Code::Invalid, "contact.email", "an e-mail address"))
        }
        _ => Ok(()),
    }
}

fn browser(facts: &BrowserFacts) -> Result<(), Refusal> {
    let fact = |name: &str, value: &str| text(&["browser.", name].concat(), value, FACT_CHARS_MAX);
    let maybe = |name: &str, value: &Option<String>| value.as_ref().map_or(Ok(()), |value| fact(name, value));
    optional("browser.page_url", facts.page_url.as_deref(), URL_CHARS_MAX)?;
    maybe("page_title", &facts.page_title)?;
    maybe("referrer_origin", &facts.referrer_origin)?;
    maybe("time_zone", &facts.time_zone)?;
    maybe("connection", &facts.connection)?;
    let languages = facts.languages.as_deref().unwrap_or_default();
    entries("browser.languages", languages.len())?;
    languages.iter().try_for_each(|language| fact("languages", language))?;
    if facts.pixel_ratio.is_some_and(|ratio| !ratio.is_finite() || ratio <= 0.0) {
        return Err(Refusal::field(Code::Invalid, "browser.pixel_ratio", "a positive number"));
    }
    match &facts.user_agent {
        None => Ok(()),
        Some(UserAgent::Text(agent)) => fact("user_agent", agent),
        Some(UserAgent::Hints { brands, platform, model, .. }) => {
            entries("browser.user_agent.brands", brands.len())?;
            fact("user_agent", platform)?;
            maybe("user_agent", model)?;
            brands.iter().try_for_each(|brand| {
                fact("user_agent", &brand.brand)?;
                fact("user_agent", &brand.version)
            })
        }
    }
}

fn entries(field: &str, count: usize) -> Result<(), Refusal> {
    if count > FACT_ENTRIES_MAX {
        return Err(Refusal::field(Code::TooLarge, field.to_string(), "fewer entries"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e_mail_addresses_are_told_from_what_looks_like_them() {
        for good in ["a@b.co", "first.last+tag@mail.example.org", "x!#$%&'*+/=?^_`{|}~-@a-b.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "", "a", "@b.co", "a@", "a@b", "a@b..co", "a@-b.co", "a b@c.de", "a@b.co\n", "ä@b.co", "a@b@c.de",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
