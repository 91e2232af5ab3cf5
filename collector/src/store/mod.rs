//! What is kept, and the few units of work in which it changes.
//!
//! Each method is one transaction. A report enters only as [`rules::Admitted`](candor_rules::Admitted), and nothing
//! that has expired is ever read, whether or not the sweep has run.

mod body;
mod error;
mod files;
mod loose;
mod members;
mod migrate;
mod open;
mod readers;
mod reports;
mod sessions;
mod sites;
mod sweep;
mod writer;

pub use error::StoreError;
pub use files::{FileLine, FiledReport, InsertedFile, NewFile};
pub use members::{Credentials, Role};
pub use open::{Store, StoreOptions};
pub use reports::{Inserted, Page, PageQuery, Report, ReportLine};
pub use sessions::{MemberSite, SignedIn};
pub use sites::{Directory, NewSite, Site, SiteChange};
pub use sweep::Due;

#[cfg(test)]
mod tests;
