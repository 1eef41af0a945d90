//! Every statement, once, for both databases: what differs between them is a few words.
//! `store` and `listing` run them through `engine`. Times are milliseconds since 1970 by the database's own
//! clock; no value of a process's clock comes in.

mod peers;

use std::sync::LazyLock;

pub(crate) use peers::PeerStatements;

/// Which SQL a database speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The statements of one dialect.
#[derive(Debug)]
pub(crate) struct Statements {
    /// Claims an attempt that is new, expired, or whose owner is gone.
    pub(crate) claim: String,
    /// Takes up a job whose time to be cancelled has not come.
    pub(crate) take_up: String,
    /// Says that the attempts of a task below that one are over.
    pub(crate) supersede: String,
    /// What is known of an attempt.
    pub(crate) read: String,
    pub(crate) created: String,
    /// The same for an attempt whose row is gone.
    pub(crate) created_anew: String,
    pub(crate) failed: String,
    pub(crate) unsure: String,
    pub(crate) to_cancel: String,
    /// A job that is known by its metadata only.
    pub(crate) to_cancel_unnamed: String,
    pub(crate) cancelling: String,
    pub(crate) wanted: String,
    /// Says of many jobs that somebody has asked about them.
    pub(crate) asked: String,
    /// Gives up waiting for a question about a job, but for a last time.
    pub(crate) doubted: String,
    /// Jobs that are to be cancelled unless somebody asks.
    pub(crate) unasked: String,
    /// Jobs that were answered just now by others, and may be asked about here.
    pub(crate) fresh: String,
    pub(crate) cancelled: String,
    pub(crate) put_off: String,
    /// The same for what was not tried.
    pub(crate) set_aside: String,
    pub(crate) given_up: String,
    pub(crate) due: String,
    pub(crate) renew: String,
    pub(crate) let_go: String,
    /// Lets go of what was due to this process once it could tell nobody any more.
    pub(crate) release: String,
    /// Takes back a claim that may or may not have been written.
    pub(crate) unclaim_new: String,
    pub(crate) unclaim_taken: String,
    pub(crate) clean_up: String,
    pub(crate) probe: String,
    pub(crate) unprobe: String,
    /// What processes that share the database say to each other.
    pub(crate) peers: PeerStatements,
    pub(crate) list: String,
    pub(crate) cancel: String,
    pub(crate) forget: String,
}

static SQLITE: LazyLock<Statements> = LazyLock::new(|| Statements::of(Dialect::Sqlite));
static POSTGRES: LazyLock<Statements> = LazyLock::new(|| Statements::of(Dialect::Postgres));

impl Dialect {
    pub(crate) fn statements(self) -> &'static Statements {
        match self {
            Self::Sqlite => &SQLITE,
            Self::Postgres => &POSTGRES,
        }
    }

    /// The statement with this database's words.
    pub(crate) fn spelled(self, statement: &str) -> String {
        let words = match self {
            Self::Sqlite => [
                ("{now}", "CAST(unixepoch('subsec') * 1000 AS INTEGER)"),
                ("{fence}", "(SELECT last + 1 FROM connector_state_fence)"),
                ("{keys}", "key IN"),
                ("{position}", "instr"),
                ("{skip_locked}", ""),
                ("{locked}", ""),
                ("{keys_in_json}", "key IN (SELECT value FROM json_each($1))"),
                ("{fences}", "fence IN (SELECT value FROM json_each('[' || $2 || ']'))"),
                ("{bytes}", "BLOB"),
                ("$", "?"),
            ],
            Self::Postgres => [
                ("{now}", "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"),
                ("{fence}", "nextval('connector_state_fence')"),
                // An array is computed once; a plain sub-select may be computed, and lock, again.
                ("{keys}", "key = ANY(ARRAY"),
                ("{position}", "strpos"),
                ("{skip_locked}", "FOR UPDATE SKIP LOCKED)"),
                ("{locked}", "FOR UPDATE)"),
                (
                    "{keys_in_json}",
                    "key = ANY(ARRAY(SELECT json_array_elements_text(CAST(CAST($1 AS TEXT) AS JSON))))",
                ),
                ("{fences}", "fence = ANY(CAST(string_to_array($2, ',') AS BIGINT[]))"),
                ("{bytes}", "BYTEA"),
                ("$", "$"),
            ],
        };
        words.iter().fold(statement.to_owned(), |text, (word, spelled)| text.replace(word, spelled))
    }
}

