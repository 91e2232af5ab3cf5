//! What a widget needs to know of its site before it can draw anything.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Kind, Localised, Policy, Scale};

/// Which half of the day the panel dresses for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the visitor's system says.
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// Where the bubble sits. Start and end follow the page's writing direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Corner {
    /// Bottom right in a left-to-right page.
    #[default]
    BottomEnd,
    /// Bottom left in a left-to-right page.
    BottomStart,
}

/// What the visitor clicks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Candor's own bubble.
    #[default]
    Bubble,
    /// Only what the page offers (`data-candor-open`, the API).
    None,
}

/// When glue and WebAssembly are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// When the visitor comes near the bubble.
    #[default]
    Intent,
    /// When the page has nothing else to do.
    Idle,
    /// At once.
    Eager,
}

/// How the widget looks and behaves on a page; `data-*` attributes of the tag go before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// A CSS colour for buttons and focus rings; `None` leaves Candor's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// Light, dark or the system's.
    pub theme: Theme,
    /// Where the bubble sits.
    pub position: Corner,
    /// Whether there is a bubble.
    pub trigger: Trigger,
    /// When the rest is fetched.
    pub load: Load,
    /// Fixed language; `None` follows the page, then the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

/// A contact field that the panel may offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactField {
    /// A name.
    Name,
    /// An e-mail address.
    Email,
}

impl ContactField {
    /// Both, in the order in which the panel offers them.
    pub const ALL: [Self; 2] = [Self::Name, Self::Email];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
        }
    }
}

/// What sort of value a custom field takes. All values travel as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// One of these, sent as it is.
    Choice(Vec<String>),
    /// `true` when ticked.
    Check,
}

/// One of the owner's own fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Names the value in the submission.
    pub key: String,
    /// What the visitor reads.
    pub label: Localised,
    /// What sort of value it takes: `"text"`, `"long_text"`, `"check"` or `{"choice": [..]}`.
    pub kind: FieldKind,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
}

/// The attachments an owner takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachments {
    /// Media types, whole (`application/pdf`) or by family (`text/*`).
    pub types: Vec<String>,
    /// Files of one submission.
    pub count: u8,
    /// Bytes of one file.
    pub bytes: u32,
}

/// What the form asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// The kinds a visitor may choose from; with one, there is nothing to choose.
    pub kinds: Vec<Kind>,
    /// The scale to rate on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Scale>,
    /// Contact fields on offer; they show only where the policy asks for `contact`.
    #[serde(default)]
    pub contact: Vec<ContactField>,
    /// The owner's own fields.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// Files other than pictures of the page, where the policy asks for `attachment`; `None` takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Attachments>,
    /// Whether the page URL keeps its query.
    #[serde(default)]
    pub keep_query: bool,
    /// Whether the page URL keeps its fragment.
    #[serde(default)]
    pub keep_fragment: bool,
    /// Days for which a dismissed bubble stays away.
    pub bubble_hidden_days: u16,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            kinds: Kind::ALL.to_vec(),
            rating: Some(Scale::Stars),
            contact: vec![ContactField::Name, ContactField::Email],
            fields: Vec::new(),
            attachments: None,
            keep_query: false,
            keep_fragment: false,
            bubble_hidden_days: 30,
        }
    }
}

/// A file with a hashed name, and what its bytes must hash to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Name under `/assets/`.
    pub file: String,
    /// Subresource Integrity: `sha384-…`.
    pub integrity: String,
}

/// What the loader fetches when the visitor shows interest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assets {
    /// The JavaScript half of the program.
    pub glue: Asset,
    /// The WebAssembly half.
    pub wasm: Asset,
}

/// The body of `GET /v1/sites/SITE`, and what the loader of one site carries inlined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicSite {
    /// The site's key.
    pub site: Uuid,
    /// What the owner calls it.
    pub name: String,
    /// How the widget looks.
    pub look: Look,
    /// What the form asks.
    pub form: Form,
    /// The policy in force.
    pub policy: Policy,
    /// Where the rest of the program is.
    pub assets: Assets,
}
