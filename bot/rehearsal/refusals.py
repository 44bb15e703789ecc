"""How Discord says no: a status, a numeric code, a message, and which field was wrong."""

from __future__ import annotations

from typing import Any

#: Discord's JSON error codes that this loopback answers with.
MESSAGES = {
    0: "General error", 10003: "Unknown Channel", 10004: "Unknown Guild", 10007: "Unknown Member",
    10008: "Unknown Message", 10013: "Unknown User", 10015: "Unknown Webhook", 10062: "Unknown interaction",
    10063: "Unknown application command", 20028: "The write action you are performing on the channel has hit the "
    "write rate limit", 30034: "Max number of daily application command creates has been reached (200)",
    30046: "Maximum number of edits to messages older than 1 hour reached. Try again later",
    40005: "Request entity too large", 40060: "Interaction has already been acknowledged",
    50001: "Missing Access", 50005: "Cannot edit a message authored by another user",
    50006: "Cannot send an empty message", 50007: "Cannot send messages to this user",
    50013: "Missing Permissions", 50024: "Cannot execute action on this channel type",
    50027: "Invalid Webhook Token", 50035: "Invalid Form Body", 50083: "Thread is archived",
    160004: "A thread has already been created for this message", 160005: "Thread is locked",
}


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: int, *, message: str = "", where: dict[str, str] | None = None,
                 headers: dict[str, str] | None = None) -> None:
        super().__init__(message or MESSAGES.get(code, "Error"))
        self.status = status
        self.code = code
        self.where = where or {}               # field path with dots -> what is wrong with it
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """The JSON body, with the errors nested by field as Discord nests them."""
        body: dict[str, Any] = {"message": str(self), "code": self.code}
        if self.where:
            errors: dict[str, Any] = {}
            for path, problem in sorted(self.where.items(), key=lambda found: found[0].count(".")):
                node = errors
                for part in path.split(".") if path else []:
                    if "_errors" in node:
                        break                  # already wrong as a whole
                    node = node.setdefault(part, {})
                node.setdefault("_errors", []).append({"code": self.code, "message": problem})
            body["errors"] = errors
        return body


def invalid(where: dict[str, str]) -> Refusal:
    """400 Invalid Form Body."""
    return Refusal(400, 50035, where=where)


def unknown(code: int) -> Refusal:
    """404 for a thing that is not there."""
    return Refusal(404, code)
