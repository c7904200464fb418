"""A company's network on loopback: a proxy that only opens tunnels, its authority, and servers behind both."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


class Authority:
    """A certificate authority of the company: ``file`` holds its certificate."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The company’s authority")])
        self._made = self._certificate(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._made.public_bytes(serialization.Encoding.PEM))

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, constraints: x509.BasicConstraints, *more: str
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            # Not marked critical, as those of many company proxies are not: Python 3.13's strict check refuses it.
            .add_extension(constraints, critical=False)
        )
        if more:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in more]), False)
        return builder.sign(self._key, hashes.SHA256())

    def serving(self, *hosts: str) -> ssl.SSLContext:
        """What a server needs to prove that it is these hosts."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
        made = self._certificate(subject, key, x509.BasicConstraints(ca=False, path_length=None), *hosts)
        file = self._folder / f"{hosts[0]}.pem"
        file.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@contextmanager
def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on a free port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(one, "127.0.0.1", 0, ssl=tls)

    async def stop() -> None:
        server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        for _ in range(5):  # what was aborted is closed in later rounds of the loop
            await asyncio.sleep(0)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """Pass everything on to a port, and back."""
    there, back = await asyncio.open_connection("127.0.0.1", port)

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while block := await source.read(65_536):
                target.write(block)
                await target.drain()
        with suppress(OSError):
            target.close()

    try:
        await asyncio.gather(pump(reader, back), pump(there, writer))
    finally:
        back.transport.abort()


@contextmanager
def secured(port: int, tls: ssl.SSLContext) -> Iterator[int]:
    """The server at ``port`` behind TLS."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _joined(reader, writer, port)

    with listening(serve, tls) as secure:
        yield secure


@dataclass
class CompanyProxy:
    """The proxy as it runs. ``routes`` are the only targets it knows, with the port that each is at here."""

    routes: Mapping[str, int]
    credentials: str | None = None
    answers: bytes | None = None
    """What it answers instead of opening a tunnel."""
    asked: list[str] = field(default_factory=list)
    """The targets that it was asked for."""
    heads: list[str] = field(default_factory=list)
    port: int = 0
    secure: bool = False
    """Whether it is spoken to over TLS."""

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.secure else f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.split(" ", 2)
        self.asked.append(target)
        self.heads.append(head)
        refusal = self.answers
        if method != "CONNECT":
            refusal = b"HTTP/1.1 405 Method Not Allowed\r\n\r\n"
        elif self.credentials and f"Proxy-Authorization: {self.credentials}\r\n" not in head:
            refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        elif target not in self.routes and refusal is None:
            refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        if refusal is not None:
            writer.write(refusal)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 company\r\n\r\n")
        await _joined(reader, writer, self.routes[target])


@contextmanager
def proxying(
    routes: Mapping[str, int],
    *,
    credentials: str | None = None,
    answers: bytes | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[CompanyProxy]:
    """A proxy that leads to these targets, such as ``{"vendor.test:443": 40123}``; ``https://`` with ``tls``."""
    proxy = CompanyProxy(routes, credentials, answers, secure=tls is not None)
    with listening(proxy.serve, tls) as port:
        proxy.port = port
        yield proxy
