//! Work that blocks its thread, moved to where that hurts nobody.
//! Connectors call it around clients without `async`.

use tokio::runtime::Handle;

use crate::error::{ConnectorError, Result};

/// Runs work that blocks its thread, such as a client without `async`, away from the threads that
/// serve other calls.
///
/// It uses the threads kept for that by the runtime the connector runs on. The policy's
/// `concurrency` bounds how many there are. A panic in the work is a panic of the call.
///
/// ```
/// use connector_core::prelude::*;
///
/// async fn row_count(path: String) -> Result<usize> {
///     blocking(move || {
///         let text = std::fs::read_to_string(&path).or_permanent("the table cannot be read")?;
///         Ok(text.lines().count())
///     })
///     .await
/// }
/// ```
///
/// # Errors
/// What the work says, and [`crate::ErrorKind::Transient`] if the server ends before it starts.
///
/// # Cancel safety
/// Work that has begun goes on to its end even when the call is dropped: no thread can be stopped
/// from outside. So make it safe to be finished without a listener.
pub async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    // Outside a runtime nobody else is held up.
    let Ok(runtime) = Handle::try_current() else {
        return work();
    };
    match runtime.spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_cancelled) => Err(ConnectorError::transient("the server is ending")),
        },
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::blocking;
    use crate::error::{ConnectorError, ErrorKind};

    #[tokio::test]
    async fn answers_from_another_thread() {
        let here = std::thread::current().id();
        let there = blocking(|| Ok(std::thread::current().id())).await.unwrap();
        assert_ne!(here, there);
        let error = blocking::<(), _>(|| Err(ConnectorError::permanent("no"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Permanent);
    }

    #[tokio::test]
    async fn a_panic_stays_a_panic() {
        let work = blocking::<(), _>(|| panic!("oh"));
        let panic = std::panic::AssertUnwindSafe(work).catch_unwind().await.unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"oh"));
    }

    #[test]
    fn works_without_a_runtime() {
        let answer = blocking(|| Ok(1)).now_or_never().expect("no waiting").unwrap();
        assert_eq!(answer, 1);
    }
}
