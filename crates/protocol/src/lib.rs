//! What the widget and the collector say to each other: wire types, limits, refusal codes and ledger keys.
//!
//! Everything here is data. Decisions over it live in `candor-rules`; files under `golden/v1/` pin the JSON and
//! are added to, never edited: a widget from last year must still be understood. What a visitor sends is read
//! strictly (an unknown field is refused); what a widget reads it reads leniently (an unknown field is the future's).

mod browser;
mod file;
mod ledger;
pub mod limits;
mod link;
mod policy;
mod purpose;
mod receipt;
mod refusal;
mod rights;
mod site;
mod submission;
mod text_map;
mod timestamp;

pub use browser::{Brand, BrowserFacts, ColorScheme, Fact, Size, UserAgent};
pub use file::{PICTURE_TYPES, StoredFile};
pub use ledger::LedgerKey;
pub use link::{LINK_MINUTES, LinkAsked, LinkRequest, LinkSession, LinkToken};
pub use policy::{Need, Policy, Terms};
pub use purpose::Purpose;
pub use receipt::{Kept, Receipt, ReceiptNumber};
pub use refusal::{Code, Problem};
pub use rights::{
    Correction, Effect, Grants, Mine, MyReport, MyRequest, Purposes, RequestState, Restriction, Right,
    RightsAnswer,
};
pub use site::{
    Asset, Assets, Attachments, ContactField, Corner, Field, FieldKind, Form, Load, Look, PublicSite, Theme,
    Trigger,
};
pub use submission::{Asked, Consent, Contact, Kind, Rating, Scale, Submission};
pub use text_map::{Localised, TextMap};
pub use timestamp::{DAY_MS, ParseTimestampError, Timestamp};
