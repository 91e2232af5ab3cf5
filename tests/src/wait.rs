//! Waiting for what a browser or a server does in its own time.

use std::time::Duration;

use anyhow::{Result, bail};

/// When waiting turns into failure. It bounds a hang, it measures nothing: no journey asserts how fast something is.
const DEADLINE: Duration = Duration::from_secs(30);
/// The same for a browser that has to start: on two cores with much else to do, Firefox has needed half a minute.
pub(crate) const STARTING: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(40);

/// Asks again and again until there is an answer.
///
/// # Errors
/// There was none by the deadline; the error says what was waited for, and the last problem if asking itself failed.
pub async fn until<T>(what: &str, ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    within(DEADLINE, what, ask).await
}

/// The same with another deadline.
pub(crate) async fn within<T>(
    deadline: Duration,
    what: &str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut problem = None;
    let asking = async {
        loop {
            let asked = ask().await;
            problem = match asked {
                Ok(Some(answer)) => return answer,
                Ok(None) => None,
                Err(error) => Some(error),
            };
            tokio::time::sleep(PAUSE).await;
        }
    };
    match tokio::time::timeout(deadline, asking).await {
        Ok(answer) => Ok(answer),
        Err(_) => match problem {
            Some(problem) => Err(problem.context(format!("waited in vain: {what}"))),
            None => bail!("waited in vain: {what}"),
        },
    }
}
