//! What `StateStore` promises, promise by promise.

use std::collections::HashSet;
use std::time::Duration;

use connector_gate::state_store::{Attempt, Claim, Keep, StateStore as _, Ticket, Written};
use futures_util::future::join_all;

use crate::database::{Database, KEEP, attempt, job, keep, meta, until, won};
use crate::on_both;

const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(600);

on_both! {
    of_many_claims_one_wins
    an_answer_is_kept_for_its_time
    a_dead_owners_claim_is_taken_over_and_its_words_change_nothing
    a_living_owner_keeps_its_claim
    a_failed_claim_is_begun_anew
    an_answer_whose_row_is_gone_is_written_anew
    an_unsure_claim_is_somebody_elses_at_once
    the_attempt_before_is_over
    all_attempts_before_are_over
    an_attempt_that_comes_after_a_later_one_is_over
    an_answer_to_the_attempt_before_comes_too_late
    an_answer_that_nobody_waits_for_is_written_as_a_job_to_be_cancelled
    a_waiting_job_is_taken_up_elsewhere
    a_job_taken_up_here_is_wanted_until_it_is_too_late
    a_job_that_nobody_asks_about_is_due
    a_job_that_somebody_asks_about_is_kept
    due_rows_are_taken_once
    a_job_that_cannot_be_cancelled_is_put_off_and_given_up
    what_is_set_aside_or_passed_over_is_others_untried
    leases_let_go_are_free
    what_ran_out_goes
}

async fn of_many_claims_one_wins(database: Database) {
    let stores = [database.store().await, database.store().await];
    for round in 0..5 {
        let key = format!("key{round}");
        let attempt = attempt(&key);
        let claims = (0..20).map(|n| stores.get(n % 2).unwrap().claim(&attempt));
        let claims = join_all(claims).await;
        let winners = claims.iter().filter(|claim| matches!(claim, Claim::Won { .. })).count();
        let held = claims.iter().filter(|claim| matches!(claim, Claim::Held)).count();
        assert_eq!((winners, held), (1, 19), "{claims:?}");
    }
}

async fn an_answer_is_kept_for_its_time(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    assert_eq!(one.created(&ticket, &meta(), KEEP).await, Written::Kept);
    assert_eq!(other.claim(&attempt("a")).await, Claim::Answered(meta()));
    let brief = won(one.claim(&attempt("b")).await);
    one.created(&brief, &meta(), keep(Duration::from_millis(1))).await;
    let again = until("its time is over", async || match other.claim(&attempt("b")).await {
        Claim::Won { ticket, taken_over } => Some((ticket, taken_over)),
        _ => None,
    });
    let (ticket, taken_over) = again.await;
    assert!(!taken_over && ticket.fence > brief.fence);
}

async fn a_dead_owners_claim_is_taken_over_and_its_words_change_nothing(database: Database) {
    let dying = database.store_with(|settings| settings.lease(SHORT)).await;
    let other = database.store().await;
    let old = won(dying.claim(&attempt("a")).await);
    assert_eq!(other.claim(&attempt("a")).await, Claim::Held);
    // What renews leases goes with the last of the store, as with its process.
    drop(dying);
    let taken = until("the lease is over", async || match other.claim(&attempt("a")).await {
        Claim::Won { ticket, taken_over } => Some((ticket, taken_over)),
        Claim::Held => None,
        claim => panic!("{claim:?}"),
    });
    let (new, taken_over) = taken.await;
    assert!(taken_over && new.fence > old.fence, "{new:?} after {old:?}");
    // The dead one was only slow.
    let slow = database.store().await;
    assert_eq!(slow.created(&old, &meta(), KEEP).await, Written::Lost);
    slow.failed(&old).await;
    slow.unsure(&old).await;
    slow.cancelled(&old).await;
    slow.put_off(&old, SHORT, "late").await;
    slow.given_up(&old, "late").await;
    slow.to_cancel(&job(Some(old.clone())), Duration::ZERO).await;
    assert!(!slow.cancelling(&old).await && !slow.wanted(&old).await);
    assert_eq!(database.status("a").await.as_deref(), Some("in-flight"));
    assert_eq!(other.created(&new, &meta(), KEEP).await, Written::Kept);
    assert_eq!(slow.claim(&attempt("a")).await, Claim::Answered(meta()));
}

