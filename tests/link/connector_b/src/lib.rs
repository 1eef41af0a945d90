//! A crate whose connector, `link_b`, sits in a module that nothing points to.
//! The binaries of the link tests name it or leave it out.
//! Its twin is `link-connector-a`.

mod connector {
    use connector_core::prelude::*;

    /// Serves `link_b`.
    #[connector(task_type = "link_b", version = 2)]
    #[derive(Debug, Default)]
    struct LinkB;

    impl AsyncConnector for LinkB {
        async fn create(&self, _task: CreateTask<Self>) -> Result<JobId> {
            Ok(JobId::new("b"))
        }

        async fn get(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<Resource> {
            Ok(Resource::succeeded(Outputs::None))
        }

        async fn delete(&self, _job: &JobId, _cx: &TaskContext<Self>) -> Result<()> {
            Ok(())
        }
    }
}
