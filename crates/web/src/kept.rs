//! Values that take long to make: made once in the background, kept, and made again when what they are made from has changed.
//! A page waits for one only a moment; after that it shows what it has, and says so.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How many values are kept.
const MOST: usize = 64;

/// What there is of a value.
#[derive(Debug)]
pub(crate) enum Held<T> {
    /// The value, up to date.
    Ready(Arc<T>),
    /// It is being made; here is how long that has taken, and the last value of an earlier state.
    Making(Duration, Option<Arc<T>>),
    /// It can't be made; a sentence for people.
    Failed(String),
}

/// Values by name.
pub(crate) struct Kept<T> {
    entries: Mutex<BTreeMap<String, Entry<T>>>,
    changed: Condvar,
    /// Held while a value is made: one at a time, so that memory is not needed several times over.
    turn: Mutex<()>,
}

struct Entry<T> {
    /// What the value is of, or, with `making`, is going to be of.
    state: u64,
    made: Option<Result<Arc<T>, String>>,
    /// The last good value of another state.
    older: Option<Arc<T>>,
    since: Instant,
    making: bool,
    took: Duration,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        let (entries, changed, turn) = Default::default();
        Self { entries, changed, turn }
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// The value of a name in a state; `make` is called in a thread of its own when there is none, and is waited for at most
    /// for `patience`. While one is being made, no other of its name is begun.
    pub(crate) fn get(
        self: &Arc<Self>,
        name: &str,
        state: u64,
        patience: Duration,
        make: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Held<T> {
        let end = Instant::now() + patience;
        let mut entries = self.lock();
        let known = entries.get(name);
        if known.is_none_or(|entry| !entry.making && entry.state != state) {
            let older = entries.remove(name).and_then(Entry::latest);
            let since = Instant::now();
            make_room(&mut entries);
            let begun = self.begin(name, make);
            let making = begun.is_ok();
            let made = begun.err().map(|error| Err(format!("the system gives no thread: {error}")));
            let entry = Entry { state, made, older, since, making, took: Duration::ZERO };
            entries.insert(name.to_owned(), entry);
        }
        loop {
            let now = Instant::now();
            let Some(entry) = entries.get(name) else {
                return Held::Failed("it could not be kept".to_owned());
            };
            if !entry.making || now >= end {
                return entry.held(state, now);
            }
            let waited = self.changed.wait_timeout(entries, end - now);
            entries = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The state to ask for, of a value that changes by itself: the next one once the last is older than ten times what it took to
    /// make, and than `least`.
    pub(crate) fn next_state(&self, name: &str, least: Duration) -> u64 {
        let entries = self.lock();
        let Some(entry) = entries.get(name) else { return 0 };
        let age = entry.since.elapsed().saturating_sub(entry.took);
        let fresh = entry.making || age < least.max(entry.took * 10);
        if fresh { entry.state } else { entry.state + 1 }
    }

    fn begin(
        self: &Arc<Self>,
        name: &str,
        make: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> io::Result<()> {
        let kept = Arc::clone(self);
        let name = name.to_owned();
        let work = move || {
            let turn = kept.turn.lock().unwrap_or_else(PoisonError::into_inner);
            let made = catch_unwind(AssertUnwindSafe(make));
            drop(turn);
            let fault = || "it could not be made; this is a fault in holometer".to_owned();
            kept.put(&name, made.unwrap_or_else(|_| Err(fault())));
        };
        thread::Builder::new().name("kept".to_owned()).spawn(work).map(drop)
    }

    fn put(&self, name: &str, made: Result<T, String>) {
        if let Some(entry) = self.lock().get_mut(name) {
            entry.made = Some(made.map(Arc::new));
            entry.making = false;
            entry.took = entry.since.elapsed();
        }
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry<T>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the oldest value where there are too many.
fn make_room<T>(entries: &mut BTreeMap<String, Entry<T>>) {
    while entries.len() >= MOST {
        let idle = entries.iter().filter(|(_, entry)| !entry.making);
        let oldest = idle.min_by_key(|(_, entry)| entry.since).map(|(name, _)| name.clone());
        let Some(oldest) = oldest else { return };
        entries.remove(&oldest);
    }
}

impl<T> Entry<T> {
    /// The last good value.
    fn latest(self) -> Option<Arc<T>> {
        match self.made {
            Some(Ok(value)) => Some(value),
            _ => self.older,
        }
    }

    fn held(&self, state: u64, now: Instant) -> Held<T> {
        match &self.made {
            Some(Ok(value)) if self.state == state => Held::Ready(Arc::clone(value)),
            Some(Err(why)) if self.state == state => Held::Failed(why.clone()),
            Some(Ok(value)) => Held::Making(now - self.since, Some(Arc::clone(value))),
            _ => Held::Making(now - self.since, self.older.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn ready<T>(held: Held<T>) -> Arc<T> {
        match held {
            Held::Ready(value) => value,
            Held::Making(..) => panic!("it is still being made"),
            Held::Failed(why) => panic!("{why}"),
        }
    }

    #[test]
    fn a_value_is_made_once_for_a_state() {
        let kept: Arc<Kept<u32>> = Arc::default();
        assert_eq!(*ready(kept.get("a", 1, LONG, || Ok(7))), 7);
        assert_eq!(*ready(kept.get("a", 1, LONG, || Err("made again".to_owned()))), 7);
        assert_eq!(*ready(kept.get("b", 1, LONG, || Ok(8))), 8);
        assert_eq!(*ready(kept.get("a", 2, LONG, || Ok(9))), 9);
    }

    #[test]
    fn who_does_not_wait_sees_the_earlier_value_until_the_new_one_is_there() {
        let kept: Arc<Kept<u32>> = Arc::default();
        assert_eq!(*ready(kept.get("a", 1, LONG, || Ok(7))), 7);
        let (go, going) = channel::<()>();
        let slow = move || {
            let _ = going.recv();
            Ok(8)
        };
        let Held::Making(_, Some(older)) = kept.get("a", 2, Duration::ZERO, slow) else {
            panic!("the value of another state was given as the present one");
        };
        assert_eq!(*older, 7);
        let second = kept.get("a", 3, Duration::ZERO, || Err("begun beside the first".to_owned()));
        assert!(matches!(second, Held::Making(_, Some(_))), "{second:?}");
        go.send(()).unwrap();
        assert_eq!(*ready(kept.get("a", 2, LONG, || Err("made again".to_owned()))), 8);
    }

    #[test]
    fn trouble_and_faults_are_said_and_tried_again_for_the_next_state() {
        let kept: Arc<Kept<u32>> = Arc::default();
        let failed = kept.get("a", 1, LONG, || Err("no scores".to_owned()));
        assert!(matches!(&failed, Held::Failed(why) if why == "no scores"), "{failed:?}");
        let fault = kept.get("a", 2, LONG, || panic!("a fault that the test makes"));
        assert!(matches!(&fault, Held::Failed(why) if why.contains("a fault")), "{fault:?}");
        assert_eq!(*ready(kept.get("a", 3, LONG, || Ok(1))), 1);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let kept: Arc<Kept<usize>> = Arc::default();
        for at in 0..MOST + 5 {
            ready(kept.get(&at.to_string(), 1, LONG, move || Ok(at)));
        }
        assert_eq!(kept.lock().len(), MOST);
        let again = kept.get("0", 1, LONG, || Ok(99));
        assert_eq!(*ready(again), 99);
        let last = kept.get(&(MOST + 4).to_string(), 1, LONG, || Ok(99));
        assert_eq!(*ready(last), MOST + 4);
    }

    #[test]
    fn what_changes_by_itself_is_asked_for_anew_when_it_is_old() {
        let kept: Arc<Kept<u32>> = Arc::default();
        assert_eq!(kept.next_state("a", LONG), 0);
        assert_eq!(*ready(kept.get("a", 0, LONG, || Ok(7))), 7);
        assert_eq!(kept.next_state("a", LONG), 0);
        kept.lock().get_mut("a").unwrap().took = Duration::ZERO;
        assert_eq!(kept.next_state("a", Duration::ZERO), 1);
    }
}