async fn a_living_owner_keeps_its_claim(database: Database) {
    let living = database.store_with(|settings| settings.lease(SHORT)).await;
    let other = database.store().await;
    let ticket = won(living.claim(&attempt("a")).await);
    let renewed = || async {
        let entries = database.listing().entries().await.unwrap();
        entries.into_iter().find(|entry| entry.key == "a").unwrap().lease_until.unwrap()
    };
    let first = renewed().await;
    until("the lease was renewed past its end", async || {
        assert_eq!(other.claim(&attempt("a")).await, Claim::Held);
        (renewed().await.duration_since(first).as_secs() >= 3).then_some(())
    })
    .await;
    assert_eq!(living.created(&ticket, &meta(), KEEP).await, Written::Kept);
}

async fn a_failed_claim_is_begun_anew(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let old = won(one.claim(&attempt("a")).await);
    one.failed(&old).await;
    let Claim::Won { ticket, taken_over: false } = other.claim(&attempt("a")).await else {
        panic!("begun anew");
    };
    // Also one that was forgotten in between has a fence of its own.
    assert!(ticket.fence > old.fence);
    assert_eq!(one.created(&old, &meta(), KEEP).await, Written::Lost);
}

async fn an_answer_whose_row_is_gone_is_written_anew(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    // Whoever took its owner for dead found no job yet, and let it go.
    assert!(database.listing().forget("a").await.unwrap());
    assert_eq!(one.created(&ticket, &meta(), KEEP).await, Written::Kept);
    assert_eq!(other.claim(&attempt("a")).await, Claim::Answered(meta()));
}

async fn an_unsure_claim_is_somebody_elses_at_once(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    one.unsure(&ticket).await;
    let claim = other.claim(&attempt("a")).await;
    assert!(matches!(claim, Claim::Won { taken_over: true, .. }), "{claim:?}");
    let ticket = won(one.claim(&attempt("b")).await);
    one.unsure(&ticket).await;
    let due = other.due(10, &[]).await;
    let found = due.iter().find(|due| due.ticket.key == "b").expect("it is due");
    assert!(found.meta.is_none() && found.attempt.request == attempt("b").request);
    assert_eq!((found.attempt.version, &*found.attempt.run), (3, "p/d/run"));
}

async fn the_attempt_before_is_over(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let first = won(one.claim(&attempt("a1")).await);
    one.created(&first, &meta(), KEEP).await;
    let second = won(other.claim(&attempt("a2")).await);
    let due = other.due(10, &[]).await;
    let [due] = &due[..] else { panic!("{due:?}") };
    assert_eq!((&*due.ticket.key, due.meta.as_ref()), ("a1", Some(&meta())));
    assert_eq!(one.claim(&attempt("a1")).await, Claim::Leaving);
    other.cancelled(&due.ticket).await;
    // A job that waited with its owner is anybody's, too, and its owner asks in vain.
    let waiting = other.to_cancel(&job(Some(second)), LONG).await;
    won(one.claim(&attempt("a3")).await);
    assert_eq!(one.due(10, &[]).await.len(), 1);
    assert!(!other.cancelling(&waiting).await);
}

