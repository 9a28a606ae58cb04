"""A headless Chromium for tests, driven by its DevTools protocol over two pipes: no package, no port, no network."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-extensions --disable-dev-shm-usage --remote-debugging-pipe"
).split()
# the browser reads its orders from file descriptor 3 and answers on 4
LAUNCH = (
    "import os, sys; r, w = map(int, sys.argv[1:3]); os.dup2(r, 20); os.dup2(w, 21); os.dup2(20, 3); os.dup2(21, 4); "
    "os.execvp(sys.argv[3], sys.argv[3:])"
)
PATIENCE = 60.0  # seconds for one answer


def find() -> str | None:
    """The program, under the names that it has; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Visit:
    """What happened while a page was open."""

    told: list[str] = field(default_factory=list)  # messages on the console, errors among them
    asked: list[str] = field(default_factory=list)  # addresses that were requested, the page's own apart


class Chromium:
    """One browser with one tab."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="likely-chromium-")
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        flags = [*FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH, str(orders), str(answers), program, *flags],
            pass_fds=(orders, answers),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(orders)
        os.close(answers)
        self._last, self._buffer = 0, b""
        self._session: str | None = None
        self.visit = Visit()
        self._page = ""
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        try:
            self._session = None
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            pass
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._orders)
        os.close(self._answers)
        shutil.rmtree(self._profile, ignore_errors=True)

    # -- the protocol ------------------------------------------------------------------------------------------

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """An order, and its answer."""
        self._last += 1
        order: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._orders, json.dumps(order).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            message = self._receive(until)
            if message.get("id") == self._last:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)

    def _receive(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(until - time.monotonic(), 0.0))
            if not ready:
                raise TimeoutError("the browser does not answer")
            chunk = os.read(self._answers, 1 << 20)
            if not chunk:
                raise OSError("the browser has ended")
            self._buffer += chunk
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, message: dict[str, Any]) -> None:
        """Keep what the page says and asks for."""
        told = message.get("params", {})
        match message.get("method"):
            case "Runtime.consoleAPICalled":
                texts = [str(a.get("value", a.get("description", ""))) for a in told["args"]]
                self.visit.told.append(f"{told['type']}: {' '.join(texts)}")
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.visit.told.append(f"exception: {details.get('exception', {}).get('description', details['text'])}")
            case "Log.entryAdded":
                self.visit.told.append(f"{told['entry']['level']}: {told['entry']['text']}")
            case "Network.requestWillBeSent":
                address = told["request"]["url"]
                if address != self._page and not address.startswith("data:"):
                    self.visit.asked.append(address)

    # -- pages -------------------------------------------------------------------------------------------------

    def open(self, path: Path) -> Visit:
        """Open a file and wait until its charts are drawn, as it says itself."""
        self.call("Page.navigate", url="about:blank")
        self.visit, self._page = Visit(), path.resolve().as_uri()
        self.call("Page.navigate", url=self._page)
        until = time.monotonic() + PATIENCE
        done = "document.readyState === 'complete' && location.protocol === 'file:' && "
        done += "(!document.querySelector('[data-spec]') || document.documentElement.dataset.charts === 'done')"
        while not self.evaluate(done):
            if time.monotonic() > until:
                raise TimeoutError(f"{path.name} does not say that its charts are drawn; it told {self.visit.told}")
            time.sleep(0.02)
        return self.visit

    def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript on the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{expression}: {found['exceptionDetails']}")
        return found["result"].get("value")
