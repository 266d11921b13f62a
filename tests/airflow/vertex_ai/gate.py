"""A proxy that leads Google's unchanged clients to servers on this machine, and nowhere else.

Clients ask it by CONNECT for `….googleapis.com:443`. It ends their TLS with a certificate of its
own CA; who speaks HTTP/2 (gRPC) goes on to one port, HTTP/1.1 to another. Other hosts get 403.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_HOST = "127.0.0.1"
_DOMAIN = ".googleapis.com"


class Gate:
    """The proxy, on a thread of its own.

    Args:
      folder: Where its certificates are written.
      grpc_port: Of the gRPC server without TLS.
      http_port: Of the HTTP server without TLS.
    """

    def __init__(self, folder: Path, grpc_port: int, http_port: int) -> None:
        self.ports = {"h2": grpc_port, "http/1.1": http_port}
        self.ca_file = folder / "ca.pem"
        self.refused: list[str] = []
        self._tls = _server_context(folder, self.ca_file)
        self._inner = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    @property
    def environment(self) -> dict[str, str]:
        """What leads a process through the gate that has not used gRPC yet."""
        proxy = f"http://{_HOST}:{self.port}"
        files = ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
        proxies = {"https_proxy": proxy, "HTTPS_PROXY": proxy, "no_proxy": f"{_HOST},localhost"}
        return proxies | dict.fromkeys(files, str(self.ca_file))

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _start(self) -> int:
        inner = await asyncio.start_server(self._decrypted, _HOST, 0, ssl=self._tls)
        outer = await asyncio.start_server(self._asked, _HOST, 0)
        self._inner = inner.sockets[0].getsockname()[1]
        port: int = outer.sockets[0].getsockname()[1]
        return port

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(maxsplit=2)
        host = target.decode().rpartition(":")[0]
        if method != b"CONNECT" or not host.endswith(_DOMAIN):
            self.refused.append(host)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await _join(reader, writer, self._inner)

    async def _decrypted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = writer.get_extra_info("ssl_object").selected_alpn_protocol()
        await _join(reader, writer, self.ports[protocol or "http/1.1"])


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection(_HOST, port)
    await asyncio.gather(_pour(reader, back), _pour(there, writer))


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def _server_context(folder: Path, ca_file: Path) -> ssl.SSLContext:
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.BasicConstraints(ca=True, path_length=0)
    names = x509.SubjectAlternativeName([x509.DNSName("*" + _DOMAIN)])
    ca_file.write_bytes(_certificate("Test CA", ca_key, ca_key, authority))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = folder / "server.pem"
    chain.write_bytes(private + _certificate("Test server", key, ca_key, names))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.set_alpn_protocols(["http/1.1", "h2"])
    return context


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> bytes:
    subject, issuer = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
        for text in (name, "Test CA")
    )
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