async fn all_attempts_before_are_over(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let first = won(one.claim(&attempt("a0")).await);
    one.created(&first, &meta(), KEEP).await;
    let stranger = won(one.claim(&attempt("b0")).await);
    one.created(&stranger, &meta(), KEEP).await;
    let nameless = Attempt { task: None, ..attempt("c0") };
    won(one.claim(&nameless).await);
    // The creates of those in between never came.
    won(other.claim(&attempt("a3")).await);
    won(other.claim(&Attempt { task: None, ..attempt("c3") }).await);
    let due: Vec<String> = one.due(10, &[]).await.into_iter().map(|due| due.ticket.key).collect();
    assert_eq!(due, ["a0"]);
    assert_eq!(database.status("b0").await.as_deref(), Some("answered"));
    assert_eq!(one.claim(&nameless).await, Claim::Held);
}

async fn an_attempt_that_comes_after_a_later_one_is_over(database: Database) {
    let store = database.store().await;
    won(store.claim(&attempt("a2")).await);
    let late = won(store.claim(&attempt("a1")).await);
    assert_eq!(store.created(&late, &meta(), KEEP).await, Written::Superseded);
    let latest = won(store.claim(&attempt("a3")).await);
    assert_eq!(store.created(&latest, &meta(), KEEP).await, Written::Kept);
}

async fn an_answer_to_the_attempt_before_comes_too_late(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let first = won(one.claim(&attempt("a1")).await);
    won(other.claim(&attempt("a2")).await);
    assert_eq!(one.created(&first, &meta(), KEEP).await, Written::Superseded);
    assert_eq!(one.created(&first, &meta(), KEEP).await, Written::Superseded, "told twice");
    // It is leased to who made it.
    assert_eq!(other.due(10, &[]).await, []);
    assert!(!one.wanted(&first).await && one.cancelling(&first).await);
    one.cancelled(&first).await;
    assert_eq!(database.status("a1").await, None);
}

async fn an_answer_that_nobody_waits_for_is_written_as_a_job_to_be_cancelled(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let untaken = async |ticket: &Ticket, after| {
        one.untaken(ticket, &job(Some(ticket.clone())), asked_within(LONG), after).await
    };
    let ticket = won(one.claim(&attempt("a")).await);
    assert_eq!(untaken(&ticket, LONG).await, Written::Kept);
    assert_eq!(database.status("a").await.as_deref(), Some("to-cancel"));
    let claim = other.claim(&attempt("a")).await;
    let Claim::Left { ticket: taken, meta: left } = claim else { panic!("{claim:?}") };
    assert_eq!(left, meta());
    // Whoever takes it up waits for a question about it, as for any answer.
    assert!(other.wanted(&taken).await && !one.wanted(&ticket).await);
    assert_eq!(one.unasked().await.len(), 1);
    // It is this process's to cancel at its time, and others' only once this one is gone.
    let ticket = won(one.claim(&attempt("b")).await);
    assert_eq!(untaken(&ticket, Duration::ZERO).await, Written::Kept);
    assert_eq!(other.due(10, &[]).await, []);
    one.let_go().await;
    assert_eq!(other.due(10, &[]).await.len(), 1);
    // What was decided meanwhile counts.
    let over = won(one.claim(&attempt("c1")).await);
    won(other.claim(&attempt("c2")).await);
    assert_eq!(untaken(&over, LONG).await, Written::Superseded);
    let lost = won(one.claim(&attempt("d")).await);
    one.unsure(&lost).await;
    won(other.claim(&attempt("d")).await);
    assert_eq!(untaken(&lost, LONG).await, Written::Lost);
}

async fn a_waiting_job_is_taken_up_elsewhere(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    one.created(&ticket, &meta(), KEEP).await;
    let waiting = one.to_cancel(&job(Some(ticket)), LONG).await;
    let claim = other.claim(&attempt("a")).await;
    let Claim::Left { ticket, meta: left } = claim else { panic!("{claim:?}") };
    assert!(left == meta() && ticket.fence > waiting.fence);
    assert!(!one.cancelling(&waiting).await, "it is the other's");
    assert!(other.wanted(&ticket).await && other.wanted(&ticket).await, "told twice");
    assert_eq!(one.claim(&attempt("a")).await, Claim::Answered(meta()));
    one.cancelled(&waiting).await;
    assert_eq!(database.status("a").await.as_deref(), Some("answered"));
}

