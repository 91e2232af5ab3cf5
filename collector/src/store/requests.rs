//! Rights that a person answers: asked for by visitors, answered by members before their date.

use candor_protocol::{Correction, MyRequest, Purpose, RequestState, Right, Timestamp};
use uuid::Uuid;

use super::{
    ReporterHash, Scope, Store, StoreError, audit,
    correcting::{Hand, Waiting, put_right},
    erasing,
    rights::{of_site, unknown},
    seal,
    sql::{Connection, OptionalExtension as _, Row},
};
use crate::audit::{Act, Actor, Entry};

/// A request as members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// As the visitor sees it.
    pub request: MyRequest,
    /// The site that it is about.
    pub site: Uuid,
    /// Who asked.
    pub reporter: ReporterHash,
}

/// How a member ends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Does what was asked for.
    Do,
    /// Refuses it, for this reason; the visitor is told.
    Refuse(String),
}

impl Store {
    /// The requests of a member's sites: open ones first, by their due date, then those that were answered.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn requests(&self, member: Uuid, limit: u32) -> Result<Vec<RequestLine>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut statement = connection.prepare_cached(&format!(
                    "SELECT {REQUEST}, site, reporter FROM request
                     WHERE site IN (SELECT site FROM membership WHERE member = ?1)
                     ORDER BY state <> 'open', due, id DESC LIMIT ?2"
                ))?;
                let mut rows = statement.query((member.as_bytes(), limit))?;
                let mut lines = Vec::new();
                while let Some(row) = rows.next()? {
                    lines.push(RequestLine {
                        request: request(&row)?,
                        site: Uuid::from_bytes(row.get(9)?),
                        reporter: ReporterHash(row.get(10)?),
                    });
                }
                Ok(lines)
            })
            .await
    }

    /// An open request of one of the member's sites.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn open_request(&self, member: Uuid, id: Uuid) -> Result<Option<RequestLine>, StoreError> {
        self.readers
            .read(move |connection| Ok(open_request(connection, member, id)?.map(|(line, _)| line)))
            .await
    }

    /// What an open request for correction of one of the member's sites wants to have put right.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn wanted(&self, member: Uuid, id: Uuid) -> Result<Option<Correction>, StoreError> {
        let vault = self.vault.clone();
        self.readers
            .read_together(move |connection| {
                let Some((line, Some(wanted))) = open_request(connection, member, id)? else {
                    return Ok(None);
                };
                let Some(report) = line.request.report else { return Ok(None) };
                let Some(keys) = seal::keys(connection, &vault, report)? else { return Ok(None) };
                Ok(Some(Waiting::from_bytes(&wanted).open(id, &keys)?))
            })
            .await
    }

    /// Ends an open request of one of the member's sites. `false` when there is none.
    ///
    /// # Errors
    /// Nothing has changed. `Conflict` when something is to be erased that is under a legal hold.
    pub async fn answer(
        &self,
        member: Uuid,
        id: Uuid,
        answer: Answer,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (key, vault) = (self.key.clone(), self.vault.clone());
        let answered = self.writer.write(move |connection| {
            lock(connection, id)?;
            let Some((line, wanted)) = open_request(connection, member, id)? else { return Ok(false) };
            let RequestLine { request, site, reporter: who } = line;
            erasing::lock_visitor(connection, who)?;
            let scope = request.report.map_or(Scope::Everything, Scope::Report);
            let (state, said) = match &answer {
                Answer::Refuse(why) => (RequestState::Refused, Some(why.clone())),
                Answer::Do => (RequestState::Done, None),
            };
            if answer == Answer::Do {
                let theirs = of_site(connection, who, site, scope)?;
                match request.right {
                    Right::Erase if theirs.iter().any(|report| report.is_held) => {
                        return Err(StoreError::Conflict(HELD));
                    }
                    Right::Erase => {
                        let ids = theirs.iter().map(|report| report.id);
                        erasing::reports(connection, &vault, (who, site), scope, ids, now)?;
                    }
                    Right::Correct => {
                        if let (Some(wanted), Some(report)) = (wanted, request.report)
                            && let Some(keys) = seal::keys(connection, &vault, report)?
                        {
                            let correction = Waiting::from_bytes(&wanted).open(id, &keys)?;
                            let hand = Hand { vault: &vault, key: &key, site };
                            put_right(connection, hand, report, &correction, now)?;
                        }
                    }
                    Right::Access | Right::Restrict | Right::Object | Right::Withdraw => {}
                }
            }
            connection
                .prepare_cached(
                    "UPDATE request SET state = ?2, answer = ?3, answered_at = ?4, body = NULL WHERE id = ?1",
                )?
                .execute((id.as_bytes(), state.as_str(), &said, now.unix_ms()))?;
            let subject = format!("request:{id} {} {}", request.right.as_str(), state.as_str());
            let actor = Actor::Member(member);
            let entry = Entry { at: now, actor, act: Act::Answered, site: Some(site), subject, why: said };
            audit::append(connection, &entry, &key)?;
            Ok(true)
        });
        let answered = answered.await?;
        self.writer.forget_log().await;
        Ok(answered)
    }

    /// Puts an open request off until `due`, for a reason that the visitor is told. `false` when there is none, or it was
    /// put off before.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn put_off(
        &self,
        member: Uuid,
        id: Uuid,
        due: Timestamp,
        reason: String,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = self.key.clone();
        self.writer
            .write(move |connection| {
                lock(connection, id)?;
                let Some((line, _)) = open_request(connection, member, id)? else { return Ok(false) };
                if line.request.extended_because.is_some() {
                    return Ok(false);
                }
                connection
                    .prepare_cached("UPDATE request SET due = ?2, extended_because = ?3 WHERE id = ?1")?
                    .execute((id.as_bytes(), due.unix_ms(), &reason))?;
                let entry = Entry {
                    at: now,
                    actor: Actor::Member(member),
                    act: Act::Extended,
                    site: Some(line.site),
                    subject: format!("request:{id}"),
                    why: Some(reason),
                };
                audit::append(connection, &entry, &key)?;
                Ok(true)
            })
            .await
    }
}

