//! The calls about batches. OpenAI takes no key that would make one batch of two orders, so each order has one
//! in its metadata, and before an order is sent, or sent again, it is looked for among the newest batches.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connector_core::prelude::*;
use connector_http::Submission;

use super::config::Order;
use super::view::View;
use crate::api::{Account, Api, for_good};

/// Batches on one page of a list; OpenAI gives no more.
const PAGE: &str = "100";
/// Pages that are looked through, and how old a batch of an attempt that is being created may be.
const MOST_PAGES: usize = 10;
const LOOK_BACK: Duration = Duration::from_secs(48 * 3_600);
/// How often it is looked for a batch whose order may have arrived, before the order is sent again: a list may
/// be behind.
const LOOKS: u32 = 3;
/// How often a question is asked that OpenAI could not answer, as its own client does.
const ATTEMPTS: u32 = 3;

#[derive(Debug, Deserialize)]
struct Page {
    data: Vec<View>,
    #[serde(default)]
    has_more: bool,
}

/// Orders a batch, or finds the one that was ordered with the same tag.
///
/// # Errors
/// What OpenAI's refusal means. Where an order may have arrived and the batches cannot be listed, nothing is
/// ordered again.
pub(crate) async fn create(api: &Api, order: &Order, account: Account<'_>) -> Result<String> {
    let submission = Submission::new();
    let created = submission.settle(|tried| {
        let submission = &submission;
        async move {
            if let Some(found) = look(api, order, account, tried.in_doubt).await? {
                return Ok(found);
            }
            if tried.in_doubt && tried.times < LOOKS {
                return Err(ConnectorError::transient(
                    "OpenAI's answer to the order of a batch was lost, and no batch of it is to be seen yet",
                ));
            }
            let request = api.http.post(api.url(&["batches"])?).json(&order.body)?;
            let answer = Api::signed(request, account)?.submitting(submission).send().await?;
            let id = answer.json::<View>().ok().and_then(|view| view.id().map(str::to_owned));
            id.ok_or_else(|| {
                submission.may_be_there();
                ConnectorError::transient("OpenAI's answer to the order of a batch has no `id`")
            })
        }
    });
    created.await.map_err(for_good)
}

/// Looks for a batch with the order's tag. A place that cannot list batches, as some gateways, stops only an
/// order that may have arrived.
async fn look(
    api: &Api,
    order: &Order,
    account: Account<'_>,
    in_doubt: bool,
) -> Result<Option<String>> {
    let Some(tag) = &order.tag else {
        return match in_doubt {
            false => Ok(None),
            true => Err(ConnectorError::permanent(
                "OpenAI's answer to the order of a batch was lost. It cannot be looked for, because the task's \
                 own `metadata` have as many entries as OpenAI takes; leave one out",
            )),
        };
    };
    match find(api, tag, account).await {
        Err(error) if !in_doubt && matches!(error.kind(), ErrorKind::Permanent | ErrorKind::NotFound) => {
            tracing::warn!("an earlier order of the batch cannot be looked for: {error}");
            Ok(None)
        }
        Err(error) if in_doubt && !matches!(error.kind(), ErrorKind::Transient { .. }) => {
            Err(ConnectorError::permanent(format!(
                "OpenAI's answer to the order of a batch was lost, and its batches cannot be listed, so none is \
                 ordered again: {error}"
            ))
            .with_source(error))
        }
        looked => looked,
    }
}

/// The batch with that tag among the newest, unless it is cancelled.
///
/// # Errors
/// What OpenAI's refusal to list batches means.
pub(crate) async fn find(api: &Api, tag: &str, account: Account<'_>) -> Result<Option<String>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let oldest = now.saturating_sub(LOOK_BACK).as_secs();
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let mut url = api.url(&["batches"])?;
        url.query_pairs_mut().append_pair("limit", PAGE);
        if let Some(after) = &after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let request = Api::signed(api.http.get(url), account)?.attempts(ATTEMPTS);
        let Page { data, has_more } = request.send().await?.json()?;
        if let Some(found) = data.iter().find(|view| view.is_of(tag)) {
            return Ok(found.id().map(str::to_owned));
        }
        let Some(last) = data.last() else { break };
        let is_old = last.created_at().is_some_and(|created| created < oldest);
        after = last.id().map(str::to_owned);
        if !has_more || is_old || after.is_none() {
            break;
        }
    }
    Ok(None)
}

/// The batch of that id.
///
/// # Errors
/// What OpenAI's refusal means.
pub(crate) async fn get(
    api: &Api,
    batch_id: &str,
    account: Account<'_>,
    call: &CallContext,
) -> Result<View> {
    let request = api.http.get(api.url(&["batches", batch_id])?).within(call);
    Api::signed(request, account)?.send().await?.json()
}

/// Cancels a batch. One that has ended, or is not known, needs no cancelling.
///
/// # Errors
/// What OpenAI's refusal means.
pub(crate) async fn cancel(
    api: &Api,
    batch_id: &str,
    account: Account<'_>,
    call: &CallContext,
) -> Result<()> {
    let request = api.http.post(api.url(&["batches", batch_id, "cancel"])?).within(call);
    // Cancelled twice is cancelled.
    let sent = Api::signed(request, account)?.repeatable().send().await;
    let refused = match sent {
        Ok(answer) => return answer.done(),
        Err(refused) => refused,
    };
    match refused.kind() {
        ErrorKind::NotFound => Ok(()),
        // So OpenAI refuses to cancel what has ended; a refusal for another reason stands.
        ErrorKind::Permanent | ErrorKind::InvalidTask => {
            match get(api, batch_id, account, call).await {
                Ok(view) if view.is_over() => Ok(()),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                _ => Err(refused),
            }
        }
        _ => Err(refused),
    }
}
