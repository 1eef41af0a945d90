//! Rules of delete: gone is gone, and a transient error is tried again within the call.
//! The executor repeats a failing delete every ten seconds for ever, so unknown, finished and
//! already deleted jobs are a success; an error is left only where a repetition can help.

use connector_core::host::JobRequest;
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::call::Call;
use crate::deadline::after;
use crate::failure::Cause;
use crate::operation::Operation;
use crate::site::Site;
use crate::verdict::{self, Verdict};

/// Deletes a job.
///
/// # Errors
/// What the connector said at last, or a passed deadline. The executor comes again.
///
/// # Cancel safety
/// The connector's call ends at its current `.await`; the executor comes again.
pub(crate) async fn delete(site: &Site, request: &JobRequest, call: &Call) -> Result<(), Cause> {
    let until = after(site.policy().retry_for).min(call.deadline);
    let mut backoff = Backoff::new();
    loop {
        let error = match site.delete(request, &call.context, call.deadline, &*call.observer).await
        {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => site.scrubbed(error, request.connection.as_ref()),
            Err(interrupted) => {
                return Err(site.cause(interrupted, call, request.connection.as_ref()));
            }
        };
        match verdict::of(Operation::Delete, &error) {
            Verdict::Done => {
                tracing::debug!(key = %call.context.key, "nothing to delete: {error}");
                return Ok(());
            }
            Verdict::Again => {
                let wait = backoff.next(Backoff::asked(&error));
                if after(wait) >= until {
                    return Err(Cause::Call(error));
                }
                sleep(wait).await;
            }
            Verdict::Error | Verdict::FailedJob | Verdict::RetryableJob => {
                return Err(Cause::Call(error));
            }
        }
    }
}
