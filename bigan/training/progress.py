"""One line of progress: on a terminal it is rewritten in place; in a log, one line an epoch."""

from __future__ import annotations

import sys
import time

INTERVAL = 0.25


class Progress:
    """Reports epochs, losses, images a second and the time left, on standard error.

    Args:
        epochs: of the whole run.
        steps: minibatches an epoch.
        batch_size: images a minibatch.
        enabled: False to stay silent.
    """

    def __init__(self, epochs: int, steps: int, batch_size: int, enabled: bool = True) -> None:
        self.epochs, self.steps, self.batch_size, self.enabled = epochs, steps, batch_size, enabled
        self.seconds = 0.0  # spent in training, not in evaluation
        self._rated, self._rated_seconds = 0, 0.0  # without the first minibatch, which waits for the compiler
        self._last: float | None = None
        self._terminal = sys.stderr.isatty()
        self._clock: float | None = None
        self._shown = 0.0

    def start(self) -> None:
        """Training goes on."""
        self._clock = time.perf_counter()
        self._last = self._clock if self._last is not None else None

    def stop(self) -> None:
        """Training pauses, for an evaluation say."""
        if self._clock is not None:
            self.seconds += time.perf_counter() - self._clock
            self._clock = None

    def count(self, minibatches: int = 1) -> None:
        """So many more minibatches are done."""
        now = time.perf_counter()
        if self._last is not None:
            self._rated += minibatches
            self._rated_seconds += now - self._last
        self._last = now

    def due(self) -> bool:
        """Whether it is time to look at the losses again."""
        return time.perf_counter() - self._shown >= INTERVAL

    def step(self, epoch: int, steps: int, losses: str) -> None:
        """`steps` minibatches of 0-based `epoch` are done."""
        self._shown = time.perf_counter()
        if self.enabled and self._terminal:
            print(f"\r\x1b[K{self._line(epoch, steps, losses)}", end="", file=sys.stderr, flush=True)

    def epoch_done(self, epoch: int, losses: str) -> None:
        """0-based `epoch` is done."""
        if self.enabled:
            start = "\r\x1b[K" if self._terminal else ""
            print(f"{start}{self._line(epoch, self.steps, losses)}", file=sys.stderr, flush=True)

    def say(self, line: str) -> None:
        """A line of its own."""
        if self.enabled:
            print(f"\r\x1b[K{line}" if self._terminal else line, file=sys.stderr, flush=True)

    @property
    def rate(self) -> float:
        """Images a second in training, of this process so far."""
        return self._rated * self.batch_size / max(self._rated_seconds, 1e-9)

    def _line(self, epoch: int, steps: int, losses: str) -> str:
        left = (self.epochs * self.steps - epoch * self.steps - steps) * self.batch_size / max(self.rate, 1e-9)
        clock = f"{left / 3600:.1f} h" if left >= 5400 else f"{left / 60:.0f} min" if left >= 90 else f"{left:.0f} s"
        width = len(str(self.epochs))
        step = "" if steps == self.steps else f" {100 * steps // self.steps:2d}%"
        return f"epoch {epoch + 1:{width}d}/{self.epochs}{step}  {losses}  {self.rate:,.0f} images/s  {clock} left"