/// What every answer about due and listed rows holds.
pub(crate) const COLUMNS: &str = "key, status, task_type, version, run, request, meta, owner, fence, \
     lease_until, due_at, tries, problem, superseded, expires_at, created_at, task, attempt";

const CLAIM: &str = "
    INSERT INTO connector_state AS it (key, status, task_type, version, run, request, owner, nonce, fence,
        lease_until, created_at, task, attempt, superseded)
    VALUES ($1, 'in-flight', $2, $3, $4, $5, $6, $7, {fence}, {now} + $8, {now}, $9, $10,
        CASE WHEN EXISTS (
            SELECT 1 FROM connector_state AS later WHERE later.task = $9 AND later.attempt > $10
        ) THEN 1 ELSE 0 END)
    ON CONFLICT (key) DO UPDATE SET
        claims = CASE WHEN it.meta IS NULL THEN it.claims + 1 ELSE 1 END,
        superseded = CASE WHEN it.status = 'in-flight' AND it.superseded = 1 THEN 1
            ELSE excluded.superseded END,
        status = 'in-flight', request = excluded.request, meta = NULL, owner = excluded.owner,
        nonce = excluded.nonce, fence = excluded.fence, lease_until = excluded.lease_until,
        due_at = NULL, tries = 0, problem = NULL, cancelling = 0, keep_ms = NULL, ask_ms = NULL,
        expires_at = NULL,
        created_at = excluded.created_at
    WHERE (it.status = 'in-flight' AND (it.lease_until <= {now} OR it.owner IS NULL))
        OR (it.status = 'answered' AND it.expires_at <= {now})
        OR it.status = 'given-up'
    RETURNING fence, claims";

const TAKE_UP: &str = "
    UPDATE connector_state
    SET fence = {fence}, owner = $2, nonce = $3, lease_until = {now} + $4
    WHERE key = $1 AND status = 'to-cancel' AND meta IS NOT NULL AND due_at > {now}
        AND cancelling = 0 AND superseded = 0
    RETURNING fence, meta";

/// A job that is known is anybody's to cancel, whoever was waiting with it; one that is not is its creator's.
/// Locked from the last one down, as the attempts between them do it that begin at the same time.
const SUPERSEDE: &str = "
    UPDATE connector_state SET
        superseded = 1,
        fence = CASE WHEN status = 'in-flight' THEN fence ELSE {fence} END,
        owner = CASE WHEN status = 'in-flight' THEN owner END,
        lease_until = CASE WHEN status = 'in-flight' THEN lease_until END,
        due_at = CASE WHEN status = 'in-flight' THEN due_at ELSE {now} END,
        status = CASE WHEN status = 'in-flight' THEN status ELSE 'to-cancel' END,
        expires_at = NULL
    WHERE {keys} (
        SELECT key FROM connector_state
        WHERE task = $1 AND attempt < $2 AND superseded = 0
            AND (status IN ('in-flight', 'answered') OR (status = 'to-cancel' AND cancelling = 0))
        ORDER BY attempt DESC {locked})";

const READ: &str = "SELECT status, meta, fence, superseded FROM connector_state WHERE key = $1";