async fn a_job_taken_up_here_is_wanted_until_it_is_too_late(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    let waiting = one.to_cancel(&job(Some(ticket)), LONG).await;
    assert!(one.wanted(&waiting).await);
    let waiting = one.to_cancel(&job(Some(waiting)), LONG).await;
    assert!(one.cancelling(&waiting).await);
    assert_eq!(other.claim(&attempt("a")).await, Claim::Leaving);
    assert!(!one.wanted(&waiting).await);
    one.cancelled(&waiting).await;
    let claim = other.claim(&attempt("a")).await;
    assert!(matches!(claim, Claim::Won { taken_over: false, .. }), "{claim:?}");
}

/// Somebody has to ask within that time.
const fn asked_within(time: Duration) -> Keep {
    Keep { for_repeats: LONG, asked_within: Some(time) }
}

async fn a_job_that_nobody_asks_about_is_due(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    one.created(&ticket, &meta(), asked_within(SHORT)).await;
    assert_eq!(other.due(10, &[]).await, []);
    let listed = database.listing().entries().await.unwrap();
    assert!(listed.iter().any(|it| it.status == "answered" && it.due.is_some()), "{listed:?}");
    let due = until("it is due", async || {
        other.unasked().await;
        other.due(10, &[]).await.pop()
    });
    let due = due.await;
    assert_eq!((&*due.ticket.key, due.meta), ("a", Some(meta())));
    assert_eq!(one.claim(&attempt("a")).await, Claim::Leaving);
    // Now it is too late to ask.
    one.asked(&ticket);
    one.unasked().await;
    assert_eq!(database.status("a").await.as_deref(), Some("to-cancel"));
}

async fn a_job_that_somebody_asks_about_is_kept(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    // By who was given the answer; and elsewhere, where it is named soon or when it is doubted.
    let mine = won(one.claim(&attempt("a")).await);
    one.created(&mine, &meta(), asked_within(LONG)).await;
    one.asked(&mine);
    let soon = won(one.claim(&attempt("b")).await);
    one.created(&soon, &meta(), asked_within(LONG)).await;
    let doubted = won(one.claim(&attempt("c")).await);
    one.created(&doubted, &meta(), asked_within(Duration::ZERO)).await;
    let doubted = won(one.claim(&attempt("d")).await);
    one.created(&doubted, &meta(), asked_within(LONG)).await;
    one.unasked().await;
    let named = other.unasked().await;
    let mut keys: Vec<&str> = named.iter().map(|it| &*it.ticket.key).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["b", "d"], "`a` was asked about, and for `c` it is too late");
    named.iter().for_each(|named| other.asked(&named.ticket));
    other.unasked().await;
    assert_eq!(other.unasked().await, []);
    for entry in database.listing().entries().await.unwrap() {
        let asked = (&*entry.status, entry.due.is_none(), entry.expires.is_some());
        let is_late = entry.key == "c";
        assert_eq!(asked == ("answered", true, true), !is_late, "{entry:?}");
    }
    // A process whose lease runs out meanwhile, or that ends, changes nothing of it.
    one.let_go().await;
    assert_eq!(other.due(10, &[]).await.len(), 1);
}

