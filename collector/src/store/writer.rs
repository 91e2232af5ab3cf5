//! The one thread that writes: it commits what has gathered in one transaction and answers each caller after it.
//!
//! On a server several collectors write at once, each with one such thread. Transactions are READ COMMITTED there: each
//! unit of work locks what it decides by before it reads it, or leaves the decision to a unique index. Where two wait
//! for each other all the same, one is told so, and its units are run again, each by itself.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::{mpsc, oneshot};

use super::{StoreError, sql::Connection};

/// Units of work that may wait; a caller beyond it waits for its place.
const QUEUE_MAX: usize = 4096;
/// Units of work in one commit.
const BATCH_MAX: usize = 512;

/// How often a unit that another collector was in the way of is run again.
const AGAIN_MAX: u32 = 6;
/// How long it waits for that at first; twice as long each time.
const AGAIN_AFTER: Duration = Duration::from_millis(5);

/// How long reports wait for a reader when the log is to be emptied.
const READER_PATIENCE: Duration = Duration::from_millis(50);

/// A handle on the writing thread. Dropping it lets the thread finish its queue, and waits for it.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Work>>>,
    thread: Option<JoinHandle<()>>,
    /// Whether the log is to be emptied after the next commit.
    forgets: Arc<AtomicBool>,
}

impl Writer {
    /// Starts the thread over its own connection, and over one that `reopen` makes when that is lost.
    pub(super) fn start(
        connection: Connection,
        reopen: impl Fn() -> Result<Connection, StoreError> + Send + 'static,
    ) -> Result<Self, StoreError> {
        let (queue, gathered) = mpsc::channel(QUEUE_MAX);
        let forgets = Arc::<AtomicBool>::default();
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn({
                let forgets = Arc::clone(&forgets);
                move || serve(connection, &reopen, gathered, &forgets)
            })
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { queue: Some(queue), thread: Some(thread), forgets })
    }

    /// Runs `work` in a transaction and returns once that is durable. When `work` fails, nothing of it stays, and
    /// what shares its commit is not touched. On a server it may be run several times: what came before is taken back
    /// then.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Clone + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unit = Unit { work: Some(work), result: None, reply };
        let gone = || StoreError::Unavailable("the writer has stopped".into());
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Box::new(unit)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Writer {
    /// The same for work that can be done again after it was taken back. It is cheaper: units that all can share their
    /// commit without a savepoint each, for which SQLite would copy every page that they touch.
    pub(super) async fn write_again<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let unit = Repeatable { work, result: None, reply };
        let gone = || StoreError::Unavailable("the writer has stopped".into());
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Box::new(unit)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was answered with an error where it happened.
            let _ = thread.join();
        }
    }
}

impl Writer {
    /// Empties the write-ahead log, so that what was overwritten in the database is not to be found there either. A
    /// reader in the middle of a long read puts it off until after a later commit.
    pub(super) async fn forget_log(&self) {
        self.forgets.store(true, Ordering::Release);
        // Nothing to do, but a batch to come after.
        drop(self.write(|_| Ok(())).await);
    }
}

trait Work: Send {
    /// Whether the work can be done again after it was taken back.
    fn can_repeat(&self) -> bool;
    /// Does the work and remembers the result; the error, if it failed.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Whether another collector was in its way.
    fn is_contended(&self) -> bool;
    /// Tells the caller: its result if the commit is durable, else why not.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Unit<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Unit<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, StoreError> + Clone + Send,
{
    fn can_repeat(&self) -> bool {
        false
    }

    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        // Where nobody else writes, once is enough.
        let work = if connection.is_shared() { self.work.clone() } else { self.work.take() };
        let Some(work) = work else { return Ok(()) };
        attempt(&mut self.result, || work(connection))
    }

    fn is_contended(&self) -> bool {
        matches!(self.result, Some(Err(StoreError::Contended)))
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        tell(self.reply, self.result, commit);
    }
}

struct Repeatable<T, F> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Repeatable<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, StoreError> + Send,
{
    fn can_repeat(&self) -> bool {
        true
    }

    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        attempt(&mut self.result, || (self.work)(connection))
    }

    fn is_contended(&self) -> bool {
        matches!(self.result, Some(Err(StoreError::Contended)))
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        tell(self.reply, self.result, commit);
    }
}

