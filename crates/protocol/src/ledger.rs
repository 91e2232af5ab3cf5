//! The table of all that the widget may keep in a visitor's browser.

use uuid::Uuid;

macro_rules! keys {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, holds $holds:literal, when $when:literal, days $days:expr;)+) => {
        /// One localStorage key. The table is closed: what is not in it is not stored.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum LedgerKey {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl LedgerKey {
            /// All keys, in the order in which they are documented.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name, without prefix and site.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it holds, in English.
            #[must_use]
            pub const fn holds(self) -> &'static str {
                match self { $(Self::$variant => $holds),+ }
            }

            /// What makes it be written, in English.
            #[must_use]
            pub const fn written_when(self) -> &'static str {
                match self { $(Self::$variant => $when),+ }
            }

            /// Days after which the widget removes it; `None` where its own value says when.
            #[must_use]
            pub const fn kept_days(self) -> Option<u16> {
                match self { $(Self::$variant => $days),+ }
            }
        }
    };
}

/// 13 months, the longest that the ledger keeps anything (the CNIL's bound for identifiers of this kind).
const THIRTEEN_MONTHS_DAYS: u16 = 395;

keys! {
    /// Who the visitor is to the collector.
    Reporter = "reporter", holds "UUID v4, the anonymised reporter id", when "first submission", days Some(THIRTEEN_MONTHS_DAYS);
    /// Whom a team form's reports go to.
    Assignee = "assignee", holds "member's UUID chosen in the assignee field of a team form", when "on choice", days Some(THIRTEEN_MONTHS_DAYS);
    /// What "remember me" remembers.
    VisitorEmail = "visitorEmail", holds "e-mail", when "only when “remember me” is ticked", days Some(THIRTEEN_MONTHS_DAYS);
    /// That the visitor does not want to see the bubble.
    BubbleHiddenAt = "bubbleHiddenAt", holds "Unix ms", when "the visitor closes the bubble", days None;
    /// That a display rule has had its turn.
    ShownOnce = "shownOnce", holds "`true` or `false`", when "a rule opened the panel by itself", days Some(THIRTEEN_MONTHS_DAYS);
    /// When a display rule may have its next turn.
    ShowAgainAt = "showAgainAt", holds "Unix ms", when "dismiss or submit", days None;
    /// How often a display rule has had its turn.
    TimesShown = "timesShown", holds "number", when "a rule showed it", days Some(THIRTEEN_MONTHS_DAYS);
    /// What ended the display rule's last turn.
    ShowAgainAction = "showAgainAction", holds "`dismiss` or `submit`", when "dismiss or submit", days None;
    /// What the visitor agreed to.
    Consent = "consent", holds "policy version, purposes, time", when "consent given", days Some(THIRTEEN_MONTHS_DAYS);
}

impl LedgerKey {
    /// The whole localStorage key for one site: `candor-reporter_0198…`.
    #[must_use]
    pub fn storage_key(self, site: Uuid) -> String {
        ["candor-", self.as_str(), "_", site.hyphenated().encode_lower(&mut Uuid::encode_buffer())].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_key_carries_name_and_site() {
        assert_eq!(
            LedgerKey::BubbleHiddenAt.storage_key(Uuid::from_u128(0xabc)),
            "candor-bubbleHiddenAt_00000000-0000-0000-0000-000000000abc"
        );
    }
}
