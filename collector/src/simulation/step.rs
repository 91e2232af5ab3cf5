//! What can happen, and how a seed makes a list of it.

/// One thing that happens. Numbers that name something are taken modulo how many there are.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A visitor sends something new.
    Submit {
        who: u8,
        site: u8,
        contact: bool,
        browser: bool,
        files: bool,
    },
    /// A browser sends again what it sent before.
    Retry {
        which: u8,
    },
    /// A file is judged and its blob written.
    BeginFile {
        which: u8,
        is_picture: bool,
        name: u8,
    },
    /// The row of the file that was begun is written.
    EndFile,
    /// Time passes.
    Advance {
        hours: u16,
    },
    /// The clock is put back.
    Back {
        hours: u16,
    },
    Withdraw {
        who: u8,
        purpose: u8,
    },
    Restrict {
        which: u8,
        on: bool,
    },
    Object {
        who: u8,
        purpose: u8,
    },
    Correct {
        which: u8,
    },
    EraseOne {
        which: u8,
    },
    EraseAll {
        who: u8,
    },
    Hold {
        which: u8,
    },
    Unhold {
        which: u8,
    },
    Answer {
        which: u8,
        is_done: bool,
    },
    /// A sweep of a few rows that ends early: after the rows, or with so many of the blobs it has claimed.
    Sweep {
        limit: u8,
        blobs: Option<u8>,
    },
    /// A whole sweep, after a walk for strays.
    SweepAll,
    /// The collector ends and begins again.
    Reopen,
    /// The machine dies: what goes on is a copy of the files as they lay there.
    Crash,
    /// A backup is written.
    BackUp,
    /// The instance is lost, and the last backup put back with the newest keys.
    Restore,
    /// The master key is exchanged, as far as this stage.
    Rotate {
        stage: u8,
    },
    /// The owner closes a site, and keeps its messages or not.
    Close {
        site: u8,
        keeps_messages: bool,
    },
    /// The owner opens it again.
    Open {
        site: u8,
    },
    /// The owner has messages deleted at their date, or made anonymous.
    End {
        site: u8,
        is_anonymous: bool,
    },
    /// The owner keeps something for so many days, be they fewer or more than before.
    Days {
        site: u8,
        purpose: u8,
        days: u8,
    },
}

impl Step {
    /// Whether somebody may take something back, after which it is to be unreadable.
    pub(super) const fn is_for_good(&self) -> bool {
        matches!(
            self,
            Self::Withdraw { .. }
                | Self::EraseOne { .. }
                | Self::EraseAll { .. }
                | Self::Unhold { .. }
                | Self::Answer { .. }
        )
    }
}

/// A die that falls the same way for the same seed (SplitMix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    const fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    pub(super) fn steps(&mut self, count: usize) -> Vec<Step> {
        (0..count).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> Step {
        let hours = |dice: &mut Self| u16::try_from(1 + dice.below(60)).expect("60 fits");
        match self.below(115) {
            0..18 => Step::Submit {
                who: self.byte(),
                site: self.byte(),
                contact: self.coin(),
                browser: self.coin(),
                files: self.below(4) > 0,
            },
            18..22 => Step::Retry { which: self.byte() },
            22..31 => Step::BeginFile { which: self.byte(), is_picture: self.coin(), name: self.byte() },
            31..40 => Step::EndFile,
            40..50 => Step::Advance { hours: hours(self) },
            50..53 => Step::Back { hours: hours(self) },
            53..57 => Step::Withdraw { who: self.byte(), purpose: self.byte() },
            57..61 => Step::Restrict { which: self.byte(), on: self.coin() },
            61..63 => Step::Object { who: self.byte(), purpose: self.byte() },
            63..67 => Step::Correct { which: self.byte() },
            67..71 => Step::EraseOne { which: self.byte() },
            71..73 => Step::EraseAll { who: self.byte() },
            73..76 => Step::Hold { which: self.byte() },
            76..79 => Step::Unhold { which: self.byte() },
            79..82 => Step::Answer { which: self.byte(), is_done: self.coin() },
            82..87 => {
                let blobs = if self.coin() { Some(self.byte() % 4) } else { None };
                Step::Sweep { limit: 1 + self.byte() % 3, blobs }
            }
            87..90 => Step::SweepAll,
            90..92 => Step::Reopen,
            92..95 => Step::Crash,
            95..100 => Step::Rotate { stage: self.byte() % 4 },
            100..102 => Step::BackUp,
            102..104 => Step::Restore,
            104..107 => Step::Close { site: self.byte(), keeps_messages: self.coin() },
            107..109 => Step::Open { site: self.byte() },
            109..111 => Step::End { site: self.byte(), is_anonymous: self.coin() },
            _ => {
                let days = u8::try_from(1 + self.below(20)).expect("20 fits");
                Step::Days { site: self.byte(), purpose: self.byte(), days }
            }
        }
    }
}
