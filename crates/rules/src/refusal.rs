//! A decision's "no", with all that the caller is told about it.

use alloc::{boxed::Box, string::String, vec::Vec};

use candor_protocol::{Code, Policy, Problem, Purpose};

/// Why something was refused. It never repeats what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// The field that is wrong, dotted.
    pub field: Option<String>,
    /// What would have been right.
    pub detail: Option<&'static str>,
    /// The purposes meant, with `consent-missing` and `purpose-off`.
    pub purposes: Vec<Purpose>,
    /// The policy in force, with `policy-changed`.
    pub policy: Option<Box<Policy>>,
}

impl Refusal {
    /// Just the code.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, field: None, detail: None, purposes: Vec::new(), policy: None }
    }

    /// The code, the field and what would have been right.
    #[must_use]
    pub fn field(code: Code, field: impl Into<String>, detail: &'static str) -> Self {
        Self { field: Some(field.into()), detail: Some(detail), ..Self::new(code) }
    }

    /// The code and the purposes meant.
    #[must_use]
    pub fn purposes(code: Code, purposes: Vec<Purpose>) -> Self {
        Self { purposes, ..Self::new(code) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self {
            detail: refusal.detail.map(Into::into),
            field: refusal.field,
            purposes: refusal.purposes,
            policy: refusal.policy.map(|policy| *policy),
            ..Self::new(refusal.code)
        }
    }
}
