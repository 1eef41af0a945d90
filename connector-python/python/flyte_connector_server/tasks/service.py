"""Local runs on a connector service. Generated modules carry it, or import it from here.

For those that carry it the generator takes the imports from here, but for those of this
package, and everything below the marked line.
"""

# gRPC and the messages of Flyte come without types.
# mypy: disable-error-code="import-untyped"

import asyncio
import atexit
import contextlib
import copy
import inspect
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, cast

import grpc
import grpc.aio
from flyte import storage
from flyte._context import internal_ctx
from flyte._internal.runtime import convert, io
from flyte._internal.runtime.task_serde import get_proto_task
from flyte._logging import logger
from flyte.connectors import AsyncConnectorExecutorMixin
from flyte.connectors._connector import FlyteConnectorNotFound
from flyte.errors import NonRecoverableError, RuntimeSystemError, RuntimeUserError
from flyte.extend import TaskTemplate
from flyte.models import NativeInterface, SerializationContext, TaskContext
from flyteidl2.connector import connector_pb2
from flyteidl2.connector.service_pb2_grpc import AsyncConnectorServiceStub
from flyteidl2.core import identifier_pb2, security_pb2, tasks_pb2
from flyteidl2.core.execution_pb2 import TaskExecution
from flyteidl2.task import common_pb2
from google.protobuf import json_format

from .declaration import _cached

# --- below: generated modules carry this

ADDRESS_VARIABLE = "FLYTE_CONNECTOR_ADDRESS"
"""Names the connector service of local runs: `host:port`, or `https://host:port`."""

# As long as Flyte's executor waits for one answer.
_CALL_SECONDS = 10.0
_FIRST_POLL_SECONDS = 0.1
_LONGEST_POLL_SECONDS = 3.0
# The executor gives up on a job after as many failed polls.
_FAILED_POLLS = 5
_LAST_PHASES = (
    TaskExecution.SUCCEEDED,
    TaskExecution.FAILED,
    TaskExecution.RETRYABLE_FAILED,
    TaskExecution.ABORTED,
)
_PASSING = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


class _RunsOnService(AsyncConnectorExecutorMixin):
    """Caches a task by what makes it, and runs it locally on a connector service.

    In a cluster nothing of that counts: there Flyte asks the connector, and the task is
    never executed in Python.
    """

    def __post_init__(self) -> None:
        cast("Any", super()).__post_init__()
        task = self._task
        task.cache = _cached(task)

    @property
    def _task(self) -> "TaskTemplate[..., Any, Any]":
        task: TaskTemplate[..., Any, Any] = cast("Any", self)
        return task

    def by_name(self, outputs: Any) -> dict[str, Any]:
        """The outputs of a run of this task by their names, wherever it ran.

        Flyte gives those of a run in a cluster in the order of their names, and all
        others in the order in which the task declares them.
        """
        names = list(self._task.interface.outputs)
        of_run = getattr(outputs, "pb2", None)
        if of_run is not None and of_run.literals:
            names.sort()
        several = of_run is not None or len(names) != 1
        return dict(zip(names, outputs if several else [outputs], strict=False))

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        placed, others = _by_place(self._task.interface, args, kwargs)
        return cast("Any", super()).__call__(*placed, **others)

    async def execute(self, /, **kwargs: Any) -> Any:
        task = self._task
        address = os.environ.get(ADDRESS_VARIABLE, "").strip()
        if address:
            return await _run_on_service(task, address, kwargs)
        try:
            # A Python connector of this process, if it has one.
            return await super().execute(**kwargs)
        except FlyteConnectorNotFound as error:
            raise NonRecoverableError(
                f"{error}. To run tasks of the type {task.task_type!r} here, start "
                f"`connector-server` and set {ADDRESS_VARIABLE} to its host:port",
                "ConnectorNotFound",
            ) from error


