"""Envoy's protobuf messages, read and written as istiod does; the only importer of them.

Generated code is imported when a message is first named: a run that never meets a Lua filter
does not pay for it.
"""

import importlib
import json
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from google.protobuf import any_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from clusters.pilot import jsonpb
from clusters.pilot.jsonpb import ProtoError as ProtoError

if TYPE_CHECKING:
    import grpc

TYPE_PREFIX = "type.googleapis.com/"
LDS = TYPE_PREFIX + "envoy.config.listener.v3.Listener"
RDS = TYPE_PREFIX + "envoy.config.route.v3.RouteConfiguration"
CDS = TYPE_PREFIX + "envoy.config.cluster.v3.Cluster"
EDS = TYPE_PREFIX + "envoy.config.endpoint.v3.ClusterLoadAssignment"
ECDS = TYPE_PREFIX + "envoy.config.core.v3.TypedExtensionConfig"
SDS = TYPE_PREFIX + "envoy.extensions.transport_sockets.tls.v3.Secret"

_ADS_SERVICE = "envoy.service.discovery.v3.AggregatedDiscoveryService"
_SDS_SERVICE = "envoy.service.secret.v3.SecretDiscoveryService"
# The packages still ship v2 messages, which neither Envoy nor Istio's library has any more.
_GIVEN_UP = re.compile(r"^envoy\..*\.v2(alpha[0-9]*)?\.")


@cache
def descriptor(name: str) -> Descriptor:
    """Return the descriptor of a message, e.g. `envoy.config.listener.v3.Listener`.

    Raises ProtoError where neither Envoy's API nor protobuf itself has such a message.
    """
    unknown = ProtoError(f"could not resolve Any message type: {name}")
    if _GIVEN_UP.search(name):
        raise unknown
    pool = descriptor_pool.Default()
    try:
        return pool.FindMessageTypeByName(name)
    except KeyError:
        _import_package_of(name)
    try:
        return pool.FindMessageTypeByName(name)
    except KeyError:
        raise unknown from None


def message_class(name: str) -> type[Message]:
    """Return the Python class of a message by its full name or type URL."""
    return message_factory.GetMessageClass(descriptor(name.rpartition("/")[2]))


def parse(name: str, value: Mapping[str, Any]) -> Message:
    """Return the message that istiod makes of a JSON value for `name` (full name or type URL).

    Unknown fields are dropped; an unknown enum name, an unknown `@type` and a wrong JSON type
    raise ProtoError (istio.md section 1.5).
    """
    made = message_class(name)()
    value = jsonpb.read(descriptor(made.DESCRIPTOR.full_name), value, descriptor, strict=False)
    return _fill(made, value, ignore_unknown_fields=True)


def parsed(name: str, value: Mapping[str, Any]) -> Message:
    """Return the message for `name` as `parse` does; it is shared and must not be changed."""
    return _parsed(name, json.dumps(value, sort_keys=True))


def copied(message: Message) -> Message:
    """Return a message of its own with the same content."""
    made = type(message)()
    made.CopyFrom(message)
    return made


def parse_strictly(name: str, value: Mapping[str, Any]) -> Message:
    """Return the message for `name`; an unknown field raises ProtoError too."""
    made = message_class(name)()
    value = jsonpb.read(descriptor(made.DESCRIPTOR.full_name), value, descriptor, strict=True)
    return _fill(made, value, ignore_unknown_fields=False)


def to_dict(message: Message) -> dict[str, Any]:
    """Return a message as JSON with snake_case names, the form every Snapshot holds."""
    made: dict[str, Any] = _plain(
        json_format.MessageToDict(message, preserving_proto_field_name=True)
    )
    return made


