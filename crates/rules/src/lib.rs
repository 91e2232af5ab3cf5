//! Candor's decisions, as pure functions of what they are given: no I/O, no clock, no randomness.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod admit;
pub mod display;
mod file;
mod policy;
mod refusal;
pub mod retention;
pub mod rights;
mod validate;

pub use admit::{Admitted, Content, Part, SiteTerms, admit};
pub use file::{
    AdmittedFile, AttachmentsFault, Offer, Present, admit_file, check_attachments, file_bytes_max,
};
pub use policy::{PolicyFault, check as check_policy, default as default_policy};
pub use refusal::Refusal;
pub use validate::is_email;
