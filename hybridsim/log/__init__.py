"""Logs: one recording of one individual, and the store that keeps them."""

from hybridsim.log.header import (
    Clock,
    Constant,
    Gap,
    LogHeader,
    Refusal,
    SignalFacts,
    SignalHeader,
    SourceFile,
)
from hybridsim.log.model import Log, LogDraft, Signal
from hybridsim.log.store import LogStore, is_log, is_store, log_of, read_header, read_log

__all__ = [
    "Clock",
    "Constant",
    "Gap",
    "Log",
    "LogDraft",
    "LogHeader",
    "LogStore",
    "Refusal",
    "Signal",
    "SignalFacts",
    "SignalHeader",
    "SourceFile",
    "is_log",
    "is_store",
    "log_of",
    "read_header",
    "read_log",
]