def _by_place(
    interface: NativeInterface, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The inputs by their places: one may be called like a parameter of Flyte's, `self` for one.

    From the first one that is missing they remain as they are.
    """
    placed, others = list(args), dict(kwargs)
    for name, (_, default) in list(interface.inputs.items())[len(args) :]:
        if name not in others and default is inspect.Parameter.empty:
            break
        placed.append(others.pop(name, default))
    return placed, others


async def _run_on_service(
    task: "TaskTemplate[..., Any, Any]", address: str, inputs: Mapping[str, Any]
) -> Any:
    context = internal_ctx().data.task_context
    if context is None:
        raise RuntimeSystemError("NoTaskContext", "the task is not run by Flyte")
    request = await _create_request(task, context, inputs)
    try:
        async with _channel(address) as channel:
            run = _ServiceRun(AsyncConnectorServiceStub(channel), request)
            resource = await run.to_its_end()
    except grpc.aio.AioRpcError as error:
        raise _explained(error, address) from error
    if resource.phase == TaskExecution.SUCCEEDED:
        return await _outputs(task, resource, request.output_prefix)
    phase = TaskExecution.Phase.Name(resource.phase)
    text = f"the job of the task {task.name} is {phase}: {resource.message}"
    if resource.phase == TaskExecution.RETRYABLE_FAILED:
        raise RuntimeUserError("RetryableFailure", text)
    raise NonRecoverableError(text, "PermanentFailure")


def _channel(address: str) -> grpc.aio.Channel:
    scheme, separator, target = address.partition("://")
    if not separator:
        return grpc.aio.insecure_channel(address)
    target = target.rstrip("/")
    if scheme == "https":
        return grpc.aio.secure_channel(target, grpc.ssl_channel_credentials())
    return grpc.aio.insecure_channel(target)


def _explained(error: grpc.aio.AioRpcError, address: str) -> Exception:
    code = error.code().name
    text = f"the connector service at {address} answers {code}: {error.details()}"
    if error.code() in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.UNIMPLEMENTED):
        return NonRecoverableError(text, code)
    return RuntimeSystemError(code, text)


async def _create_request(
    task: "TaskTemplate[..., Any, Any]", context: TaskContext, inputs: Mapping[str, Any]
) -> connector_pb2.CreateTaskRequest:
    """What Flyte's executor would send for the first attempt of the task."""
    action = context.action
    if task.parent_env_name is None:
        # Only a deployed task must belong to an environment.
        task = copy.copy(task)
        task.parent_env_name = task.name
    template = get_proto_task(
        task,
        SerializationContext(
            project=action.project,
            domain=action.domain,
            org=action.org,
            code_bundle=context.code_bundle,
            version=context.version,
            image_cache=context.compiled_image_cache,
        ),
        context,
    )
    interface = task.native_interface
    placed, others = _by_place(interface, (), inputs)
    converted = await convert.convert_from_native_to_inputs(
        interface, *placed, **others
    )
    return connector_pb2.CreateTaskRequest(
        template=template,
        inputs=converted.proto_inputs,
        output_prefix=context.raw_data_path.get_random_remote_path(),
        task_execution_metadata=_execution(template, context),
        connection=_connection(template),
    )


def _execution(
    template: tasks_pb2.TaskTemplate, context: TaskContext
) -> connector_pb2.TaskExecutionMetadata:
    action = context.action
    # No two local attempts are the same: a service answers the same one with its job.
    run = f"{action.run_name or action.name}-{uuid.uuid4().hex[:8]}"
    return connector_pb2.TaskExecutionMetadata(
        task_execution_id=identifier_pb2.TaskExecutionIdentifier(
            task_id=template.id,
            node_execution_id=identifier_pb2.NodeExecutionIdentifier(
                node_id=action.name,
                execution_id=identifier_pb2.WorkflowExecutionIdentifier(
                    project=action.project or "local",
                    domain=action.domain or "local",
                    org=action.org or "local",
                    name=run,
                ),
            ),
        ),
        environment_variables={"ACTION_NAME": action.name, "RUN_NAME": run},
    )


def _connection(template: tasks_pb2.TaskTemplate) -> security_pb2.Connection:
    """The secrets, which Flyte would resolve, from variables called like them."""
    custom = json_format.MessageToDict(template.custom)
    secrets: dict[str, str] = {}
    for key, name in custom.get("secrets", {}).items():
        variable = name.upper().replace("-", "_")
        value = os.environ.get(name, os.environ.get(variable))
        if value is None:
            raise NonRecoverableError(
                f"the secret {name!r} is not there: local runs take it from the "
                f"environment variable of this name, or {variable}",
                "SecretNotFound",
            )
        secrets[key] = value
    return security_pb2.Connection(secrets=secrets, configs=custom.get("configs", {}))


async def _outputs(
    task: "TaskTemplate[..., Any, Any]", resource: connector_pb2.Resource, prefix: str
) -> tuple[Any, ...] | None:
    """The declared outputs in the order of their declaration, by their names."""
    interface = task.native_interface
    if not interface.outputs:
        return None
    if resource.HasField("outputs"):
        sent = resource.outputs
    elif await storage.exists(io.outputs_path(prefix)):
        sent = (await io.load_outputs(io.outputs_path(prefix))).proto_outputs
    else:
        sent = common_pb2.Outputs()
    declared = [named for named in sent.literals if named.name in interface.outputs]
    missing = set(interface.outputs) - {named.name for named in declared}
    if missing:
        raise NonRecoverableError(
            f"the job of the task {task.name} succeeded without the declared outputs "
            f"{', '.join(sorted(missing))}",
            "OutputsNotFound",
        )
    outputs = convert.Outputs(proto_outputs=common_pb2.Outputs(literals=declared))
    values = await convert.convert_outputs_to_native(interface, outputs)
    return (values,) if len(interface.outputs) == 1 else tuple(values)


class _ServiceRun:
    """One attempt, from create to its last phase; a job left alone is deleted."""

    def __init__(
        self,
        service: AsyncConnectorServiceStub,
        request: connector_pb2.CreateTaskRequest,
    ) -> None:
        self._service = service
        self._request = request
        self._category = connector_pb2.TaskCategory(
            name=request.template.type, version=request.template.task_type_version
        )
        self._phase: Any = None
        self._links: set[tuple[str, str]] = set()

    async def to_its_end(self) -> connector_pb2.Resource:
        # Ctrl-C in a program that runs a task synchronously ends the program but not
        # the run, which goes on in a thread of Flyte's until that one is stopped, too.
        work = asyncio.current_task()
        ended = threading.Event()
        stop = _stopper(asyncio.get_running_loop(), work, ended)
        atexit.register(stop)
        try:
            job = await self._create()
            try:
                return await self._poll(job)
            except BaseException:
                await self._delete(job)
                raise
        finally:
            ended.set()
            atexit.unregister(stop)

    async def _create(self) -> bytes:
        call = self._service.CreateTask(self._request, timeout=_CALL_SECONDS)
        create = asyncio.ensure_future(_answer(call))
        try:
            answer = await asyncio.shield(create)
            return bytes(answer.resource_meta)
        except asyncio.CancelledError:
            # The job may be there all the same.
            with contextlib.suppress(grpc.aio.AioRpcError):
                await self._delete((await create).resource_meta)
            raise

    async def _poll(self, job: bytes) -> connector_pb2.Resource:
        request = connector_pb2.GetTaskRequest(
            resource_meta=job,
            task_category=self._category,
            output_prefix=self._request.output_prefix,
            connection=self._request.connection,
        )
        wait = _FIRST_POLL_SECONDS
        failed = 0
        while True:
            try:
                answer = await self._service.GetTask(request, timeout=_CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                failed += 1
                if failed > _FAILED_POLLS or error.code() not in _PASSING:
                    raise
            else:
                failed = 0
                self._show(answer.resource)
                if answer.resource.phase in _LAST_PHASES:
                    return cast("connector_pb2.Resource", answer.resource)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_POLL_SECONDS)

    async def _delete(self, job: bytes) -> None:
        request = connector_pb2.DeleteTaskRequest(
            resource_meta=job,
            task_category=self._category,
            connection=self._request.connection,
        )
        try:
            await self._service.DeleteTask(request, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            logger.warning(
                f"the job may go on, as it cannot be deleted: {error.details()}"
            )

    def _show(self, resource: connector_pb2.Resource) -> None:
        name = self._request.template.id.name
        if resource.phase != self._phase:
            self._phase = resource.phase
            phase = TaskExecution.Phase.Name(resource.phase)
            logger.info(f"{name} is {phase}: {resource.message}")
        new = {(link.name, link.uri) for link in resource.log_links} - self._links
        if not new:
            return
        self._links |= new
        for link, uri in sorted(new):
            logger.info(f"{link}: {uri}")
        data = internal_ctx().data
        if data.tracker is not None and data.task_context is not None:
            data.tracker.record_log_links(
                action_id=data.task_context.action.name, log_links=sorted(self._links)
            )


async def _answer(call: Any) -> Any:
    return await call


def _stopper(
    loop: asyncio.AbstractEventLoop,
    work: "asyncio.Task[Any] | None",
    ended: threading.Event,
) -> Callable[[], None]:
    """Cancels a run when the process ends, and waits until its job is deleted."""

    def stop() -> None:
        if work is None or ended.is_set():
            return
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(work.cancel)
            ended.wait(_CALL_SECONDS)

    return stop
