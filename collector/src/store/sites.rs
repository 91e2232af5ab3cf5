//! Sites and the versions of their policies.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use candor_protocol::{Form, Grants, Look, Policy, Timestamp};
use uuid::Uuid;

use super::{
    Store, StoreError, audit,
    shortening::shorten,
    sql::{Connection, Counter, OptionalExtension as _, Row},
};
use crate::audit::{Act, Actor, Entry};

/// Milliseconds after which another program's change to a site is seen at the latest.
const FRESH_MS: i64 = 1000;

/// One web property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its key.
    pub id: Uuid,
    /// What the owner calls it.
    pub name: String,
    /// The origins of its pages, `https://shop.example`.
    pub origins: Vec<String>,
    /// How the widget looks.
    pub look: Look,
    /// What the form asks.
    pub form: Form,
    /// The policy in force.
    pub policy: Policy,
    /// Since when it takes nothing any more.
    pub closed_at: Option<Timestamp>,
    /// How it ends, or would.
    pub closing: Closing,
    /// Since when nothing of it is anybody's any more.
    pub anonymised_at: Option<Timestamp>,
    /// What becomes of its messages at their date.
    pub at_end: AtEnd,
    /// How soon the rights that may wait take effect.
    pub grants: Grants,
}

/// What a site begins with.
#[derive(Clone, Debug)]
pub struct NewSite {
    /// Its key.
    pub id: Uuid,
    /// What the owner calls it.
    pub name: String,
    /// The origins of its pages.
    pub origins: Vec<String>,
    /// How the widget looks.
    pub look: Look,
    /// What the form asks.
    pub form: Form,
    /// The first policy; its version is 1 whatever it says.
    pub policy: Policy,
}

/// What is to be different about a site; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct SiteChange {
    /// Another name.
    pub name: Option<String>,
    /// Other origins.
    pub origins: Option<Vec<String>>,
    /// Another look.
    pub look: Option<Look>,
    /// Another form.
    pub form: Option<Form>,
    /// Another policy. It gets the next version, unless it says what the one in force says.
    pub policy: Option<Policy>,
    /// Closed since, or open.
    pub closed_at: Option<Option<Timestamp>>,
    /// Another way to end.
    pub closing: Option<Closing>,
    /// Another end for messages.
    pub at_end: Option<AtEnd>,
    /// Other grants.
    pub grants: Option<Grants>,
}

/// What becomes of a message at its date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtEnd {
    /// It is deleted.
    #[default]
    Delete,
    /// The bare words stay, tied to nobody.
    Anonymise,
}

impl AtEnd {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Delete, Self::Anonymise];

    /// The name in the database and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Anonymise => "anonymise",
        }
    }
}

/// How a site ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Days in which it can be undone; then its visitors are made anonymous.
    pub grace_days: u16,
    /// Whether the owner has looked through the messages and keeps them.
    pub keeps_messages: bool,
}

/// All sites, as they were at one moment.
#[derive(Debug, Default)]
pub struct Directory {
    version: i64,
    sites: HashMap<Uuid, Arc<Site>>,
    origins: HashSet<String>,
}

impl Directory {
    /// The site with this key.
    #[must_use]
    pub fn site(&self, id: Uuid) -> Option<&Arc<Site>> {
        self.sites.get(&id)
    }

    /// Whether any site has this origin.
    #[must_use]
    pub fn knows_origin(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// All sites, by name.
    #[must_use]
    pub fn sites(&self) -> Vec<&Arc<Site>> {
        let mut sites: Vec<_> = self.sites.values().collect();
        sites.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        sites
    }
}

#[derive(Debug, Default)]
pub(super) struct Cache(RwLock<Option<(Timestamp, Arc<Directory>)>>);

impl Cache {
    fn fresh(&self, now: Timestamp) -> Option<Arc<Directory>> {
        let cached = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (read_at, directory) = cached.as_ref()?;
        (0..FRESH_MS).contains(&now.ms_since(*read_at)).then(|| Arc::clone(directory))
    }

    fn any(&self) -> Option<Arc<Directory>> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(|(_, directory)| Arc::clone(directory))
    }

    fn put(&self, cached: Option<(Timestamp, Arc<Directory>)>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = cached;
    }
}