/// With a sixth value from 0 on nobody waits for the job: it is one to be cancelled after that time. With a
/// seventh somebody has to ask about it within that one, and until then the answer does not go.
const CREATED: &str = "
    UPDATE connector_state SET
        status = CASE WHEN superseded = 1 OR CAST($6 AS BIGINT) >= 0 THEN 'to-cancel' ELSE 'answered' END,
        due_at = CASE WHEN superseded = 1 THEN {now} WHEN CAST($6 AS BIGINT) >= 0 THEN {now} + CAST($6 AS BIGINT)
            WHEN CAST($7 AS BIGINT) >= 0 THEN {now} + CAST($7 AS BIGINT) / 2 END,
        ask_ms = CASE WHEN CAST($7 AS BIGINT) >= 0 THEN CAST($7 AS BIGINT) END,
        lease_until = CASE WHEN superseded = 1 OR CAST($6 AS BIGINT) >= 0 THEN {now} + $5 END,
        expires_at = CASE WHEN superseded = 1 OR CAST($6 AS BIGINT) >= 0 OR CAST($7 AS BIGINT) >= 0 THEN NULL
            ELSE {now} + $4 END,
        meta = $3, keep_ms = $4, request = NULL, problem = NULL, tries = 0, cancelling = superseded
    WHERE key = $1 AND fence = $2 AND cancelling = 0 AND status IN ('in-flight', 'to-cancel')
    RETURNING superseded";

/// Whoever took the claim for one of a dead owner found no job and let it go, while the job was being made.
const CREATED_ANEW: &str = "
    INSERT INTO connector_state (key, status, task_type, version, run, meta, owner, fence, expires_at,
        keep_ms, created_at, due_at, ask_ms, task, attempt)
    VALUES ($1, 'answered', $2, $3, $4, $5, $6, $7,
        CASE WHEN CAST($9 AS BIGINT) >= 0 THEN NULL ELSE {now} + $8 END, $8, {now},
        CASE WHEN CAST($9 AS BIGINT) >= 0 THEN {now} + CAST($9 AS BIGINT) / 2 END,
        CASE WHEN CAST($9 AS BIGINT) >= 0 THEN CAST($9 AS BIGINT) END, $10, $11)
    ON CONFLICT (key) DO NOTHING";

const FAILED: &str = "
    DELETE FROM connector_state WHERE key = $1 AND fence = $2 AND status = 'in-flight'";

const UNSURE: &str = "
    UPDATE connector_state SET lease_until = {now}
    WHERE key = $1 AND fence = $2 AND status = 'in-flight'";

const TO_CANCEL: &str = "
    UPDATE connector_state SET
        status = 'to-cancel', meta = $3, due_at = {now} + $4, owner = $5, lease_until = {now} + $6,
        request = NULL, expires_at = NULL, problem = NULL, tries = 0
    WHERE key = $1 AND fence = $2 AND status IN ('in-flight', 'answered', 'to-cancel')
    RETURNING fence";

const TO_CANCEL_UNNAMED: &str = "
    INSERT INTO connector_state (key, status, task_type, version, run, meta, owner, fence, due_at,
        lease_until, created_at)
    VALUES ($1, 'to-cancel', $2, $3, $4, $5, $6, $7, {now} + $8, {now} + $9, {now})
    ON CONFLICT (key) DO NOTHING";

const CANCELLING: &str = "
    UPDATE connector_state SET cancelling = 1
    WHERE key = $1 AND fence = $2 AND status = 'to-cancel'
    RETURNING fence";

const WANTED: &str = "
    UPDATE connector_state SET
        status = 'answered', due_at = {now} + ask_ms / 2, lease_until = NULL,
        expires_at = CASE WHEN ask_ms IS NULL THEN {now} + COALESCE(keep_ms, $3) END
    WHERE key = $1 AND fence = $2 AND status = 'to-cancel' AND cancelling = 0 AND superseded = 0
    RETURNING fence";

/// Many at once, as JSON and with commas.
const ASKED: &str = "
    UPDATE connector_state SET
        status = 'answered', due_at = NULL, lease_until = NULL, ask_ms = NULL, tries = 0,
        expires_at = {now} + COALESCE(keep_ms, $3)
    WHERE {keys_in_json} AND {fences} AND ask_ms IS NOT NULL AND superseded = 0 AND cancelling = 0
        AND status IN ('answered', 'to-cancel')";