fn attempt<T>(
    kept: &mut Option<Result<T, StoreError>>,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<(), StoreError> {
    let result = catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(StoreError::Fault("a unit of work panicked".into())));
    let outcome = result.as_ref().map(|_| ()).map_err(Clone::clone);
    *kept = Some(result);
    outcome
}

fn tell<T>(
    reply: oneshot::Sender<Result<T, StoreError>>,
    result: Option<Result<T, StoreError>>,
    commit: Result<(), StoreError>,
) {
    let result = match (result, commit) {
        (Some(Ok(value)), Ok(())) => Ok(value),
        (Some(Err(error)), _) | (_, Err(error)) => Err(error),
        (None, Ok(())) => Err(StoreError::Fault("a unit of work was passed over".into())),
    };
    // A caller that went away has no use for the answer.
    let _ = reply.send(result);
}

type Reopen = dyn Fn() -> Result<Connection, StoreError>;

fn serve(
    mut connection: Connection,
    reopen: &Reopen,
    mut gathered: mpsc::Receiver<Box<dyn Work>>,
    forgets: &AtomicBool,
) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while gathered.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
        let committed = settle(&mut connection, reopen, &mut batch);
        if forgets.swap(false, Ordering::AcqRel) && !connection.is_log_empty(READER_PATIENCE) {
            forgets.store(true, Ordering::Release);
        }
        let mut again = Vec::new();
        for unit in batch.drain(..) {
            let was_contended = match &committed {
                Ok(()) => unit.is_contended(),
                Err(error) => matches!(error, StoreError::Contended),
            };
            if was_contended {
                again.push(unit);
            } else {
                unit.answer(committed.clone());
            }
        }
        for mut unit in again {
            let committed = persist(&mut connection, reopen, &mut unit);
            unit.answer(committed);
        }
    }
}

/// Runs one unit by itself until nobody is in its way, or often enough.
fn persist(connection: &mut Connection, reopen: &Reopen, unit: &mut Box<dyn Work>) -> Result<(), StoreError> {
    let mut committed = Err(StoreError::Contended);
    for time in 0..AGAIN_MAX {
        std::thread::sleep(AGAIN_AFTER * 2_u32.pow(time));
        committed = settle(connection, reopen, std::slice::from_mut(unit));
        let is_in_the_way = matches!(committed, Err(StoreError::Contended)) || unit.is_contended();
        if !is_in_the_way {
            break;
        }
    }
    committed
}

/// Commits a batch, or takes all of it back. A line that was cut before is replaced first; one that is cut in the middle
/// makes the whole batch `Unavailable`: what of it is durable nobody knows, and a retry finds out.
fn settle(
    connection: &mut Connection,
    reopen: &Reopen,
    batch: &mut [Box<dyn Work>],
) -> Result<(), StoreError> {
    if connection.is_lost() {
        *connection = reopen()?;
    }
    if let Err(error) = connection.begin() {
        if !connection.is_lost() {
            return Err(error.into());
        }
        // It was cut while nothing was to be done.
        *connection = reopen()?;
        connection.begin()?;
    }
    let committed = commit(connection, batch);
    if committed.is_err() && !connection.is_lost() {
        // What is wrong with it is said by the first error.
        let _ = connection.roll_back();
    }
    committed
}

/// One transaction for all, which has begun. Units that can be repeated are run one after the other; where one fails, and
/// where one cannot be repeated, there is a mark before each, so that what fails takes only itself back.
fn commit(connection: &Connection, batch: &mut [Box<dyn Work>]) -> Result<(), StoreError> {
    if let ([alone], false) = (&mut *batch, connection.is_shared()) {
        // Its error is its own answer; the transaction goes with it.
        return alone.run(connection).and_then(|()| Ok(connection.commit()?));
    }
    if batch.iter().all(|unit| unit.can_repeat()) {
        if batch.iter_mut().all(|unit| unit.run(connection).is_ok()) {
            return Ok(connection.commit()?);
        }
        if connection.is_lost() {
            return Err(StoreError::Unavailable("the line to the database was cut".into()));
        }
        connection.roll_back()?;
        connection.begin()?;
    }
    for (at, unit) in batch.iter_mut().enumerate() {
        connection.enter_unit(at)?;
        if let Err(error) = unit.run(connection) {
            if connection.has_lost_transaction() {
                return Err(error);
            }
            connection.back_to_mark()?;
        }
        connection.leave_unit()?;
    }
    Ok(connection.commit()?)
}