impl Store {
    /// The sites, at most a second old; this program's own changes are in it at once.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn directory(&self, now: Timestamp) -> Result<Arc<Directory>, StoreError> {
        if let Some(fresh) = self.cache.fresh(now) {
            return Ok(fresh);
        }
        self.directory_anew(now).await
    }

    /// The sites as they are at this moment.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn directory_anew(&self, now: Timestamp) -> Result<Arc<Directory>, StoreError> {
        let known = self.cache.any();
        let directory = self.readers.read(move |connection| load(connection, known)).await?;
        self.cache.put(Some((now, Arc::clone(&directory))));
        Ok(directory)
    }

    /// Every policy that was ever in force on a site, with the moment from which it was, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn policies(&self, site: Uuid) -> Result<Vec<(Timestamp, Policy)>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut statement = connection
                    .prepare_cached("SELECT since, body FROM policy WHERE site = ?1 ORDER BY version DESC")?;
                let rows = statement.query_map([site.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.map(|row| {
                    let (since, body): (i64, String) = row?;
                    Ok((Timestamp::from_unix_ms(since), serde_json::from_str(&body)?))
                })
                .collect()
            })
            .await
    }

    /// Adds a site with its first policy.
    ///
    /// # Errors
    /// The id is taken, or the database cannot be written.
    pub async fn add_site(&self, site: NewSite, now: Timestamp) -> Result<(), StoreError> {
        let added = self.writer.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO site (id, name, origins, look, form, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((
                    site.id.as_bytes(),
                    &site.name,
                    serde_json::to_string(&site.origins)?,
                    serde_json::to_string(&site.look)?,
                    serde_json::to_string(&site.form)?,
                    now.unix_ms(),
                ))?;
            put_policy(connection, site.id, Policy { version: 1, ..site.policy }, now)?;
            touch(connection)
        });
        let added = added.await;
        self.cache.put(None);
        added
    }

    /// Changes a site and returns it as it is now; `None` when there is no such site.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn change_site(
        &self,
        id: Uuid,
        change: SiteChange,
        now: Timestamp,
    ) -> Result<Option<Site>, StoreError> {
        let key = self.key.clone();
        let changed = self.writer.write(move |connection| {
            let log = |act, subject: String| {
                let entry = Entry { at: now, actor: Actor::Operator, act, site: Some(id), subject, why: None };
                audit::append(connection, &entry, &key)
            };
            connection.lock("SELECT 1 FROM site WHERE id = ?1 /*pg FOR NO KEY UPDATE*/", [id.as_bytes()])?;
            let Some(mut site) = find(connection, id)? else { return Ok(None) };
            site.name = change.name.unwrap_or(site.name);
            site.origins = change.origins.unwrap_or(site.origins);
            site.look = change.look.unwrap_or(site.look);
            site.form = change.form.unwrap_or(site.form);
            if let Some(closed_at) = change.closed_at
                && closed_at.is_some() != site.closed_at.is_some()
            {
                let act = if closed_at.is_some() { Act::SiteClosed } else { Act::SiteReopened };
                log(act, String::new())?;
                site.closed_at = closed_at;
                // What comes after a reopening is somebody's again.
                site.anonymised_at = None;
            }
            site.closing = change.closing.unwrap_or(site.closing);
            site.at_end = change.at_end.unwrap_or(site.at_end);
            site.grants = change.grants.unwrap_or(site.grants);
            connection
                .prepare_cached(
                    "UPDATE site SET name = ?2, origins = ?3, look = ?4, form = ?5, closed_at = ?6, grace_days = ?7,
                         keeps_messages = ?8, anonymised_at = ?9, at_end = ?10, grants = ?11 WHERE id = ?1",
                )?
                .execute((
                    site.id.as_bytes(),
                    &site.name,
                    serde_json::to_string(&site.origins)?,
                    serde_json::to_string(&site.look)?,
                    serde_json::to_string(&site.form)?,
                    site.closed_at.map(Timestamp::unix_ms),
                    site.closing.grace_days,
                    site.closing.keeps_messages,
                    site.anonymised_at.map(Timestamp::unix_ms),
                    site.at_end.as_str(),
                    serde_json::to_string(&site.grants)?,
                ))?;
            if let Some(policy) = change.policy {
                let same = Policy { version: site.policy.version, ..policy };
                if same != site.policy {
                    site.policy = Policy { version: site.policy.version + 1, ..same };
                    put_policy(connection, site.id, site.policy.clone(), now)?;
                    shorten(connection, (site.id, &site.policy), (Uuid::nil(), Uuid::max()))?;
                    log(Act::PolicyChanged, format!("version {}", site.policy.version))?;
                }
            }
            touch(connection)?;
            Ok(Some(site))
        });
        let changed = changed.await;
        self.cache.put(None);
        changed
    }
}

