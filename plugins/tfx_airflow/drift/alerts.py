"""Tells people what a check found, through Airflow's own notifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from tfx_airflow.drift.following import Conclusion
from tfx_contract.drift_report import DriftReport
from tfx_contract.drift_spec import Alerts

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier, Context


@dataclass(frozen=True)
class Alert:
    """What is said: a line that says what it is about, and more lines."""

    subject: str
    lines: list[str]

    @classmethod
    def of(cls, report: DriftReport, conclusion: Conclusion, place: str) -> Alert:
        """What a report and its conclusion have to say.

        Args:
          report: What was found.
          conclusion: What follows.
          place: Where the report can be looked at.
        """
        found = [f"{each.kind}: {each.sentence}" for each in report.drifted]
        return cls(
            f"{report.model}: drift in the requests to version {report.version}",
            [conclusion.reason, *found, place],
        )


def send(alert: Alert, alerts: Alerts, context: Context, log: Any) -> None:
    """Writes to the log, and to whom `drift.alerts` of model.yaml names.

    A notifier that fails is an error in the log: the check goes on, and what follows, follows.
    """
    log.warning("ALERT %s", "\n  ".join([alert.subject, *alert.lines]))
    for name, notifier in _notifiers(alert, alerts):
        try:
            # Importing one may fail, too.
            notifier()(context)
        except Exception as error:
            log.error("ERROR The alert could not be sent by %s: %s", name, error)


def _notifiers(alert: Alert, alerts: Alerts) -> Iterator[tuple[str, Callable[[], BaseNotifier]]]:
    if alerts.email:
        yield "e-mail", lambda: _by_mail(alert, alerts)
    if connection := alerts.slack:
        yield "Slack", lambda: _by_slack(alert, connection)


def _by_mail(alert: Alert, alerts: Alerts) -> BaseNotifier:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(
        to=alerts.email,
        from_email=alerts.sender,
        subject=_literally(alert.subject),
        html_content=_literally("".join(f"<p>{escape(line)}</p>" for line in alert.lines)),
        smtp_conn_id=alerts.smtp_connection,
    )


def _by_slack(alert: Alert, connection: str) -> BaseNotifier:
    from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier

    notifier: BaseNotifier = SlackWebhookNotifier(
        slack_webhook_conn_id=connection,
        text=_literally("\n".join([f"*{alert.subject}*", *alert.lines])),
    )
    return notifier


def _literally(text: str) -> str:
    """Notifiers render their texts as Jinja templates, and a column may be named anything."""
    return "{% raw %}" + text.replace("{%", "{ %") + "{% endraw %}"
