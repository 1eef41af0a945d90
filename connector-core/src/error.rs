//! How a connector says what went wrong.
//! Connectors build these; the server decides what the executor sees of each kind.
//! No gRPC code may appear here: that table belongs to the server.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// The result of every connector method.
pub type Result<T, E = ConnectorError> = std::result::Result<T, E>;

/// What kind of failure it is; each kind has a fixed meaning per call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The task itself is wrong: a missing input, a setting out of range. A retry cannot help.
    InvalidTask,
    /// The outside system said no for good: bad SQL, no such table, forbidden.
    Permanent,
    /// This attempt is lost, a new one may succeed: a preempted node, a lost worker.
    Retryable,
    /// The call failed, the job may be fine: a timeout, a 503, a rate limit.
    Transient {
        /// How long the outside system asked to wait, if it did.
        retry_after: Option<Duration>,
    },
    /// The outside system does not know the job.
    NotFound,
    /// Credentials are missing, wrong or expired.
    Unauthenticated,
    /// This connector cannot do that.
    Unsupported,
}

impl ErrorKind {
    /// Every kind, for tables that must leave none out.
    pub const ALL: &[Self] = &[
        Self::InvalidTask,
        Self::Permanent,
        Self::Retryable,
        Self::Transient { retry_after: None },
        Self::NotFound,
        Self::Unauthenticated,
        Self::Unsupported,
    ];

    /// A short lower-case name for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidTask => "invalid_task",
            Self::Permanent => "permanent",
            Self::Retryable => "retryable",
            Self::Transient { .. } => "transient",
            Self::NotFound => "not_found",
            Self::Unauthenticated => "unauthenticated",
            Self::Unsupported => "unsupported",
        }
    }
}

/// A typed failure with a message for the task author and a cause for the log.
///
/// The message travels to Flyte; a source is written to the server's log only. [`OrKind`] puts the whole
/// chain of causes into the message.
#[derive(Debug)]
pub struct ConnectorError {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ConnectorError {
    /// An error of `kind` with a message that says what happened and what to do.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The task itself is wrong, see [`ErrorKind::InvalidTask`].
    pub fn invalid_task(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidTask, message)
    }

    /// A final no from the outside system, see [`ErrorKind::Permanent`].
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Permanent, message)
    }

    /// This attempt is lost, see [`ErrorKind::Retryable`].
    pub fn retryable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Retryable, message)
    }

    /// The call failed but the job may be fine, see [`ErrorKind::Transient`].
    pub fn transient(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient { retry_after: None }, message)
    }

    /// Like [`ConnectorError::transient`], with the wait the outside system asked for.
    pub fn transient_after(retry_after: Duration, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Transient { retry_after: Some(retry_after) }, message)
    }

    /// The outside system does not know the job, see [`ErrorKind::NotFound`].
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// Credentials are missing or refused, see [`ErrorKind::Unauthenticated`].
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unauthenticated, message)
    }

    /// This connector cannot do that, see [`ErrorKind::Unsupported`].
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    /// Keeps `source` as the cause, for the server's log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message that travels to Flyte.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConnectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ConnectorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

/// An error of your own whose kind its type knows: `?` turns it into a [`ConnectorError`].
///
/// No other error is turned, on purpose: a timeout and a syntax error reach Flyte differently, so it
/// has to be said which one this is. [`OrKind`] says it where the `?` stands.
///
/// ```
/// use connector_core::HasKind;
/// use connector_core::prelude::*;
///
/// #[derive(Debug)]
/// enum FarmError {
///     Busy,
///     NoSuchScene,
/// }
///
/// impl std::fmt::Display for FarmError {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str(match self {
///             Self::Busy => "the farm is busy",
///             Self::NoSuchScene => "there is no such scene",
///         })
///     }
/// }
///
/// impl std::error::Error for FarmError {}
///
/// impl HasKind for FarmError {
///     fn kind(&self) -> ErrorKind {
///         match self {
///             Self::Busy => ErrorKind::Transient { retry_after: None },
///             Self::NoSuchScene => ErrorKind::InvalidTask,
///         }
///     }
/// }
///
/// fn render() -> Result<()> {
///     Err(FarmError::NoSuchScene)?
/// }
/// assert_eq!(render().unwrap_err().kind(), ErrorKind::InvalidTask);
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` does not say what kind of failure it is",
    label = "what kind of failure is this? write `.or_transient(\"what was tried\")?`, or `or_permanent`, `or_retryable`, `or_invalid_task`"
)]
pub trait HasKind: Error + Send + Sync + 'static {
    /// What kind of failure it is.
    fn kind(&self) -> ErrorKind;
}

/// The message has the error with its whole chain of causes.
impl<E: HasKind> From<E> for ConnectorError {
    fn from(error: E) -> Self {
        Self::new(error.kind(), with_causes(&error)).with_source(error)
    }
}

/// Gives an ordinary error its kind at the place where `?` stands.
///
/// ```
/// use connector_core::prelude::*;
///
/// fn read_region(text: &str) -> Result<u8> {
///     text.parse::<u8>().or_invalid_task("`region` must be a number from 0 to 255")
/// }
/// let error = read_region("west").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidTask);
/// assert_eq!(
///     error.message(),
///     "`region` must be a number from 0 to 255: invalid digit found in string"
/// );
/// ```
pub trait OrKind<T>: Sized {
    /// Turns the error into one of `kind`, reading `context: error: its cause: the cause of that`.
    ///
    /// # Errors
    /// The original error, typed.
    fn or_kind(self, kind: ErrorKind, context: &str) -> Result<T>;

