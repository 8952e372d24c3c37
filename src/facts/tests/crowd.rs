//! Many at once, and at scale.

use super::*;

/// Sixty-four clients race towards a threshold with two hundred thousand people, most of them met more
/// than once, some transfers failing to leave. Whatever the order, the decision turns at exactly the
/// subject that reaches the threshold, and the count is that of a set.
#[test]
fn a_threshold_is_crossed_at_exactly_the_right_subject() {
    const CLIENTS: u64 = 64;
    const PEOPLE: u64 = 200_000;
    const THRESHOLD: u64 = 100_000;
    let directory = tempfile::tempdir_in(quick_disk()).unwrap();
    let store = open(&directory.path().join("facts.redb"));
    // The lowest count at which the law was seen as crossed, the highest at which it was not, and how
    // many were counted for either.
    let (crossed, free) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
    let (counted_free, counted_crossed) = (AtomicU64::new(0), AtomicU64::new(0));
    let transfers = AtomicU64::new(0);
    std::thread::scope(|threads| {
        for client in 0..CLIENTS {
            let (store, transfers) = (store.clone(), &transfers);
            let (crossed, free) = (&crossed, &free);
            let (counted_free, counted_crossed) = (&counted_free, &counted_crossed);
            threads.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    // Every client has its share of the people, and meets a neighbour's in passing. Ten
                    // people travel in one message, so that the threshold may fall inside one.
                    let share = PEOPLE / CLIENTS;
                    for step in 0..share.div_ceil(10) {
                        let mut people: Vec<_> = (0..10)
                            .map(|at| person((client * share + step * 10 + at) % PEOPLE))
                            .collect();
                        people.push(person((client * share + step * 10 + share) % PEOPLE));
                        let number = transfers.fetch_add(1, Ordering::Relaxed);
                        let fails = number % 17 == 0;
                        let mut found = store
                            .lookup(&[], &[query("cn_ytd_ordinary", 0, &people)])
                            .await
                            .unwrap()
                            .counts;
                        let sent = loop {
                            // The decision: below the threshold it goes freely, from it on it needs more.
                            let is_crossed = found[0].after >= THRESHOLD;
                            let at_most = (!is_crossed).then_some(THRESHOLD - 1);
                            match store
                                .reserve(reserve(number, 10, at_most, &people))
                                .await
                                .unwrap()
                            {
                                Reservation::Refused { counts } => found = counts,
                                Reservation::Held { counts } => break (is_crossed, counts[0]),
                            }
                        };
                        let (is_crossed, count) = sent;
                        if is_crossed {
                            crossed.fetch_min(count.after, Ordering::Relaxed);
                        }
                        if fails {
                            store.settle(
                                reserve(number, 10, None, &[]).exchange,
                                Settlement::NotSent,
                            );
                            // The caller tries again, and this time it leaves.
                            let again =
                                store.reserve(reserve(number, 10, None, &people)).await.unwrap();
                            let Reservation::Held { counts } = again else { panic!("refused") };
                            if counts[0].after >= THRESHOLD {
                                crossed.fetch_min(counts[0].after, Ordering::Relaxed);
                            }
                            store.settle(reserve(number, 10, None, &[]).exchange, Settlement::Sent);
                            continue;
                        }
                        store.settle(reserve(number, 10, None, &[]).exchange, Settlement::Sent);
                        let new = count.after - count.before;
                        if is_crossed {
                            counted_crossed.fetch_add(new, Ordering::Relaxed);
                        } else {
                            free.fetch_max(count.after, Ordering::Relaxed);
                            counted_free.fetch_add(new, Ordering::Relaxed);
                        }
                    }
                });
            });
        }
    });
    let (crossed, free) = (crossed.into_inner(), free.into_inner());
    assert!(free < THRESHOLD, "sent freely at {free}");
    // What was given back in between may leave less than whoever crossed had seen.
    assert!(crossed < THRESHOLD + 11, "crossed at {crossed} first");
    assert!(counted_free.into_inner() > 0 && counted_crossed.into_inner() > 0);
    until("the last settlement", || store.health().held == 0);
    let mut people = 0;
    store
        .each_counted(&mut |_, _, _| {
            people += 1;
            true
        })
        .unwrap();
    assert_eq!(people, PEOPLE);
}

/// The same with one person a message: the 100th is the one, whoever comes first.
#[test]
fn one_by_one_the_hundredth_is_the_hundredth() {
    let directory = tempfile::tempdir_in(quick_disk()).unwrap();
    let store = open(&directory.path().join("facts.redb"));
    let seen = parking_lot::Mutex::new(Vec::new());
    std::thread::scope(|threads| {
        for client in 0..64_u64 {
            let (store, seen) = (store.clone(), &seen);
            threads.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                for step in 0..4 {
                    let who = [person(client * 4 + step)];
                    let one = reserve(client * 4 + step, 10, Some(99), &who);
                    if let Reservation::Held { counts } =
                        runtime.block_on(store.reserve(one)).unwrap()
                    {
                        seen.lock().push(counts[0].after);
                    }
                }
            });
        }
    });
    let mut seen = seen.into_inner();
    seen.sort_unstable();
    assert_eq!(seen, (1..=99).collect::<Vec<_>>());
}

fn person(number: u64) -> Pseudonym {
    // Spread as codes are, without the cost of making one.
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    Pseudonym(bytes)
}

/// Memory where there is such a file system: what is tested is the order of things, not the disk.
fn quick_disk() -> std::path::PathBuf {
    let memory = std::path::PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}