/// Nobody else answers the request before this transaction has ended.
fn lock(connection: &Connection, request: Uuid) -> Result<(), StoreError> {
    Ok(connection.lock("SELECT 1 FROM request WHERE id = ?1 /*pg FOR UPDATE*/", [request.as_bytes()])?)
}

/// What is asked for.
pub(super) struct Asked {
    pub(super) right: Right,
    pub(super) scope: Scope,
    /// Sealed; see [`Waiting`].
    pub(super) body: Option<Vec<u8>>,
    pub(super) due: Timestamp,
}

/// Why a request for erasure cannot be done now.
const HELD: &str = "a report of theirs is under a legal hold";

/// What was erased needs no answer any more: open requests about it are done.
pub(super) fn settle(
    connection: &Connection,
    who: ReporterHash,
    site: Uuid,
    scope: Scope,
    now: Timestamp,
) -> Result<(), StoreError> {
    let report = match scope {
        Scope::Everything => None,
        Scope::Report(report) => Some(report.into_bytes()),
    };
    connection
        .prepare_cached(
            "UPDATE request SET state = 'done', answered_at = ?4, body = NULL
             WHERE reporter = ?1 AND site = ?2 AND state = 'open' AND (report = ?3 OR ?3 IS NULL)",
        )?
        .execute((who.0, site.as_bytes(), report, now.unix_ms()))?;
    Ok(())
}

