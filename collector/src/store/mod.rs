//! What is kept, and the few units of work in which it changes.
//!
//! Each method is one transaction. A report enters only as [`rules::Admitted`](candor_rules::Admitted), and nothing
//! that has expired is ever read, whether or not the sweep has run.

mod addresses;
mod anonymous;
mod audit;
mod backup;
mod beats;
mod body;
mod checkup;
mod copy;
mod correcting;
mod erasing;
mod error;
mod files;
mod forgetting;
mod holding;
mod inserting;
mod links;
mod loose;
mod members;
mod migrate;
mod moving;
mod open;
mod people;
mod place;
mod readers;
mod receipts;
mod reports;
mod requests;
mod rights;
mod seal;
mod sessions;
mod shortening;
mod sites;
mod sql;
mod sweep;
mod words;
mod writer;

pub use backup::{Copied, Ledger, PutBack, drop_gone, put_back};
pub use checkup::Checkup;
pub use error::StoreError;
pub use files::{FileLine, FiledReport, InsertedFile, NewFile};
pub use forgetting::BACKUP_DAYS;
pub use inserting::Inserted;
pub use links::{Opened, Reached};
pub use members::{Credentials, Role};
pub use moving::{Begun, BlobsMoved, Move, Moved, Round};
pub use open::{Store, StoreOptions};
pub use people::{By, Person, Sought};
pub use reports::{Page, PageQuery, Report, ReportLine};
pub use requests::{Answer, RequestLine};
pub use rights::{Outcome, Own, ReporterHash, Scope};
#[cfg(test)]
pub(crate) use seal::about as part_about;
pub use seal::{FileSeal, RotateError};
pub use sessions::{MemberSite, SignedIn};
pub use sites::{AtEnd, Closing, Directory, NewSite, Site, SiteChange};
pub use sql::{Distrust, Unfit};
pub use sweep::{Due, Walk};
pub use words::Wanted;

#[cfg(test)]
#[path = "../../tests/api/cluster.rs"]
pub(crate) mod cluster;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod tests;
