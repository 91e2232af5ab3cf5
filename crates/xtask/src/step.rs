//! Progress of long work: a spinner on a terminal, plain lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// One long step. Dropped before [`Step::done`] it leaves its line standing, as the place where things stopped.
#[derive(Debug)]
pub(crate) struct Step {
    bar: ProgressBar,
    what: String,
}

impl Step {
    /// Says what begins now.
    pub(crate) fn start(what: impl Into<String>) -> Self {
        let what = what.into();
        let bar = ProgressBar::new_spinner();
        if bar.is_hidden() {
            eprintln!("      {what} …");
        } else {
            bar.set_style(
                ProgressStyle::with_template("  {spinner}   {msg} {elapsed}")
                    .expect("the template is constant"),
            );
            bar.set_message(what.clone());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, what }
    }

    /// Ends the step and says how long it took.
    pub(crate) fn done(self) {
        let seconds = self.bar.elapsed().as_secs_f32();
        self.bar.finish_and_clear();
        eprintln!("  ok  {} ({seconds:.1} s)", self.what);
    }
}

/// A line for what a reader should know but need not act on.
pub(crate) fn note(text: impl AsRef<str>) {
    eprintln!("note  {}", text.as_ref());
}

/// A line that opens a part of the work whose own output follows.
pub(crate) fn head(text: impl AsRef<str>) {
    eprintln!("----  {}", text.as_ref());
}
