//! How the database gets at what is asked for again and again: by an index, so that it costs the same however much is
//! stored.

use super::*;

impl Bench {
    /// The steps of SQLite's plan for a statement. A server plans by what is in its tables, and these are empty.
    fn plan(&self, sql: &str) -> Vec<String> {
        let database = rusqlite::Connection::open(self.folder.path().join("candor.sqlite")).unwrap();
        let mut plan = database.prepare(&["EXPLAIN QUERY PLAN ", sql].concat()).unwrap();
        // What the parameters hold makes no difference to it.
        let steps = plan.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
        steps.unwrap()
    }
}

#[tokio::test]
async fn nothing_that_is_asked_often_goes_through_a_table() {
    let bench = Bench::new().await;
    if !bench.is_file() {
        return;
    }
    let windows = sweep::Sort::ALL.map(|sort| sweep::Window::sql(sort.date()));
    let asked = [
        inserting::KNOWN,
        reports::LINES,
        reports::LINES_OF_KIND,
        reports::MAY_SEE,
        reports::WHOLE,
        words::WALK,
        anonymous::MESSAGES,
        anonymous::THEIRS,
        loose::CLAIM,
    ];
    let deleted = sweep::Sort::ALL.map(sweep::Sort::sql);
    for sql in asked.into_iter().chain(deleted).chain(windows.iter().map(String::as_str)) {
        let steps = bench.plan(sql);
        // What a subquery found is gone through, and there are few sites.
        let is_scan =
            |step: &&String| step.starts_with("SCAN") && !["SCAN due", "SCAN site"].contains(&step.as_str());
        assert_eq!(steps.iter().find(is_scan), None, "{sql}: {steps:#?}");
    }
}

#[tokio::test]
async fn pages_are_read_from_an_index_and_never_sorted() {
    let bench = Bench::new().await;
    if !bench.is_file() {
        return;
    }
    for (sql, index) in [
        (reports::LINES, "report_by_site (site=? AND id<?)"),
        (reports::LINES_OF_KIND, "report_by_kind (site=? AND kind=? AND id<?)"),
        (words::WALK, "PRIMARY KEY (site=? AND report<?)"),
        (anonymous::THEIRS, "report_by_site (site=? AND id>?)"),
    ] {
        let steps = bench.plan(sql);
        assert!(steps.iter().any(|step| step.contains(index)), "{sql}: {steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}: {steps:#?}");
    }
}
