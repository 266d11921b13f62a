"""Tells people what a check found, through Airflow's own notifiers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from tfx_airflow.drift.following import Conclusion
from tfx_contract.drift_report import DriftReport
from tfx_contract.drift_spec import Alerts

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier, Context

Log = logging.Logger | Any


def alert(
    alerts: Alerts,
    model: str,
    conclusion: Conclusion,
    report: DriftReport,
    context: Context,
    log: Log,
) -> None:
    """Writes to the log, and to whom `drift.alerts` of model.yaml names.

    A notifier that fails is an error in the log: the check goes on, and what follows, follows.
    """
    subject = f"{model}: drift in the requests to version {report.version}"
    lines = [conclusion.reason, *(finding.sentence for finding in report.drifted)]
    log.warning("ALERT %s", "\n  ".join([subject, *lines]))
    for name, notifier in _notifiers(alerts, subject, lines):
        try:
            notifier().notify(context)
        except Exception as error:
            log.error("ERROR The alert could not be sent by %s: %s", name, error)


def _notifiers(alerts: Alerts, subject: str, lines: list[str]) -> Iterator[tuple[str, Any]]:
    """Each by its name; importing one may fail, too."""
    if alerts.email:
        yield "e-mail", lambda: _by_mail(alerts, subject, lines)
    if alerts.slack:
        yield "Slack", lambda: _by_slack(str(alerts.slack), "\n".join([f"*{subject}*", *lines]))


def _by_mail(alerts: Alerts, subject: str, lines: list[str]) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return SmtpNotifier(
        to=alerts.email,
        from_email=alerts.sender,
        subject=_literally(subject),
        html_content=_literally(body),
        smtp_conn_id=alerts.smtp_connection,
    )


def _by_slack(connection: str, text: str) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    notifier: BaseNotifier = SlackWebhookNotifier(
        slack_webhook_conn_id=connection, text=_literally(text)
    )
    return notifier


def _literally(text: str) -> str:
    """Notifiers render their texts as Jinja templates, and a column may be named anything."""
    return "{% raw %}" + text.replace("{% endraw", "{ % endraw") + "{% endraw %}"