/// What was taken back needs not be put right any more: an open request that wants nothing else is done.
pub(super) fn forget(
    connection: &Connection,
    report: Uuid,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, body FROM request WHERE report = ?1 AND state = 'open' AND body IS NOT NULL
         /*pg FOR UPDATE*/",
    )?;
    let open = statement.query_map([report.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (id, body) in open.collect::<Result<Vec<([u8; 16], Vec<u8>)>, _>>()? {
        let mut waiting = Waiting::from_bytes(&body);
        waiting.forget(purpose);
        let rest = (!waiting.is_empty()).then(|| waiting.to_bytes());
        let (state, answered_at) = match &rest {
            Some(_) => (RequestState::Open, None),
            None => (RequestState::Done, Some(now.unix_ms())),
        };
        connection
            .prepare_cached("UPDATE request SET body = ?2, state = ?3, answered_at = ?4 WHERE id = ?1")?
            .execute((id, rest, state.as_str(), answered_at))?;
    }
    Ok(())
}

const REQUEST: &str = "id, \"right\", report, asked_at, due, state, extended_because, answer, body";

/// Makes a request, unless the same one is open already: then that is it.
pub(super) fn ask(
    connection: &Connection,
    who: ReporterHash,
    site: Uuid,
    id: Uuid,
    asked: Asked,
    now: Timestamp,
) -> Result<MyRequest, StoreError> {
    let report = match asked.scope {
        Scope::Everything => None,
        Scope::Report(report) => Some(report),
    };
    let open = connection
        .prepare_cached(&format!(
            "SELECT {REQUEST} FROM request WHERE reporter = ?1 AND site = ?2 AND state = 'open'
               AND \"right\" = ?3 AND report IS NOT DISTINCT FROM ?4 AND body IS NULL"
        ))?
        .query_row((who.0, site.as_bytes(), asked.right.as_str(), report.map(Uuid::into_bytes)), |row| {
            Ok(request(row))
        })
        .optional()?
        .transpose()?;
    if let Some(open) = open.filter(|_| asked.body.is_none()) {
        return Ok(open);
    }
    connection
        .prepare_cached(
            "INSERT INTO request (id, site, reporter, \"right\", report, body, asked_at, due, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open')",
        )?
        .execute((
            id.as_bytes(),
            site.as_bytes(),
            who.0,
            asked.right.as_str(),
            report.map(Uuid::into_bytes),
            asked.body,
            now.unix_ms(),
            asked.due.unix_ms(),
        ))?;
    Ok(MyRequest {
        id,
        right: asked.right,
        report,
        asked_at: now,
        due: asked.due,
        state: RequestState::Open,
        extended_because: None,
        answer: None,
    })
}

/// All that a visitor asked for, newest first.
pub(super) fn of_reporter(connection: &Connection, who: ReporterHash) -> Result<Vec<MyRequest>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {REQUEST} FROM request WHERE reporter = ?1 ORDER BY id DESC"))?;
    let mut rows = statement.query([who.0])?;
    let mut requests = Vec::new();
    while let Some(row) = rows.next()? {
        requests.push(request(&row)?);
    }
    Ok(requests)
}

/// An open request, and what it wants, sealed.
type Open = (RequestLine, Option<Vec<u8>>);

fn open_request(connection: &Connection, member: Uuid, id: Uuid) -> Result<Option<Open>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {REQUEST}, site, reporter FROM request WHERE id = ?1 AND state = 'open'
           AND site IN (SELECT site FROM membership WHERE member = ?2)"
    ))?;
    let mut rows = statement.query((id.as_bytes(), member.as_bytes()))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let line = RequestLine {
        request: request(&row)?,
        site: Uuid::from_bytes(row.get(9)?),
        reporter: ReporterHash(row.get(10)?),
    };
    Ok(Some((line, row.get(8)?)))
}

fn request(row: &Row<'_>) -> Result<MyRequest, StoreError> {
    let (right, state): (String, String) = (row.get(1)?, row.get(5)?);
    Ok(MyRequest {
        id: Uuid::from_bytes(row.get(0)?),
        right: Right::from_name(&right).ok_or_else(|| unknown("right"))?,
        report: row.get::<Option<[u8; 16]>>(2)?.map(Uuid::from_bytes),
        asked_at: Timestamp::from_unix_ms(row.get(3)?),
        due: Timestamp::from_unix_ms(row.get(4)?),
        state: RequestState::ALL
            .into_iter()
            .find(|known| known.as_str() == state)
            .ok_or_else(|| unknown("state"))?,
        extended_because: row.get(6)?,
        answer: row.get(7)?,
    })
}
