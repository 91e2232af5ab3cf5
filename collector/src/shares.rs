//! A bound on what is being worked on at the same time, of which nobody gets all.
//!
//! Whoever comes gets a place as long as they hold fewer than there are free. One alone gets half; beside them there is
//! always room for somebody else (the dynamic threshold of switches with shared memory).

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The places, and who holds how many.
#[derive(Debug)]
pub(crate) struct Shares<K> {
    most: usize,
    held: Mutex<Held<K>>,
}

#[derive(Debug)]
struct Held<K> {
    all: usize,
    of: HashMap<K, usize>,
}

/// A place; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Share<K: Copy + Eq + Hash> {
    shares: Arc<Shares<K>>,
    of: K,
}

impl<K: Copy + Eq + Hash> Shares<K> {
    /// So many places, all free.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::new(Held { all: 0, of: HashMap::new() }) })
    }

    /// A place for `of`; `None` when they hold as many as there are free.
    pub(crate) fn begin(self: &Arc<Self>, of: K) -> Option<Share<K>> {
        let mut held = self.lock();
        let own = held.of.get(&of).copied().unwrap_or(0);
        if own >= self.most.saturating_sub(held.all) {
            return None;
        }
        held.all += 1;
        held.of.insert(of, own + 1);
        drop(held);
        Some(Share { shares: Arc::clone(self), of })
    }

    fn lock(&self) -> MutexGuard<'_, Held<K>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        let mut held = self.shares.lock();
        held.all -= 1;
        if let Some(own) = held.of.get_mut(&self.of) {
            *own -= 1;
            if *own == 0 {
                held.of.remove(&self.of);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_gets_half_and_others_find_room_beside_them() {
        let shares = Shares::new(8);
        let flood: Vec<_> = (0..100).map_while(|_| shares.begin("flood")).collect();
        assert_eq!(flood.len(), 4);
        let second: Vec<_> = (0..100).map_while(|_| shares.begin("second")).collect();
        assert_eq!(second.len(), 2);
        assert!(shares.begin("third").is_some());
        drop(flood);
        assert!(shares.begin("flood").is_some());
        drop(second);
        assert!(shares.lock().of.is_empty(), "nobody is remembered");
        assert_eq!(shares.lock().all, 0);
    }
}
