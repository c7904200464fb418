"""The parts of Streamlit's messages between pages and browsers that the door has to understand."""

from __future__ import annotations

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # it ships no types
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from lipsync_core import Stage, Tongue

_DRAWN = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_WITH_COMPILE_ERROR)


def kind_of(frame: bytes) -> str | None:
    """Return what a browser's message asks for, as Streamlit reads it; if it has two kinds, the last one counts."""
    message = BackMsg()
    try:
        message.ParseFromString(frame)
    except DecodeError:
        return None
    kind = message.WhichOneof("type")
    if kind == "backend_operation_request":
        return message.backend_operation_request.WhichOneof("payload") or kind
    return kind


def stage_of(frame: bytes) -> Stage | None:
    """Return the stage of the page's run in a message to the browser."""
    message = ForwardMsg()
    message.ParseFromString(frame)
    match message.WhichOneof("type"):
        case "new_session":
            return Stage.BEGAN
        case "script_finished" if message.script_finished in _DRAWN:
            return Stage.DRAWN
    return None


def page_of(frame: bytes) -> str | None:
    """Return the id of a socket's page, which its first message contains."""
    message = ForwardMsg()
    message.ParseFromString(frame)
    return message.new_session.initialize.session_id or None


def _draw() -> bytes:
    message = BackMsg()
    message.rerun_script.SetInParent()
    return bytes(message.SerializeToString())


TONGUE = Tongue(kind_of, _draw(), stage_of, page_of)
"""The door's readers of Streamlit's messages."""