def normalise(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a JSON value in the one form `to_dict` gives, whatever spelling it came in.

    The result is the caller's own; equal content is worked out once.
    """
    made: dict[str, Any] = json.loads(_normalised(name, json.dumps(value, sort_keys=True)))
    return made


def pack(resource: Mapping[str, Any], type_url: str) -> any_pb2.Any:
    """Return a resource of a Snapshot as an Any; equal content is encoded once."""
    return _pack(json.dumps(resource, sort_keys=True), type_url)


def parse_any(value: Mapping[str, Any]) -> Message:
    """Return the message inside an Any given as JSON (`@type` and its fields, or `value`)."""
    packed = any_pb2.Any()
    value = jsonpb.read(packed.DESCRIPTOR, value, descriptor, strict=False)
    _fill(packed, value, ignore_unknown_fields=True)
    return _decode(packed.type_url, packed.value)


def unpack(packed: any_pb2.Any) -> dict[str, Any]:
    """Return what an Any holds in the form of a Snapshot, the Anys inside it read too.

    Raises ProtoError where the type of one of them is unknown.
    """
    message = _decode(packed.type_url, packed.value)
    while True:
        try:
            return to_dict(message)
        except TypeError as error:  # json_format knows only the types that were imported
            descriptor(str(error).rpartition("/")[2])


def to_any_dict(message: Message) -> dict[str, Any]:
    """Return a message as the JSON of an Any that holds it."""
    packed = any_pb2.Any()
    packed.Pack(message)
    return to_dict(packed)


def reread(message: Message, type_url: str) -> Message:
    """Return a message's bytes read as another type; raises ProtoError where they make no sense."""
    return _decode(type_url, message.SerializeToString())


Servicer = Callable[[Iterator[Any], "grpc.ServicerContext"], Iterator[Any]]
"""Takes DiscoveryRequests and yields DiscoveryResponses, one call per stream of a proxy."""


def without_typed_config(message: Message) -> list[str]:
    """Return the names of what should have a typed_config and has none, as Istio looks for them.

    Lists are not looked into, as in Istio; the innermost comes first.
    """
    found = []
    fields = message.DESCRIPTOR.fields_by_name
    for field in message.DESCRIPTOR.fields:
        single = field.message_type is not None and not field.is_repeated
        if single and message.HasField(field.name):
            found += without_typed_config(getattr(message, field.name))
    typed = [one for one in ("typed_config", "config_discovery") if one in fields]
    if "typed_config" in fields and not any(message.HasField(one) for one in typed):
        found.append(str(getattr(message, "name", "")))
    return found


def ads(channel: "grpc.Channel") -> Callable[[Iterator[Any]], "grpc.Call"]:
    """Return what opens a stream of state-of-the-world ADS: requests go in, responses come out."""
    opened: Callable[[Iterator[Any]], grpc.Call] = channel.stream_stream(
        f"/{_ADS_SERVICE}/StreamAggregatedResources",
        request_serializer=DiscoveryRequest.SerializeToString,
        response_deserializer=DiscoveryResponse.FromString,
    )
    return opened


def add_ads_servicer(server: "grpc.Server", stream: Servicer) -> None:
    """Let a gRPC server answer state-of-the-world ADS with `stream`."""
    _add_servicer(server, _ADS_SERVICE, "StreamAggregatedResources", stream)


def add_sds_servicer(server: "grpc.Server", stream: Servicer) -> None:
    """Let a gRPC server answer SDS with `stream`: a stream for each secret a proxy asks for."""
    _add_servicer(server, _SDS_SERVICE, "StreamSecrets", stream)


def _add_servicer(server: "grpc.Server", service: str, method: str, stream: Servicer) -> None:
    import grpc

    handler = grpc.stream_stream_rpc_method_handler(
        stream,
        request_deserializer=DiscoveryRequest.FromString,
        response_serializer=DiscoveryResponse.SerializeToString,
    )
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {method: handler}),)
    )


@lru_cache(maxsize=1024)
def _normalised(name: str, text: str) -> str:
    return json.dumps(to_dict(parse(name, json.loads(text))))


@lru_cache(maxsize=1024)
def _parsed(name: str, text: str) -> Message:
    return parse(name, json.loads(text))


@lru_cache(maxsize=1024)
def _pack(text: str, type_url: str) -> any_pb2.Any:
    packed = any_pb2.Any(type_url=type_url)
    message = parse_strictly(type_url, json.loads(text))
    packed.value = message.SerializeToString(deterministic=True)
    return packed


def _plain(value: Any) -> Any:
    """Return JSON without json_format's OrderedDicts for Anys, which compare by order."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _decode(type_url: str, data: bytes) -> Message:
    made = message_class(type_url)()
    try:
        made.MergeFromString(data)
    except DecodeError as error:
        raise ProtoError(f"cannot decode {type_url}: {error}") from error
    return made


def _import_package_of(name: str) -> None:
    """Import every generated module beside the message: in Envoy's API package equals folder."""
    package = name.rpartition(".")[0]
    if not package.startswith(("envoy.", "udpa.", "xds.", "google.")):
        return
    try:
        folder = importlib.import_module(package)
    except ImportError:
        return
    for module in pkgutil.iter_modules(folder.__path__):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")


def _fill(made: Message, value: Mapping[str, Any], *, ignore_unknown_fields: bool) -> Message:
    try:
        return json_format.ParseDict(
            dict(value), made, ignore_unknown_fields=ignore_unknown_fields, max_recursion_depth=200
        )
    except json_format.ParseError as error:
        raise ProtoError(str(error)) from error


DiscoveryRequest: type[Any] = message_class("envoy.service.discovery.v3.DiscoveryRequest")
"""What a proxy sends over ADS, state of the world."""

DiscoveryResponse: type[Any] = message_class("envoy.service.discovery.v3.DiscoveryResponse")
"""What the control plane answers over ADS."""
