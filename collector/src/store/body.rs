//! The form in which one purpose's content lies in its row.

use std::borrow::Cow;

use candor_protocol::{Purpose, TextMap};
use candor_rules::Content;
use serde::{Deserialize, Serialize};

use super::StoreError;

#[derive(Serialize, Deserialize)]
struct Message<'a> {
    text: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "custom_is_empty")]
    custom: Cow<'a, TextMap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locale: Option<Cow<'a, str>>,
}

fn custom_is_empty(custom: &TextMap) -> bool {
    custom.is_empty()
}

/// The bytes of a row.
pub(super) fn encode(content: &Content) -> Result<Vec<u8>, StoreError> {
    Ok(match content {
        Content::Message { text, custom, locale } => serde_json::to_vec(&Message {
            text: text.into(),
            custom: Cow::Borrowed(custom),
            locale: locale.as_deref().map(Into::into),
        })?,
        Content::Contact(contact) => serde_json::to_vec(contact)?,
        Content::Browser(facts) => serde_json::to_vec(facts)?,
    })
}

/// The content of a row's bytes.
pub(super) fn decode(purpose: Purpose, body: &[u8]) -> Result<Content, StoreError> {
    match purpose {
        Purpose::Message => {
            let Message { text, custom, locale } = serde_json::from_slice(body)?;
            Ok(Content::Message {
                text: text.into_owned(),
                custom: custom.into_owned(),
                locale: locale.map(Cow::into_owned),
            })
        }
        Purpose::Contact => Ok(Content::Contact(serde_json::from_slice(body)?)),
        Purpose::Browser => Ok(Content::Browser(serde_json::from_slice(body)?)),
        Purpose::Picture | Purpose::Attachment | Purpose::Diagnostics | Purpose::FollowUp => {
            Err(StoreError::Fault(format!("a row for {} that nothing writes", purpose.as_str())))
        }
    }
}