impl Store {
    /// Says whether the bare words of a closed site's messages stay. `false` where its days of grace do not run.
    ///
    /// # Errors
    /// Nothing has changed.
    pub async fn keep_messages(
        &self,
        id: Uuid,
        keeps: bool,
        actor: Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = self.key.clone();
        let kept = self.writer.write(move |connection| {
            connection.lock("SELECT 1 FROM site WHERE id = ?1 /*pg FOR NO KEY UPDATE*/", [id.as_bytes()])?;
            let site = find(connection, id)?;
            if site.and_then(|site| site.ends_at()).is_none_or(|ends| ends <= now) {
                return Ok(false);
            }
            connection
                .prepare_cached("UPDATE site SET keeps_messages = ?2 WHERE id = ?1")?
                .execute((id.as_bytes(), keeps))?;
            let subject = if keeps { "messages kept" } else { "messages deleted" };
            let (act, subject) = (Act::ClosingDecided, subject.to_owned());
            audit::append(
                connection,
                &Entry { at: now, actor, act, site: Some(id), subject, why: None },
                &key,
            )?;
            touch(connection)?;
            Ok(true)
        });
        let kept = kept.await;
        self.cache.put(None);
        kept
    }
}

impl Site {
    /// When a closed site's visitors are made anonymous; nothing once they were.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        let closed_at = self.closed_at.filter(|_| self.anonymised_at.is_none());
        closed_at.map(|closed_at| closed_at.plus_days(self.closing.grace_days))
    }
}

const SITES: &str = "SELECT site.id, name, origins, look, form, closed_at, policy.body,
    grace_days, keeps_messages, anonymised_at, at_end, grants
    FROM site JOIN policy ON policy.site = site.id
    WHERE policy.version = (SELECT max(version) FROM policy WHERE site = site.id)";

fn load(connection: &Connection, known: Option<Arc<Directory>>) -> Result<Arc<Directory>, StoreError> {
    let Counter(version) = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'sites_version'")?
        .query_row([], |row| row.get(0))?;
    if let Some(known) = known
        && known.version == version
    {
        return Ok(known);
    }
    let mut directory = Directory { version, ..Directory::default() };
    let mut statement = connection.prepare(SITES)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let site = read(&row)?;
        directory.origins.extend(site.origins.iter().cloned());
        directory.sites.insert(site.id, Arc::new(site));
    }
    Ok(Arc::new(directory))
}

fn find(connection: &Connection, id: Uuid) -> Result<Option<Site>, StoreError> {
    let mut statement = connection.prepare_cached(&[SITES, " AND site.id = ?1"].concat())?;
    statement.query_row([id.as_bytes()], |row| Ok(read(row))).optional()?.transpose()
}

fn read(row: &Row<'_>) -> Result<Site, StoreError> {
    let json = |at: usize| -> Result<String, StoreError> { Ok(row.get(at)?) };
    Ok(Site {
        id: Uuid::from_bytes(row.get(0)?),
        name: row.get(1)?,
        origins: serde_json::from_str(&json(2)?)?,
        look: serde_json::from_str(&json(3)?)?,
        form: serde_json::from_str(&json(4)?)?,
        closed_at: row.get::<Option<i64>>(5)?.map(Timestamp::from_unix_ms),
        policy: serde_json::from_str(&json(6)?)?,
        closing: Closing { grace_days: row.get(7)?, keeps_messages: row.get(8)? },
        anonymised_at: row.get::<Option<i64>>(9)?.map(Timestamp::from_unix_ms),
        at_end: {
            let name = json(10)?;
            let known = AtEnd::ALL.into_iter().find(|known| known.as_str() == name);
            known.ok_or_else(|| StoreError::Fault("a site ends in a way that does not exist".into()))?
        },
        grants: serde_json::from_str(&json(11)?)?,
    })
}

fn put_policy(connection: &Connection, site: Uuid, policy: Policy, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO policy (site, version, body, since) VALUES (?1, ?2, ?3, ?4)")?
        .execute((site.as_bytes(), policy.version, serde_json::to_string(&policy)?, now.unix_ms()))?;
    Ok(())
}

/// Tells every collector on this database that the sites are different now.
fn touch(connection: &Connection) -> Result<(), StoreError> {
    let Counter(version) = connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'sites_version' /*pg FOR UPDATE*/")?
        .query_row([], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE meta SET value = ?1 WHERE name = 'sites_version'")?
        .execute([Counter(version + 1)])?;
    Ok(())
}