/// Nobody has asked for half of the time: a job to be cancelled, of nobody in particular, unless somebody still
/// does. Its fence stays, as whoever was given the answer may be asked.
const DOUBTED: &str = "
    UPDATE connector_state SET
        status = 'to-cancel', due_at = {now} + COALESCE(ask_ms, 0) / 2, owner = NULL, lease_until = NULL
    WHERE {keys} (
        SELECT key FROM connector_state
        WHERE status = 'answered' AND due_at IS NOT NULL AND due_at <= {now}
        ORDER BY due_at LIMIT $1 {skip_locked})";

const UNASKED: &str = " FROM connector_state
    WHERE status IN ('in-flight', 'to-cancel') AND due_at > {now}
        AND status = 'to-cancel' AND owner IS NULL AND ask_ms IS NOT NULL
        AND superseded = 0 AND cancelling = 0
    ORDER BY due_at LIMIT $1";

/// Those that others have answered a moment ago.
const FRESH: &str = " FROM connector_state
    WHERE status = 'answered' AND due_at IS NOT NULL AND owner <> $2
        AND due_at - ask_ms / 2 > {now} - $3
    ORDER BY due_at LIMIT $1";

const CANCELLED: &str = "
    DELETE FROM connector_state WHERE key = $1 AND fence = $2 AND status <> 'given-up'";

/// What was not known to be a job still is a claim, which a create of the attempt may take at once.
const PUT_OFF: &str = "
    UPDATE connector_state SET
        owner = NULL,
        lease_until = CASE WHEN status = 'in-flight' THEN {now} + $3 END,
        due_at = CASE WHEN status = 'in-flight' THEN due_at ELSE {now} + $3 END,
        cancelling = CASE WHEN status = 'in-flight' THEN 0 ELSE 1 END,
        tries = tries + 1, problem = $4
    WHERE key = $1 AND fence = $2 AND status IN ('in-flight', 'to-cancel')";

/// What was tried before stays one that is being cancelled.
const SET_ASIDE: &str = "
    UPDATE connector_state SET
        owner = NULL,
        lease_until = CASE WHEN status = 'in-flight' THEN {now} + $3 END,
        due_at = CASE WHEN status = 'in-flight' THEN due_at ELSE {now} + $3 END,
        cancelling = CASE WHEN status = 'to-cancel' AND tries > 0 THEN 1 ELSE 0 END,
        problem = COALESCE(CAST($4 AS TEXT), problem)
    WHERE key = $1 AND fence = $2 AND status IN ('in-flight', 'to-cancel')";

const GIVEN_UP: &str = "
    UPDATE connector_state SET
        status = 'given-up', problem = $3, lease_until = NULL, due_at = NULL, request = NULL,
        expires_at = {now} + $4
    WHERE key = $1 AND fence = $2 AND status IN ('in-flight', 'to-cancel', 'answered')";

const DUE: &str = "
    UPDATE connector_state SET
        owner = $1, lease_until = {now} + $2, fence = {fence}, claims = claims + 1,
        cancelling = CASE WHEN status = 'to-cancel' THEN 1 ELSE 0 END
    WHERE {keys} (
        SELECT key FROM connector_state
        WHERE status IN ('in-flight', 'to-cancel')
            AND (lease_until IS NULL OR lease_until <= {now})
            AND (status = 'in-flight' OR due_at <= {now})
            AND {position}(CAST($4 AS TEXT), ' ' || version || ' ' || task_type || '\n') = 0
        ORDER BY due_at LIMIT $3 {skip_locked})
    RETURNING ";

const RENEW: &str = "
    UPDATE connector_state SET lease_until = {now} + $3
    WHERE owner = $1 AND lease_until IS NOT NULL AND {fences}";

