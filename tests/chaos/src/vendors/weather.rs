//! What goes wrong between a connector and its vendor, call by call: refusals, pages of proxies, resets
//! before and after the deed, cut and late answers. Every third call about one thing works, or nothing
//! could ever end.

use std::collections::HashMap;
use std::time::Duration;

use fastrand::Rng;
use serde_json::Value;
use vendor_tests::fake::{Answer, Call, Vendor};

use super::Stormy;

/// A vendor in bad weather.
#[derive(Debug)]
pub(super) struct Weather<V> {
    pub(super) vendor: V,
    seed: u64,
    /// How long callers wait.
    deadline: Duration,
    /// How often each thing was asked for.
    earlier: HashMap<String, u32>,
}

impl<V: Stormy> Weather<V> {
    pub(super) fn new(vendor: V, seed: u64, deadline: Duration) -> Self {
        Self { vendor, seed, deadline, earlier: HashMap::new() }
    }

    fn luck(&self, subject: &str, earlier: u32) -> Rng {
        let mixed = subject.bytes().fold(self.seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut luck = Rng::with_seed(mixed.wrapping_add(u64::from(earlier) << 32));
        luck.u64(..);
        luck
    }
}

impl<V: Stormy> Vendor for Weather<V> {
    fn answer(&mut self, call: &Call) -> Answer {
        let subject = V::subject(call);
        let times = self.earlier.entry(subject.clone()).or_default();
        let earlier = *times;
        *times += 1;
        let mut luck = self.luck(&subject, earlier);
        // Longer than anybody waits.
        let late = self.deadline.mul_f64(1.1 + luck.f64());
        match luck.u32(0..100) {
            _ if earlier % 3 == 2 => self.vendor.answer(call),
            0..10 => {
                let mut refusals = V::refusals(call);
                refusals.swap_remove(luck.usize(..refusals.len()))
            }
            10..13 => Answer::Page([502, 503, 404][luck.usize(..3)]),
            13..16 => Answer::Reset,
            16..20 => {
                self.vendor.answer(call);
                Answer::Reset
            }
            20..24 => match self.vendor.answer(call) {
                Answer::Json(200, body) => Answer::Cut(body),
                answer => answer,
            },
            24..28 => Answer::Late(late, self.vendor.answer(call).into()),
            28..30 => Answer::Late(late, Answer::Reset.into()),
            _ => self.vendor.answer(call),
        }
    }

    fn told(&self, call: &Call) -> Option<Value> {
        self.vendor.told(call)
    }

    fn job_of(&self, resource_meta: &Value) -> Option<String> {
        self.vendor.job_of(resource_meta)
    }

    fn chosen(&self, call: &Call) -> Option<String> {
        self.vendor.chosen(call)
    }
}
