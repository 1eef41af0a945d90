//! `AgentMetadataService`: who is here and what they serve, as Flyte 1 asks.
//! The answers are made of the listing that Flyte 2 gets, which is there without waiting.

use connector_gate::TextLimit;
use tonic::{Request, Response, Status};

use super::convert;
use crate::grpc::Listing;
use crate::pb::flyte1;
use crate::pb::flyte1::agent_metadata_service_server::AgentMetadataService;

/// The service.
#[derive(Debug)]
pub(super) struct MetadataService {
    listing: Listing,
    texts: TextLimit,
}

impl MetadataService {
    pub(super) const fn new(listing: Listing, texts: TextLimit) -> Self {
        Self { listing, texts }
    }

    /// Every agent, in the order of Flyte 2's list. A name stands for tasks of one kind here; where it
    /// has jobs of another service beside tasks that are run, it is listed for each.
    fn agents(&self) -> Vec<flyte1::Agent> {
        let mut agents = Vec::new();
        for connector in self.listing.all() {
            let (run, jobs): (Vec<_>, Vec<_>) = connector
                .supported_task_categories
                .into_iter()
                .partition(|category| self.listing.is_sync(&category.name, category.version));
            for (is_sync, categories) in [(true, run), (false, jobs)] {
                if !categories.is_empty() {
                    agents.push(convert::agent(&connector.name, is_sync, categories));
                }
            }
        }
        agents
    }
}

#[tonic::async_trait]
impl AgentMetadataService for MetadataService {
    async fn get_agent(
        &self,
        request: Request<flyte1::GetAgentRequest>,
    ) -> Result<Response<flyte1::GetAgentResponse>, Status> {
        let name = request.into_inner().name;
        match self.agents().into_iter().find(|agent| agent.name == name) {
            Some(agent) => Ok(Response::new(flyte1::GetAgentResponse { agent: Some(agent) })),
            None => {
                let text = format!("Cannot find connector for name: {name}.");
                Err(Status::not_found(self.texts.shortened(text)))
            }
        }
    }

    async fn list_agents(
        &self,
        _request: Request<flyte1::ListAgentsRequest>,
    ) -> Result<Response<flyte1::ListAgentsResponse>, Status> {
        Ok(Response::new(flyte1::ListAgentsResponse { agents: self.agents() }))
    }
}
