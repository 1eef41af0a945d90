//! What processes that share a database say to each other, in PostgreSQL's words: SQLite has one process.

/// The statements.
#[derive(Debug)]
pub(crate) struct PeerStatements {
    /// Says that a process is there, for a while.
    pub(crate) beat: String,
    /// How many are there.
    pub(crate) count: String,
    pub(crate) leave: String,
    pub(crate) send: String,
    /// What others have sent since a time, and how long ago.
    pub(crate) receive: String,
    /// Takes jobs that nobody else has taken, for a while.
    pub(crate) take_turns: String,
    /// What of all that is over.
    pub(crate) clean_up: [String; 3],
}

const BEAT: &str = "
    INSERT INTO connector_state_peer (owner, until_at) VALUES ($1, {now} + $2)
    ON CONFLICT (owner) DO UPDATE SET until_at = excluded.until_at";
const COUNT: &str = "SELECT count(*) FROM connector_state_peer WHERE until_at > {now}";
const LEAVE: &str = "DELETE FROM connector_state_peer WHERE owner = $1";

const SEND: &str = "
    INSERT INTO connector_state_letter (id, owner, letter, sent_at, until_at)
    VALUES ($1, $2, $3, {now}, {now} + $4)
    ON CONFLICT (id) DO NOTHING";

/// Not by a rising number: what got a lower one may be written later, and numbers may begin anew.
const RECEIVE: &str = "
    SELECT id, letter, sent_at, {now} - sent_at FROM connector_state_letter
    WHERE sent_at >= $2 AND owner <> $1 AND until_at > {now}
        AND id <> ALL(CAST(string_to_array($3, ',') AS BIGINT[]))
    ORDER BY sent_at LIMIT $4";

/// At most so many of the jobs in the list, of which the first ones are waited for. In the order of their names, so
/// that two who want the same do not wait for each other in a circle.
const TAKE_TURNS: &str = "
    WITH free AS (
        SELECT listed.job, listed.place
        FROM unnest(string_to_array($1, ',')) WITH ORDINALITY AS listed (job, place)
        WHERE NOT EXISTS (
            SELECT 1 FROM connector_state_turn AS taken
            WHERE taken.job = listed.job AND taken.owner <> $2 AND taken.until_at > {now})
        ORDER BY listed.place LIMIT $3)
    INSERT INTO connector_state_turn AS it (job, owner, until_at)
    SELECT job, $2, {now} + $4 FROM free
    WHERE EXISTS (SELECT 1 FROM free WHERE place <= $5)
    ORDER BY job
    ON CONFLICT (job) DO UPDATE SET owner = excluded.owner, until_at = excluded.until_at
        WHERE it.owner = $2 OR it.until_at <= {now}
    RETURNING job";

const CLEAN_UP: [&str; 3] = [
    "DELETE FROM connector_state_peer WHERE until_at <= {now}",
    "DELETE FROM connector_state_letter WHERE until_at <= {now}",
    "DELETE FROM connector_state_turn WHERE until_at <= {now}",
];

impl PeerStatements {
    pub(super) fn of(spelled: impl Fn(&str) -> String) -> Self {
        Self {
            beat: spelled(BEAT),
            count: spelled(COUNT),
            leave: spelled(LEAVE),
            send: spelled(SEND),
            receive: spelled(RECEIVE),
            take_turns: spelled(TAKE_TURNS),
            clean_up: CLEAN_UP.map(spelled),
        }
    }
}
