//! The browsers that the journeys run in, and what each needs on the machine.

use clap::ValueEnum;

use crate::{place::Place, run};

/// A browser with its WebDriver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Browser {
    /// Chromium with chromedriver.
    Chromium,
    /// Firefox (ESR or not) with geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser with WebKitWebDriver, in a virtual display.
    Webkit,
}

/// One thing to install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    /// A Debian package.
    Apt(&'static str),
    /// A program from crates.io, kept under the target folder.
    Cargo {
        /// Its crate.
        name: &'static str,
        /// Its exact version.
        version: &'static str,
    },
}

impl Browser {
    /// All of them, in the order in which the journeys are run.
    pub(crate) const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::Webkit];

    /// The name that the e2e package knows it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::Webkit => "webkit",
        }
    }

    /// What is not on this machine yet.
    pub(crate) fn missing(self, place: &Place) -> Vec<Package> {
        self.needs()
            .iter()
            .filter(|(programs, _)| {
                !programs.iter().any(|program| {
                    run::which(program).is_some() || place.target.join("tools/bin").join(program).is_file()
                })
            })
            .map(|(_, package)| *package)
            .collect()
    }

    /// Any one of the programs will do; else the package brings it.
    fn needs(self) -> &'static [(&'static [&'static str], Package)] {
        match self {
            Self::Chromium => &[
                (&["chromium", "chromium-browser", "google-chrome"], Package::Apt("chromium")),
                (&["chromedriver"], Package::Apt("chromium-driver")),
            ],
            Self::Firefox => &[
                (&["firefox-esr", "firefox"], Package::Apt("firefox-esr")),
                // Debian does not package it; Mozilla publishes it on crates.io.
                (&["geckodriver"], Package::Cargo { name: "geckodriver", version: "0.37.1" }),
            ],
            Self::Webkit => &[
                (&["WebKitWebDriver"], Package::Apt("webkit2gtk-driver")),
                (&["xvfb-run"], Package::Apt("xvfb")),
                (&["xauth"], Package::Apt("xauth")),
                (&["dbus-run-session"], Package::Apt("dbus")),
            ],
        }
    }
}
