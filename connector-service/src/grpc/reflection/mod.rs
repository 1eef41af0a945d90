//! Server reflection, in both versions of the service: what tools such as grpcurl ask first.
//! `grpc` mounts it. A question that cannot be answered is answered so, and the stream goes on; the stock
//! implementation ends it, and looks for the values of enums where protobuf does not put them.

mod described;

use std::pin::Pin;
use std::sync::LazyLock;

use futures_util::{Stream, StreamExt as _};
use prost::Message;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use tonic_reflection::pb::{v1, v1alpha};

use described::Described;

/// The same for every server of a process.
static DESCRIBED: LazyLock<Result<Described, String>> =
    LazyLock::new(|| Described::new().map_err(|error| error.to_string()));

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

/// The service, in whichever version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reflection;

#[tonic::async_trait]
impl v1::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers<ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let answers = request.into_inner().map(|question| question.and_then(answer));
        Ok(Response::new(Box::pin(answers)))
    }
}

// The messages of both versions are the same on the wire.
#[tonic::async_trait]
impl v1alpha::server_reflection_server::ServerReflection for Reflection {
    type ServerReflectionInfoStream = Answers<v1alpha::ServerReflectionResponse>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<v1alpha::ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let answers = request.into_inner().map(|question| recoded(&answer(recoded(&question?)?)?));
        Ok(Response::new(Box::pin(answers)))
    }
}

/// A message of one version as the same message of the other.
fn recoded<A: Message, B: Message + Default>(message: &A) -> Result<B, Status> {
    B::decode(message.encode_to_vec().as_slice())
        .map_err(|error| Status::internal(error.to_string()))
}

fn answer(question: ServerReflectionRequest) -> Result<ServerReflectionResponse, Status> {
    let described = DESCRIBED.as_ref().map_err(Status::internal)?;
    let answer = match &question.message_request {
        None => error(Code::InvalidArgument, "the request asks nothing".to_owned()),
        Some(MessageRequest::ListServices(_)) => {
            let service = described.services().map(|name| ServiceResponse { name }).collect();
            MessageResponse::ListServicesResponse(ListServiceResponse { service })
        }
        Some(MessageRequest::FileByFilename(name)) => {
            file(described.file(name), || format!("there is no file {name:?}"))
        }
        Some(MessageRequest::FileContainingSymbol(symbol)) => {
            let found = described.file_of_symbol(symbol);
            file(found, || format!("nothing here is named {symbol:?}"))
        }
        Some(MessageRequest::FileContainingExtension(asked)) => {
            let (message, number) = (&asked.containing_type, asked.extension_number);
            let found = described.file_of_extension(message, number);
            file(found, || format!("nothing here extends {message:?} with the number {number}"))
        }
        Some(MessageRequest::AllExtensionNumbersOfType(message)) => {
            match described.extensions(message) {
                Some(numbers) => {
                    MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                        base_type_name: message.clone(),
                        extension_number: numbers,
                    })
                }
                None => error(Code::NotFound, format!("no message here is named {message:?}")),
            }
        }
    };
    Ok(ServerReflectionResponse {
        valid_host: question.host.clone(),
        message_response: Some(answer),
        original_request: Some(question),
    })
}

fn file(found: Option<Vec<u8>>, missing: impl FnOnce() -> String) -> MessageResponse {
    match found {
        Some(file) => MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
            file_descriptor_proto: vec![file],
        }),
        None => error(Code::NotFound, missing()),
    }
}

fn error(code: Code, error_message: String) -> MessageResponse {
    MessageResponse::ErrorResponse(ErrorResponse { error_code: code.into(), error_message })
}
