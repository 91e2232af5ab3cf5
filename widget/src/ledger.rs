//! All that the widget keeps in the visitor's browser: the only module that touches localStorage.

use std::cell::RefCell;

use candor_protocol::{LedgerKey, Timestamp};
use uuid::Uuid;
use wasm_bindgen::JsValue;

use crate::value::uuid;

/// The keys of one site. Where the browser refuses to store, or the tag says `data-storage="none"`, they live in
/// memory until the page goes.
pub(crate) struct Ledger {
    site: Uuid,
    storage: Option<web_sys::Storage>,
    memory: RefCell<Vec<(LedgerKey, String)>>,
}

impl Ledger {
    /// Opens the ledger without writing anything.
    pub(crate) fn open(site: Uuid, may_store: bool) -> Self {
        // The getter itself throws in sandboxed frames and where site data is blocked.
        let storage = may_store.then(|| crate::dom::window().local_storage().ok().flatten()).flatten();
        Self { site, storage, memory: RefCell::default() }
    }

    /// What is kept under `key`.
    pub(crate) fn get(&self, key: LedgerKey) -> Option<String> {
        let name = key.storage_key(self.site);
        let stored = self.storage.as_ref().and_then(|storage| storage.get_item(&name).ok().flatten());
        stored.or_else(|| {
            self.memory.borrow().iter().find(|(held, _)| *held == key).map(|(_, value)| value.clone())
        })
    }

    /// Keeps `value` under `key`; in memory where the quota is used up.
    pub(crate) fn put(&self, key: LedgerKey, value: &str) {
        let name = key.storage_key(self.site);
        if self.storage.as_ref().is_none_or(|storage| storage.set_item(&name, value).is_err()) {
            let mut memory = self.memory.borrow_mut();
            memory.retain(|(held, _)| *held != key);
            memory.push((key, value.into()));
        }
    }

    /// Forgets what is kept under `key`.
    pub(crate) fn remove(&self, key: LedgerKey) {
        let name = key.storage_key(self.site);
        if let Some(storage) = &self.storage {
            drop(storage.remove_item(&name));
        }
        self.memory.borrow_mut().retain(|(held, _)| *held != key);
    }

    /// All keys that hold something, with their values.
    pub(crate) fn list(&self) -> Vec<(LedgerKey, String)> {
        LedgerKey::ALL.iter().filter_map(|key| self.get(*key).map(|value| (*key, value))).collect()
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        LedgerKey::ALL.iter().for_each(|key| self.remove(*key));
    }

    /// Forgets what has been kept for its whole lifetime, counted from the consent that let it be written.
    pub(crate) fn expire(&self, consent_at: Timestamp, now: Timestamp) {
        for key in LedgerKey::ALL {
            if key.kept_days().is_some_and(|days| consent_at.plus_days(days) <= now) {
                self.remove(*key);
            }
        }
    }

    /// The reporter id, made from `fresh` if there is none yet.
    pub(crate) fn reporter(&self, fresh: Uuid) -> Uuid {
        if let Some(known) = self.get(LedgerKey::Reporter).and_then(|text| uuid(&text)) {
            return known;
        }
        self.put(LedgerKey::Reporter, fresh.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        fresh
    }

    /// The name that a visitor sees in the browser's own tools.
    pub(crate) fn name(&self, key: LedgerKey) -> String {
        key.storage_key(self.site)
    }
}

/// A random UUID, version 4.
pub(crate) fn fresh_id() -> Result<Uuid, JsValue> {
    Ok(uuid::Builder::from_random_bytes(random()?).into_uuid())
}

/// A UUID for what is sent at this moment, version 7: what comes one after another lies side by side where it is kept.
pub(crate) fn submission_id(now: Timestamp) -> Result<Uuid, JsValue> {
    let since_1970 = u64::try_from(now.unix_ms()).unwrap_or(0);
    Ok(uuid::Builder::from_unix_timestamp_millis(since_1970, &random()?).into_uuid())
}

fn random<const N: usize>() -> Result<[u8; N], JsValue> {
    let mut bytes = [0; N];
    // Not `randomUUID`: it is missing on pages without TLS.
    crate::dom::window().crypto()?.get_random_values_with_u8_array(&mut bytes)?;
    Ok(bytes)
}
