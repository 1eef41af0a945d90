//! Questions beside the one that counts, such as for the last words of a job that has failed: a vendor that does not
//! answer them must not cost what it has answered already.

use std::future::Future;
use std::time::Duration;

use connector_core::{CallContext, ConnectorError, Result};

/// The time where the caller does not say how long it waits.
const USUALLY: Duration = Duration::from_secs(5);

/// The answer to a question beside the one that counts. It has half of the time that is left of the call, or five
/// seconds.
///
/// # Errors
/// Those of the question; [`connector_core::ErrorKind::Transient`]: its time is over.
///
/// # Cancel safety
/// The question is dropped at its current `.await`.
pub async fn aside<T>(call: &CallContext, question: impl Future<Output = Result<T>>) -> Result<T> {
    let time = call.remaining().map_or(USUALLY, |left| left / 2);
    tokio::time::timeout(time, question).await.unwrap_or_else(|_elapsed| {
        let text = format!("no answer within {time:.1?}, for which nothing else waits");
        Err(ConnectorError::transient(text))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use connector_core::{CallContext, ConnectorKey, TaskType};
    use tokio::time::Instant;

    use super::aside;

    #[tokio::test(start_paused = true)]
    async fn a_question_aside_has_half_of_the_time() {
        let key = ConnectorKey { task_type: TaskType::parse("render").unwrap(), version: 0 };
        let begun = Instant::now();
        let call = CallContext::new(key.clone());
        let never = || std::future::pending::<connector_core::Result<()>>();
        aside(&call, never()).await.unwrap_err();
        assert_eq!(begun.elapsed(), Duration::from_secs(5));
        // A deadline is told by the clock of the machine, which does not stand still.
        let soon = std::time::Instant::now() + Duration::from_secs(100);
        let begun = Instant::now();
        let error = aside(&call.deadline(soon), never()).await.unwrap_err();
        assert!((40..=50).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        assert!(error.message().contains("no answer within"), "{error}");
        let call = CallContext::new(key);
        assert_eq!(aside(&call, async { Ok(7) }).await.unwrap(), 7);
    }
}
