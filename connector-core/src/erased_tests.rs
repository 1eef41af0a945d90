//! The erased form with a task that fits nowhere: everything that is wrong is told at once.

use std::sync::Arc;

use crate::erased::{CreateRequest, DynConnector, Erased};
use crate::pb;
use crate::prelude::*;
use crate::task::{NamedLiterals, TaskConfig, TaskConnection, TaskInputs};
use crate::{CallContext, ConnectorKey, TaskType};

/// What a task never fits.
#[derive(Debug)]
struct Wrong;

impl TaskInputs for Wrong {
    fn from_literals(_literals: NamedLiterals) -> Result<Self> {
        Err(ConnectorError::invalid_task("the inputs are wrong"))
    }
}

impl TaskConfig for Wrong {
    fn from_custom(_custom: prost_types::Struct) -> Result<Self> {
        Err(ConnectorError::invalid_task("the settings are wrong"))
    }
}

impl TaskConnection for Wrong {
    fn from_connection(_connection: pb::Connection) -> Result<Self> {
        Err(ConnectorError::invalid_task("a secret is missing"))
    }
}

impl ConnectorSpec for Wrong {
    const NAME: &'static str = "Wrong";
    const TASK_TYPES: &'static [&'static str] = &["wrong"];
    const VERSIONS: &'static [i32] = &[0];
    type Meta = JobId;
    type Config = Self;
    type Inputs = Self;
    type Outputs = ();
    type Connection = Self;
}

impl AsyncConnector for Wrong {
    async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("never"))
    }

    async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource<()>> {
        Ok(Resource::running())
    }

    async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn all_that_is_wrong_with_a_task_is_told_at_once() {
    let connector = Erased::new(Wrong, Arc::default());
    let request = CreateRequest {
        template: Box::default(),
        inputs: NamedLiterals::default(),
        input_context: Vec::new(),
        output_prefix: String::new(),
        execution: None,
        connection: None,
    };
    let key = ConnectorKey { task_type: TaskType::parse("wrong").unwrap(), version: 0 };
    let call = CallContext::new(key);
    let error = connector.create(request, call).await.unwrap_err();
    let told = "the inputs are wrong\nthe settings are wrong\na secret is missing";
    assert_eq!(error.to_string(), told);
}

/// Finds by hand what the trait would find: nothing.
#[derive(Debug)]
struct Finds;

impl ConnectorSpec for Finds {
    const NAME: &'static str = "Finds";
    const TASK_TYPES: &'static [&'static str] = &["finds"];
    const VERSIONS: &'static [i32] = &[0];
    const POLICY: Policy = Policy::new().keyed(true);
    type Meta = JobId;
    type Config = ();
    type Inputs = ();
    type Outputs = ();
    type Connection = ();
}

impl AsyncConnector for Finds {
    async fn create(&self, _: CreateTask<Self>) -> Result<JobId> {
        Ok(JobId::new("j"))
    }

    async fn get(&self, _: &JobId, _: &TaskContext<Self>) -> Result<Resource<()>> {
        Ok(Resource::running())
    }

    async fn delete(&self, _: &JobId, _: &TaskContext<Self>) -> Result<()> {
        Ok(())
    }

    fn find(
        &self,
        _: &IdempotencyKey,
        _: &TaskContext<Self>,
    ) -> impl Future<Output = Result<Option<JobId>>> + Send {
        std::future::ready(Ok(None))
    }
}

#[tokio::test]
async fn a_find_of_the_authors_own_is_known_without_an_instance() {
    use crate::Registry;
    use crate::policy::Recovery;

    let builder = || Registry::builder().register(Finds).register(Wrong);
    let described = builder().describe().unwrap();
    let registry = builder().build().await.unwrap();
    let finds = registry.entries().map(|entry| entry.connector.finds());
    assert_eq!(finds.collect::<Vec<_>>(), [true, false]);
    let recoveries = registry.entries().map(crate::host::Entry::recovery);
    assert_eq!(recoveries.collect::<Vec<_>>(), [Recovery::Keys, Recovery::Neither]);
    let told = described.iter().map(|it| it.recovery);
    assert_eq!(told.collect::<Vec<_>>(), [Recovery::Keys, Recovery::Neither]);
    assert_eq!(Recovery::of(&Policy::new(), true), Recovery::Find);
}
