//! The collector: receives what visitors send, keeps it for as long as each site's policy says, and shows it to the
//! owner's members.
//!
//! # The path of a submission
//! 1. [`listen`] accepts the connection; [`http`] routes it. The body is read up to its limits of size and time, and
//!    from the first byte on the submission is *pending*: however it ends, [`outcome`] counts it once.
//! 2. `http::submissions` parses it, finds the site in the [`store::Directory`], compares the page's origin, and asks
//!    [`rate`] whether this client and this site may.
//! 3. [`candor_rules::admit`] decides. Only it makes an [`Admitted`](candor_rules::Admitted).
//! 4. [`store::Store::insert`] takes nothing else. One thread writes; it commits what has gathered in one transaction
//!    and answers each caller after the data is on disk.
//! 5. Only then the visitor gets 201 and a receipt. The same submission again gets 200 and the same receipt.
//! 6. Each purpose's part lies in its own row with its own date. Reads leave out what has expired; [`retention`]
//!    deletes it.
//! 7. Members read it in the [`inbox`].
//!
//! # The path of a file
//! 1. `http::files` judges the head of the request: whose report it is (a keyed hash of the reporter id, and the page's
//!    origin), and by [`candor_rules::admit_file`] whether such a file may follow it. Only then the body is read, with
//!    time in proportion to its size, and compared with the digest it was announced with.
//! 2. A picture goes to [`picture`]: taken apart, freed of all that does not paint, decoded to its last pixel, in
//!    workers with a bound on number and memory. An attachment is kept as it is.
//! 3. [`blobs`] makes the bytes durable, named by what they hash to. Then [`store::Store::insert_file`] writes the row
//!    that names them, from an [`AdmittedFile`](candor_rules::AdmittedFile) and nothing else. Then 201.
//! 4. [`retention`] deletes the row at its date, then the blob, once no other row names it. A blob that never got its
//!    row goes an hour after it was seen.
//!
//! Time and randomness come from `main` as [`chance`]; nothing else in here can tell the time.

pub mod app;
pub mod audit;
pub mod backup;
pub mod blobs;
pub mod chance;
pub mod company;
pub mod embed;
pub mod export;
pub mod http;
pub mod inbox;
pub mod key;
mod language;
pub mod listen;
pub mod mail;
pub mod memory;
pub mod notice;
pub mod outcome;
pub mod picture;
pub mod rate;
pub mod receipt;
pub mod retention;
pub mod search;
mod shares;
pub mod shelf;
#[cfg(test)]
mod simulation;
pub mod store;
pub mod tls;
mod uploads;
pub mod vault;
mod visitor;

pub use http::router;
