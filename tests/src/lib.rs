//! The harness of the journeys: a real browser, a real collector, a stranger's page on another origin.

mod browser;
mod closing;
mod collector;
mod compare;
mod inbox;
mod pages;
mod pixels;
mod post;
mod process;
mod studio;
mod visitor;
mod wait;
mod watch;
mod wire;
mod world;

pub use browser::{Browser, Kind, Setup};
pub use closing::{Allowed, closing_assertions};
pub use collector::Collector;
pub use compare::Difference;
pub use inbox::Inbox;
pub use pages::Pages;
pub use pixels::Pixels;
pub use post::{Mail, Post};
pub use studio::{Studio, Taken};
pub use visitor::Visitor;
pub use wait::until;
pub use world::{World, journey, journey_with, place};
