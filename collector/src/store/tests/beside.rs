//! Two programs on one server, the second of which begins when all of the first's work is done but its commit.

use super::*;

impl Bench {
    /// The commit waits until the second is done, or waits itself for what the first has locked.
    async fn crosswise<A, B>(
        &self,
        first: impl Future<Output = A>,
        second: impl Future<Output = B>,
    ) -> (A, B) {
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let (close, closed) = std::sync::mpsc::channel::<()>();
        let (arrive, arrived) = tokio::sync::oneshot::channel::<()>();
        let (opened, closed) = (Arc::new(Mutex::new(opened)), Arc::new(Mutex::new(closed)));
        let arrive = Arc::new(Mutex::new(Some(arrive)));
        // One unit holds the writer until the others have gathered behind it, so that those share a commit.
        let gate =
            self.store.writer.write(move |_| opened.lock().unwrap().recv().map_err(|_| StoreError::Full));
        let brake = self.store.writer.write(move |_| {
            if let Some(arrive) = arrive.lock().unwrap().take() {
                arrive.send(()).unwrap();
                closed.lock().unwrap().recv().unwrap();
            }
            Ok(())
        });
        let second = async {
            tokio::task::yield_now().await;
            open.send(()).unwrap();
            arrived.await.unwrap();
            let mut second = std::pin::pin!(second);
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
            loop {
                tokio::select! {
                    done = &mut second => {
                        close.send(()).unwrap();
                        return done;
                    }
                    () = tokio::time::sleep(std::time::Duration::from_millis(10)) => {}
                }
                if self.asked(|database| database.query_row(waiting, [], |row| row.get::<u64>(0)).unwrap())
                    > 0
                {
                    close.send(()).unwrap();
                    return second.await;
                }
            }
        };
        let (gate, first, brake, second) = tokio::join!(gate, first, brake, second);
        assert!(gate.is_ok() && brake.is_ok());
        (first, second)
    }
}

#[tokio::test]
async fn report_that_is_just_being_stored_elsewhere_is_erased_with_the_rest() {
    let bench = Bench::new().await;
    if bench.is_file() {
        // One program at a time writes to a file.
        return;
    }
    let other = bench.open(vault());
    bench.stored(admitted(1, "a", NOW)).await;
    let who = ReporterHash::of(REPORTER, &bench.store.key);
    let by = Actor::Visitor(who.pseudonym());
    let erase = other.erase(who, Scope::Everything, by, Uuid::from_u128(7), NOW);
    let (stored, erased) = bench.crosswise(bench.insert(admitted(2, "b", NOW)), erase).await;
    assert!(matches!(stored, Ok(Inserted::Stored(_))));
    assert_eq!(erased.unwrap().reports, 2);
    assert_eq!([bench.count("part"), bench.count("report WHERE erased_at IS NULL")], [0, 0]);
}

#[tokio::test]
async fn sweep_elsewhere_leaves_the_key_to_a_report_that_is_just_being_stored() {
    let bench = Bench::new().await;
    if bench.is_file() {
        // One program at a time writes to a file.
        return;
    }
    let other = bench.open(vault());
    bench.stored(admitted(1, "a", NOW)).await;
    let later = NOW.plus_days(365);
    let (stored, swept) = bench
        .crosswise(bench.insert(admitted(2, "b", later)), other.sweep(later, 100, &mut Walk::default()))
        .await;
    let Ok(Inserted::Stored(receipt)) = stored else { panic!("{stored:?}") };
    assert_eq!(swept.unwrap().reports, 1);
    let report = bench.store.report(MEMBER, receipt.report, later).await.unwrap().unwrap();
    assert_eq!(report.parts.len(), 3, "it opens under its reporter's key");
}

#[tokio::test]
async fn rows_of_the_log_that_two_programs_write_at_once_make_one_chain() {
    let bench = Bench::new().await;
    if bench.is_file() {
        // One program at a time writes to a file.
        return;
    }
    let other = bench.open(vault());
    let entry = |subject: &str| crate::audit::Entry {
        at: NOW,
        actor: Actor::Operator,
        act: crate::audit::Act::Accessed,
        site: None,
        subject: subject.into(),
        why: None,
    };
    let (one, two) = bench.crosswise(bench.store.note(entry("one")), other.note(entry("two"))).await;
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!(bench.store.verify_audit().await.unwrap().unwrap().0, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_read_together_is_of_one_moment() {
    let bench = Bench::new().await;
    let other = bench.open(vault());
    let who = ReporterHash::of(REPORTER, &bench.store.key);
    // Whoever reads the list reads these first, and their key.
    for n in 1001..=1040 {
        bench.stored(admitted_from(Uuid::from_u128(REPORTER.as_u128() + n), n, "a", NOW.plus_ms(1))).await;
    }
    let is_over = std::sync::atomic::AtomicBool::new(false);
    // Each time the reporter gets another key.
    let changing = async {
        for n in 1..=50 {
            bench.stored(admitted(n, "a", NOW)).await;
            let by = Actor::Operator;
            bench.store.erase(who, Scope::Everything, by, Uuid::from_u128(n), NOW).await.unwrap();
        }
        is_over.store(true, Ordering::SeqCst);
    };
    let reading = async {
        while !is_over.load(Ordering::SeqCst) {
            other.reports(all(), NOW).await.unwrap();
            other.own(who, Actor::Operator, NOW).await.unwrap();
        }
    };
    tokio::join!(changing, reading);
}
