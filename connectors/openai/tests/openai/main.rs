//! Tasks on fakes of OpenAI: what is asked, and what becomes of each answer.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

mod batches;
mod chats;
mod fake;