const LET_GO: &str = "
    UPDATE connector_state SET lease_until = {now} WHERE owner = $1 AND lease_until > {now}";

const RELEASE: &str = "
    UPDATE connector_state SET lease_until = NULL
    WHERE key = $1 AND fence = $2 AND status = 'to-cancel'";

const UNCLAIM_NEW: &str = "
    DELETE FROM connector_state
    WHERE key = $1 AND nonce = $2 AND status = 'in-flight' AND claims = 1";

const UNCLAIM_TAKEN: &str = "
    UPDATE connector_state SET lease_until = {now}
    WHERE key = $1 AND nonce = $2 AND (status = 'in-flight' OR status = 'to-cancel')";

const CLEAN_UP: &str = "
    DELETE FROM connector_state
    WHERE {keys} (
        SELECT key FROM connector_state WHERE expires_at <= {now} LIMIT $1 {skip_locked})";

const PROBE: &str = "INSERT INTO connector_state_probe (id, filler) VALUES ($1, $2)";
const UNPROBE: &str = "DELETE FROM connector_state_probe WHERE id = $1";

const LIST: &str = " FROM connector_state
    WHERE status <> 'answered' OR expires_at IS NULL OR expires_at > {now}
    ORDER BY created_at, key";

const CANCEL: &str = "
    UPDATE connector_state SET
        superseded = CASE WHEN meta IS NULL THEN 1 ELSE superseded END,
        status = CASE WHEN meta IS NULL THEN status ELSE 'to-cancel' END,
        fence = CASE WHEN meta IS NULL THEN fence ELSE {fence} END,
        owner = CASE WHEN meta IS NULL THEN owner END,
        lease_until = CASE WHEN meta IS NULL THEN lease_until END,
        due_at = CASE WHEN meta IS NULL THEN due_at ELSE {now} END,
        cancelling = CASE WHEN meta IS NULL THEN cancelling ELSE 1 END,
        expires_at = CASE WHEN meta IS NULL THEN expires_at END
    WHERE key = $1
    RETURNING status";

const FORGET: &str = "DELETE FROM connector_state WHERE key = $1 RETURNING key";

impl Statements {
    fn of(dialect: Dialect) -> Self {
        let spelled = |statement: &str| dialect.spelled(statement);
        Self {
            claim: spelled(CLAIM),
            take_up: spelled(TAKE_UP),
            supersede: spelled(SUPERSEDE),
            read: spelled(READ),
            created: spelled(CREATED),
            created_anew: spelled(CREATED_ANEW),
            failed: spelled(FAILED),
            unsure: spelled(UNSURE),
            to_cancel: spelled(TO_CANCEL),
            to_cancel_unnamed: spelled(TO_CANCEL_UNNAMED),
            cancelling: spelled(CANCELLING),
            wanted: spelled(WANTED),
            asked: spelled(ASKED),
            doubted: spelled(DOUBTED),
            unasked: spelled(&format!("SELECT {COLUMNS}{UNASKED}")),
            fresh: spelled(&format!("SELECT {COLUMNS}{FRESH}")),
            cancelled: spelled(CANCELLED),
            put_off: spelled(PUT_OFF),
            set_aside: spelled(SET_ASIDE),
            given_up: spelled(GIVEN_UP),
            due: spelled(&format!("{DUE}{COLUMNS}")),
            renew: spelled(RENEW),
            let_go: spelled(LET_GO),
            release: spelled(RELEASE),
            unclaim_new: spelled(UNCLAIM_NEW),
            unclaim_taken: spelled(UNCLAIM_TAKEN),
            clean_up: spelled(CLEAN_UP),
            probe: spelled(PROBE),
            unprobe: spelled(UNPROBE),
            peers: PeerStatements::of(spelled),
            list: spelled(&format!("SELECT {COLUMNS}{LIST}")),
            cancel: spelled(CANCEL),
            forget: spelled(FORGET),
        }
    }
}
