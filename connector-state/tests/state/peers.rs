//! What processes over one PostgreSQL know and tell of each other: how many there are, letters, and turns.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_gate::state_store::{Sent, StateStore as _};
use connector_state::{Settings, Store};
use futures_util::future::join_all;
use postgres_tests::{Engine, Pooler};

use crate::database::{Database, until};

const LEASE: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(600);

fn letter(text: &str, of_use: Duration) -> Vec<Sent> {
    vec![Sent { letter: Bytes::from(text.to_owned()), of_use }]
}

fn names(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("{number:032x}")).collect()
}

/// What has come since the last time, as text.
async fn received(store: &Store) -> Vec<String> {
    let letters = store.exchange(Vec::new()).await;
    letters.iter().map(|it| String::from_utf8_lossy(&it.letter).into_owned()).collect()
}

async fn sees(store: &Store, count: usize) {
    until("it knows how many there are", async || (store.replicas() == count).then_some(())).await;
}

/// So many stores, each of which knows of all.
async fn stores(database: &Database, count: usize) -> Vec<Store> {
    let mut stores = Vec::new();
    for _ in 0..count {
        stores.push(database.store_with(|settings| settings.lease(LEASE)).await);
    }
    for store in &stores {
        sees(store, count).await;
    }
    stores
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_is_not_counted_any_more() {
    let Some(database) = Database::postgres().await else { return };
    let mut three = stores(&database, 3).await;
    // One dies, and its lease runs out; one ends in good order.
    three.pop();
    let ending = three.pop().unwrap();
    sees(&three[0], 2).await;
    ending.let_go().await;
    drop(ending);
    sees(&three[0], 1).await;
    assert_eq!(three[0].take_turns(&names([1]), &[], 1, LONG).await, None, "there is nobody else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_one_processes() {
    let database = Database::sqlite();
    let (one, other) = (database.store().await, database.store().await);
    assert_eq!((one.replicas(), other.replicas()), (1, 1));
    assert_eq!(one.exchange(letter("a", LONG)).await, []);
    assert_eq!(other.exchange(Vec::new()).await, []);
    assert_eq!(one.take_turns(&names([1]), &[], 1, LONG).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_letter_comes_to_everybody_else_once() {
    let Some(database) = Database::postgres().await else { return };
    let three = stores(&database, 3).await;
    let [a, b, c] = &three[..] else { unreachable!() };
    assert_eq!(a.exchange(letter("from a", LONG)).await, []);
    assert_eq!(received(b).await, ["from a"]);
    let both = b.exchange([letter("b1", LONG), letter("b2", Duration::ZERO)].concat()).await;
    assert_eq!(both, []);
    assert_eq!(received(c).await, ["from a", "b1"], "what is of no use any more does not come");
    assert_eq!(received(a).await, ["b1"]);
    for store in [a, b, c] {
        assert_eq!(received(store).await, Vec::<String>::new());
    }
    // Many at once, of each.
    let sent: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
    let sending = sent.iter().enumerate().map(|(number, text)| {
        let store = [a, b].into_iter().nth(number % 2).unwrap();
        async move { store.exchange(letter(text, LONG)).await.len() }
    });
    join_all(sending).await;
    let mut came = BTreeSet::new();
    until("all came", async || {
        for text in received(c).await {
            assert!(came.insert(text.clone()), "{text} came twice");
        }
        (came.len() == sent.len()).then_some(())
    })
    .await;
    // Who comes later hears what is still of use.
    let late = database.store().await;
    let heard = late.exchange(Vec::new()).await;
    assert_eq!(heard.len(), 62);
    assert!(heard.iter().all(|letter| letter.age < LONG), "{heard:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_is_one_processes_at_a_time() {
    let Some(database) = Database::postgres().await else { return };
    let two = stores(&database, 2).await;
    let [a, b] = &two[..] else { unreachable!() };
    for round in 0..10 {
        let jobs = names(round * 100..round * 100 + 50);
        let backwards: Vec<String> = jobs.iter().rev().cloned().collect();
        let taken = tokio::join!(
            a.take_turns(&jobs, &[], 30, LONG),
            b.take_turns(&backwards, &[], 30, LONG)
        );
        let (by_a, by_b) = (taken.0.unwrap(), taken.1.unwrap());
        assert!(by_a.len() <= 30 && by_b.len() <= 30);
        let all: BTreeSet<&String> = by_a.iter().chain(&by_b).collect();
        assert_eq!(all.len(), by_a.len() + by_b.len(), "nobody took another's");
        assert!(all.len() >= 30, "{}", all.len());
        assert_eq!(a.take_turns(&by_a, &[], 50, LONG).await.unwrap().len(), by_a.len(), "its own");
        assert_eq!(b.take_turns(&by_a, &names([9_999]), 50, LONG).await, Some(Vec::new()));
    }
    let wanted_first = a.take_turns(&names([5_000]), &names(5_001..5_010), 3, LONG).await.unwrap();
    assert_eq!(BTreeSet::from_iter(wanted_first), BTreeSet::from_iter(names(5_000..5_003)));
    a.take_turns(&names([6_000]), &[], 1, Duration::from_millis(50)).await.unwrap();
    until("its time is over", async || {
        let taken = b.take_turns(&names([6_000]), &[], 1, LONG).await;
        (taken == Some(names([6_000]))).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooler_carries_letters_and_turns() {
    let Some(engine) = Engine::shared() else { return };
    let Some(pooler) = Pooler::before(&engine) else { return };
    let database = Database::on(Arc::clone(&engine)).await;
    let open = async || {
        let settings = Settings::new(database.through(pooler.port())).lease(LEASE);
        Store::open(settings.time_out(Duration::from_secs(20))).await.unwrap()
    };
    let (a, b) = (open().await, open().await);
    sees(&a, 2).await;
    a.exchange(letter("through it", LONG)).await;
    assert_eq!(received(&b).await, ["through it"]);
    assert_eq!(a.take_turns(&names([1]), &[], 1, LONG).await, Some(names([1])));
    assert_eq!(b.take_turns(&names([1]), &[], 1, LONG).await, Some(Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_is_told_everything_anew() {
    let Some(engine) = Engine::own() else { return };
    let database = Database::on(Arc::new(engine)).await;
    let two = stores(&database, 2).await;
    let [a, b] = &two[..] else { unreachable!() };
    a.exchange(letter("before", LONG)).await;
    assert_eq!(received(b).await, ["before"]);
    database.engine().crash();
    until("it is away", async || {
        a.exchange(letter("nowhere", LONG)).await;
        b.exchange(Vec::new()).await;
        (!a.readings().is_up && !b.readings().is_up).then_some(())
    })
    .await;
    assert_eq!(a.take_turns(&names([1]), &[], 1, LONG).await, None, "each is alone");
    assert_eq!(a.replicas(), 2, "but for its part of a rate");
    database.engine().start_again();
    until("it is back", async || (a.readings().is_up && b.readings().is_up).then_some(())).await;
    sees(a, 2).await;
    sees(b, 2).await;
    a.exchange(letter("after", LONG)).await;
    assert_eq!(received(b).await, ["after"]);
    assert_eq!(a.take_turns(&names([1]), &[], 1, LONG).await, Some(names([1])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_goes() {
    let Some(database) = Database::postgres().await else { return };
    let two = stores(&database, 2).await;
    let brief = Duration::from_millis(10);
    two[0].exchange(letter("brief", brief)).await;
    two[0].take_turns(&names([1]), &[], 1, brief).await.unwrap();
    let admin = database.admin().await;
    until("nothing is left", async || {
        let count = "SELECT (SELECT count(*) FROM connector_state_letter)
            + (SELECT count(*) FROM connector_state_turn)";
        let count: i64 = admin.query_one(count, &[]).await.unwrap().get(0);
        (count == 0).then_some(())
    })
    .await;
}
