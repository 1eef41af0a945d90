//! One record per connector: who it is, where it was written, how to make its instance.
//! `#[connector]` submits these at link time; the registry builder collects and checks them.
//! Nothing is instantiated here.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::connector::AsyncConnector;
use crate::erased::{DynConnector, Erased, finds, interface};
use crate::erased_sync::ErasedSync;
use crate::error::Result;
use crate::policy::Policy;
use crate::settings::Settings;
use crate::spec::ConnectorSpec;
use crate::sync_connector::SyncConnector;
use crate::typed::Interface;

/// A connector instance in the making.
pub type InitFuture<C> = Pin<Box<dyn Future<Output = Result<C>> + Send>>;

/// A connector that can be made from settings alone; written by `#[connector]`.
pub trait LinkedConnector: Sized {
    /// Makes the instance.
    fn instance(settings: Settings) -> InitFuture<Self>;
}

/// How an erased instance comes to be.
pub(crate) type Instance = InitFuture<Arc<dyn DynConnector>>;

/// What the linker collects about one connector.
pub struct Registration {
    pub(crate) identity: Identity,
    pub(crate) instance: fn(Settings) -> Instance,
    pub(crate) interface: fn() -> Interface,
    pub(crate) finds: fn() -> bool,
}

/// Who a connector is and where it stands in the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) task_types: &'static [&'static str],
    pub(crate) versions: &'static [i32],
    pub(crate) policy: Policy,
    /// Whether its tasks are done within one call.
    pub(crate) sync: bool,
    pub(crate) place: Place,
}

/// A file and line of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as the compiler names it.
    pub file: &'static str,
    /// The line.
    pub line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl Registration {
    /// The record of connector `C`, which stands at that place.
    #[must_use]
    pub const fn new<C: AsyncConnector + LinkedConnector>(file: &'static str, line: u32) -> Self {
        Self {
            identity: Identity::of::<C>(Place { file, line }),
            instance: |settings| {
                Box::pin(async move {
                    let operator = settings.operator();
                    let connector = C::instance(settings).await?;
                    Ok(Arc::new(Erased::new(connector, operator)) as Arc<dyn DynConnector>)
                })
            },
            interface: interface::<C>,
            finds: finds::<C>,
        }
    }

    /// The record of connector `C`, whose tasks are done within one call.
    #[must_use]
    pub const fn new_sync<C: SyncConnector + LinkedConnector>(
        file: &'static str,
        line: u32,
    ) -> Self {
        Self {
            identity: Identity::of::<C>(Place { file, line }).sync(),
            instance: |settings| {
                Box::pin(async move {
                    let operator = settings.operator();
                    let connector = C::instance(settings).await?;
                    Ok(Arc::new(ErasedSync::new(connector, operator)) as Arc<dyn DynConnector>)
                })
            },
            interface: interface::<C>,
            finds: || false,
        }
    }
}

impl Identity {
    pub(crate) const fn of<C: ConnectorSpec>(place: Place) -> Self {
        Self {
            name: C::NAME,
            task_types: C::TASK_TYPES,
            versions: C::VERSIONS,
            policy: C::POLICY,
            sync: false,
            place,
        }
    }

    /// The same of a connector whose tasks are done within one call.
    pub(crate) const fn sync(self) -> Self {
        Self { sync: true, ..self }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").field("identity", &self.identity).finish_non_exhaustive()
    }
}

inventory::collect!(Registration);

/// What a linked crate has to do before any connector of the process is made, such as choosing for all of
/// them whose cryptography is used. It may run more than once.
#[derive(Debug)]
pub struct Beforehand(pub fn());

inventory::collect!(Beforehand);

/// Does all of it.
pub(crate) fn beforehand() {
    inventory::iter::<Beforehand>.into_iter().for_each(|Beforehand(run)| run());
}