async fn due_rows_are_taken_once(database: Database) {
    const JOBS: usize = 40;
    let (one, other) = (database.store().await, database.store().await);
    let dying = database.store_with(|settings| settings.lease(SHORT)).await;
    for _ in 0..JOBS {
        dying.to_cancel(&job(None), Duration::ZERO).await;
    }
    let later = dying.to_cancel(&job(None), LONG).await;
    assert_eq!(one.due(1, &[]).await, [], "they are leased to who is to cancel them");
    drop(dying);
    let mut taken = Vec::new();
    until("all are taken", async || {
        let (mine, theirs) = tokio::join!(one.due(7, &[]), other.due(7, &[]));
        assert!(mine.len() <= 7 && theirs.len() <= 7);
        taken.extend(mine.into_iter().chain(theirs));
        (taken.len() >= JOBS).then_some(())
    })
    .await;
    let keys: HashSet<&str> = taken.iter().map(|due| &*due.ticket.key).collect();
    assert_eq!((taken.len(), keys.len()), (JOBS, JOBS));
    assert!(!keys.contains(&*later.key));
    assert!(taken.iter().all(|due| due.meta == Some(meta()) && due.attempt.request.is_none()));
}

async fn a_job_that_cannot_be_cancelled_is_put_off_and_given_up(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    let waiting = one.to_cancel(&job(Some(ticket)), Duration::ZERO).await;
    one.put_off(&waiting, Duration::from_millis(1), "HTTP 503 \0").await;
    let due = until("it is due again", async || other.due(1, &[]).await.pop()).await;
    assert_eq!((due.tries, due.ticket.key.as_str()), (1, "a"));
    assert_eq!(one.claim(&attempt("a")).await, Claim::Leaving);
    other.given_up(&due.ticket, "HTTP 403").await;
    assert_eq!(
        (one.due(1, &[]).await.len(), database.status("a").await.as_deref()),
        (0, Some("given-up"))
    );
    let entries = database.listing().entries().await.unwrap();
    assert_eq!(entries.first().and_then(|entry| entry.problem.as_deref()), Some("HTTP 403"));
    let claim = one.claim(&attempt("a")).await;
    assert!(matches!(claim, Claim::Won { taken_over: false, .. }), "a job is known: {claim:?}");
}

async fn what_is_set_aside_or_passed_over_is_others_untried(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    let ticket = won(one.claim(&attempt("a")).await);
    one.to_cancel(&job(Some(ticket)), Duration::ZERO).await;
    one.let_go().await;
    let due = until("it is due", async || one.due(1, &[]).await.pop()).await;
    let kind = (due.attempt.task_type.clone(), due.attempt.version);
    one.set_aside(&due.ticket, Duration::from_millis(1), Some("not here")).await;
    let due = until("it is due again", async || {
        assert_eq!(one.due(9, std::slice::from_ref(&kind)).await, []);
        other.due(9, &[(kind.0.clone(), 7), ("x".to_owned(), kind.1)]).await.pop()
    })
    .await;
    assert_eq!((due.ticket.key.as_str(), due.tries), ("a", 0));
    other.set_aside(&due.ticket, LONG, None).await;
    let entries = database.listing().entries().await.unwrap();
    assert_eq!(entries.first().and_then(|entry| entry.problem.as_deref()), Some("not here"));
    // Nobody has begun to cancel it: its attempt takes it up again.
    assert!(matches!(one.claim(&attempt("a")).await, Claim::Left { .. }));
}

async fn leases_let_go_are_free(database: Database) {
    let (one, other) = (database.store().await, database.store().await);
    won(one.claim(&attempt("a")).await);
    one.to_cancel(&job(None), Duration::ZERO).await;
    assert_eq!(other.due(10, &[]).await, []);
    one.let_go().await;
    assert_eq!(other.due(10, &[]).await.len(), 2);
}

async fn what_ran_out_goes(database: Database) {
    let one = database.store().await;
    let ticket = won(one.claim(&attempt("a")).await);
    one.created(&ticket, &meta(), keep(Duration::from_millis(1))).await;
    let kept = won(one.claim(&attempt("b")).await);
    one.created(&kept, &meta(), KEEP).await;
    until("it is not listed", async || database.status("a").await.is_none().then_some(())).await;
    assert_eq!(database.status("b").await.as_deref(), Some("answered"));
}
