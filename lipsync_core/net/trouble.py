"""What keeps this computer from another: its name, the route to it, its certificate, or the proxy between; in words.

The texts of the errors themselves are not used: they may quote a header.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

import httpcore
import httpx

from lipsync_core.net.tunnel import ProxyFaultError

_NO_ROUTE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}
_BLOCKED = {errno.EACCES, errno.EPERM}
_UNTRUSTED = {
    18: "it is signed by itself",
    19: "it comes from an authority that this computer does not know",
    20: "it comes from an authority that this computer does not know",
    21: "it comes from an authority that this computer does not know",
}
"""OpenSSL’s codes for a chain that ends outside the trusted certificates."""
_EXPIRED, _NOT_YET, _OTHER_NAMES = 10, 9, {62, 64}


def why_unreached(error: BaseException, whose: str) -> str | None:
    """Explain what keeps this computer from ``whose`` server, with the cure; None if that is not known."""
    causes = list(_causes(error))
    for one in causes:
        if isinstance(one, ProxyFaultError):
            return one.says
    if any(isinstance(one, socket.gaierror) for one in causes):
        return (
            f"The name of {whose}'s server could not be found. This computer’s DNS does not know it, or does not "
            "answer; in a network with a proxy, set STUDIO_PROXY."
        )
    for one in causes:
        if isinstance(one, ssl.SSLCertVerificationError):
            return _of_certificate(one, whose)
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return (
            f"No secure connection to {whose} could be made: what answered does not speak TLS as expected. A filter or "
            "a proxy in between may be the cause."
        )
    if any(isinstance(one, ConnectionRefusedError) for one in causes):
        return f"{whose}'s server refused the connection."
    numbers = {one.errno for one in causes if isinstance(one, OSError)}
    if numbers & _NO_ROUTE:
        return f"There is no route to {whose}'s server: this computer has no connection to the internet."
    if numbers & _BLOCKED:
        return f"This computer does not allow connections to {whose}'s server: a firewall on it is in the way."
    if any(isinstance(one, httpx.ConnectTimeout | httpcore.ConnectTimeout) for one in causes):
        return (
            f"{whose} took too long to accept a connection. It is down, or a firewall is in the way; in a network with "
            "a proxy, set STUDIO_PROXY."
        )
    return None


def _of_certificate(error: ssl.SSLCertVerificationError, whose: str) -> str:
    code = error.verify_code
    begins = f"No secure connection to {whose} could be made: the certificate that answered"
    if code == _EXPIRED:
        return f"{begins} has expired, or this computer’s clock is wrong."
    if code == _NOT_YET:
        return f"{begins} is not valid yet. Is this computer’s clock right?"
    if code in _OTHER_NAMES:
        return f"{begins} belongs to another server. A proxy or a filter in between may be the cause."
    why = _UNTRUSTED.get(code, "it is not valid")
    return (
        f"{begins} is not trusted: {why}. If this network inspects connections, name the certificate of its authority "
        "in SSL_CERT_FILE and restart the studio."
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything that led to it, the errors of a group among them."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [cause for cause in (one.__cause__, one.__context__) if cause is not None]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
