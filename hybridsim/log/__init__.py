"""Logs: one recording of one individual, and the store that keeps them."""

from hybridsim.log.header import (
    Clock,
    Constant,
    Damage,
    Gap,
    Lag,
    LogHeader,
    Refusal,
    SignalFacts,
    SignalHeader,
    SourceFile,
)
from hybridsim.log.model import Block, Log, LogDraft, Samples, Signal
from hybridsim.log.parquet import numpy_of
from hybridsim.log.store import LogStore, in_memory, is_log, is_store, log_of, read_header, read_log

__all__ = [
    "Block",
    "Clock",
    "Constant",
    "Damage",
    "Gap",
    "Lag",
    "Log",
    "LogDraft",
    "LogHeader",
    "LogStore",
    "Refusal",
    "Samples",
    "Signal",
    "SignalFacts",
    "SignalHeader",
    "SourceFile",
    "in_memory",
    "is_log",
    "is_store",
    "log_of",
    "numpy_of",
    "read_header",
    "read_log",
]
