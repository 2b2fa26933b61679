"""Figures that a test measures are printed at the end of the run, whichever process ran the test."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for group in terminalreporter.stats.values() for report in group]
    figures = {
        str(value)
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "figures"
    }
    if figures:
        terminalreporter.section("figures")
        for line in sorted(figures):
            terminalreporter.write_line(line)