    /// [`ErrorKind::Transient`]: the call failed, the job may be fine.
    ///
    /// # Errors
    /// The original error, typed.
    fn or_transient(self, context: &str) -> Result<T> {
        self.or_kind(ErrorKind::Transient { retry_after: None }, context)
    }

    /// [`ErrorKind::Permanent`]: a final no.
    ///
    /// # Errors
    /// The original error, typed.
    fn or_permanent(self, context: &str) -> Result<T> {
        self.or_kind(ErrorKind::Permanent, context)
    }

    /// [`ErrorKind::Retryable`]: this attempt is lost.
    ///
    /// # Errors
    /// The original error, typed.
    fn or_retryable(self, context: &str) -> Result<T> {
        self.or_kind(ErrorKind::Retryable, context)
    }

    /// [`ErrorKind::InvalidTask`]: the task itself is wrong.
    ///
    /// # Errors
    /// The original error, typed.
    fn or_invalid_task(self, context: &str) -> Result<T> {
        self.or_kind(ErrorKind::InvalidTask, context)
    }
}

impl<T, E> OrKind<T> for std::result::Result<T, E>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    fn or_kind(self, kind: ErrorKind, context: &str) -> Result<T> {
        self.map_err(|error| {
            let source = error.into();
            let text = with_causes(source.as_ref());
            ConnectorError::new(kind, format!("{context}: {text}")).with_source(source)
        })
    }
}

/// More causes than an error has: some refer to themselves.
const MOST_CAUSES: usize = 16;

/// The text of an error with everything that caused it. Clients of HTTP say "error sending request" and
/// leave it to the causes to say that the connection was refused; a cause that was told is not repeated.
#[must_use]
pub fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..MOST_CAUSES {
        let Some(told) = cause else { break };
        let words = told.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = told.source();
    }
    text
}

/// Every value, or one error that tells of all that is wrong: whoever mends one of several faults should
/// not meet the next one only then.
pub(crate) fn all_of<A, B, C>(a: Result<A>, b: Result<B>, c: Result<C>) -> Result<(A, B, C)> {
    let wrong: Vec<ConnectorError> = match (a, b, c) {
        (Ok(a), Ok(b), Ok(c)) => return Ok((a, b, c)),
        (a, b, c) => [a.err(), b.err(), c.err()].into_iter().flatten().collect(),
    };
    let mends_nothing = |error: &&ConnectorError| error.kind == ErrorKind::InvalidTask;
    let kind = wrong.iter().find(mends_nothing).or(wrong.first()).map(ConnectorError::kind);
    let texts: Vec<&str> = wrong.iter().map(ConnectorError::message).collect();
    let error = ConnectorError::new(kind.unwrap_or(ErrorKind::InvalidTask), texts.join("\n"));
    Err(match wrong.into_iter().find_map(|error| error.source) {
        Some(source) => error.with_source(source),
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;

    use super::{ConnectorError, ErrorKind, HasKind, OrKind, Result, all_of};

    /// An error as clients of HTTP have them: the outer ones do not tell what the inner ones say.
    #[derive(Debug)]
    struct Layer(&'static str, Option<Box<Layer>>);

    impl fmt::Display for Layer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Layer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|layer| layer as &dyn Error)
        }
    }

    impl HasKind for Layer {
        fn kind(&self) -> ErrorKind {
            ErrorKind::Retryable
        }
    }

    fn failed(texts: &[&'static str]) -> Result<(), Layer> {
        let layers = texts.iter().rev();
        let whole = layers.fold(None, |inner, text| Some(Box::new(Layer(text, inner))));
        Err(*whole.unwrap())
    }

    #[test]
    fn the_cause_of_the_cause_reaches_the_user() {
        let texts = [
            "error sending request",
            "client error (Connect)",
            "Connection refused (os error 111)",
        ];
        let told = "the farm: error sending request: client error (Connect): \
                    Connection refused (os error 111)";
        for error in [
            failed(&texts).or_transient("the farm").unwrap_err(),
            failed(&texts).or_permanent("the farm").unwrap_err(),
            failed(&texts).or_retryable("the farm").unwrap_err(),
            failed(&texts).or_invalid_task("the farm").unwrap_err(),
        ] {
            assert_eq!(error.message(), told);
            assert!(error.source().is_some());
        }
        let of_its_own_kind = ConnectorError::from(failed(&texts).unwrap_err());
        assert_eq!(of_its_own_kind.message(), told.trim_start_matches("the farm: "));
        let repeated = failed(&["cannot connect: refused", "refused", "by policy"]);
        let repeated = repeated.or_transient("the farm").unwrap_err();
        assert_eq!(repeated.message(), "the farm: cannot connect: refused: by policy");
    }

    #[test]
    fn several_faults_are_told_at_once() {
        let wrong = |kind, text| Err::<(), _>(ConnectorError::new(kind, text));
        assert_eq!(all_of(Ok(1), Ok(2), Ok(3)).unwrap(), (1, 2, 3));
        let one = all_of(Ok(1), wrong(ErrorKind::Permanent, "b"), Ok(3)).unwrap_err();
        assert_eq!((one.kind(), one.message()), (ErrorKind::Permanent, "b"));
        let a = wrong(ErrorKind::Permanent, "a");
        let both = all_of(a, Ok(2), wrong(ErrorKind::InvalidTask, "c")).unwrap_err();
        assert_eq!((both.kind(), both.message()), (ErrorKind::InvalidTask, "a\nc"));
    }
}
