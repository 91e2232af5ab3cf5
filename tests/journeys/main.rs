//! The journeys. Each is one thing that an owner or a visitor does, from the first click to what is left behind.

mod consent;
mod dismiss;
mod domshot;
mod examples;
mod failure;
mod harness;
mod mailed;
mod origin;
mod pictures;
mod rights;
mod send;
mod storage;
mod strict;
