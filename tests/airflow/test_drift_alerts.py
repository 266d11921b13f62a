"""Alerts reach a mail server and a Slack webhook, and never stop a check."""

from __future__ import annotations

import email
import json
import logging
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tfx_airflow.drift.alerts import Alert, send
from tfx_contract.drift_spec import Alerts

ALERT = Alert("taxi: drift in the requests to version 7", ["fare: 0.4 {{ so }} far", "<b>{% if"])
LOG = logging.getLogger(__name__)


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mails as SMTP has them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[str] = []


class _Conversation(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 ready")
        for line in self.rfile:
            word = line.decode().strip().upper()
            if word == "DATA":
                self._say("354 go on")
                self.server.mails.append(self._mail())
            self._say("221 bye" if word == "QUIT" else "250 ok")
            if word == "QUIT":
                return

    def _mail(self) -> str:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(lines).decode()

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Webhook(HTTPServer):
    """Takes what Slack would."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.messages: list[dict[str, Any]] = []


class _Post(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(content))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def connect(monkeypatch: pytest.MonkeyPatch, name: str, **values: Any) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(values))


def test_an_alert_is_mailed_as_it_is(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    port = mail.server_address[1]
    plain = {"disable_ssl": True, "disable_tls": True}
    connect(monkeypatch, "mails", conn_type="smtp", host="127.0.0.1", port=port, extra=plain)
    alerts = Alerts(email=["ml@example.org"], sender="a@example.org", smtp_connection="mails")
    send(ALERT, alerts, {}, LOG)
    (text,) = mail.mails
    message = email.message_from_string(text)
    assert message["Subject"] == "taxi: drift in the requests to version 7"
    assert message["To"] == "ml@example.org"
    (part,) = message.get_payload()
    assert part.get_payload(decode=True).decode() == (
        "<p>fare: 0.4 {{ so }} far</p><p>&lt;b&gt;{ % if</p>"
    )


def test_an_alert_goes_to_slack(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    host = f"http://127.0.0.1:{webhook.server_address[1]}"
    connect(monkeypatch, "chat", conn_type="slackwebhook", host=host, password="T/B/x")
    send(ALERT, Alerts(slack="chat"), {}, LOG)
    (message,) = webhook.messages
    assert message["text"].startswith("*taxi: drift in the requests to version 7*\nfare: 0.4 {{")


def test_who_cannot_be_reached_is_an_error_in_the_log_and_no_more(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "chat", conn_type="slackwebhook", host="http://127.0.0.1:9", password="x")
    alerts = Alerts(email=["ml@example.org"], smtp_connection="nowhere", slack="chat")
    with caplog.at_level(logging.WARNING):
        send(ALERT, alerts, {}, LOG)
    texts = [record.getMessage() for record in caplog.records if record.name == __name__]
    assert texts[0].startswith("ALERT taxi: drift")
    assert [text.split(":")[0] for text in texts[1:]] == [
        "ERROR The alert could not be sent by e-mail",
        "ERROR The alert could not be sent by Slack",
    ]
