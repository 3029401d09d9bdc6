"""Loads every page of the real `helm-server` over an export, in headless Chromium, and lists what its console says.

Usage: python pages.py EXPORT SUITE     (EXPORT is the folder that `holometer export helm EXPORT` wrote)

Needs `crfm-helm` and `websocket-client` in the environment, and `chromium` on the path. Visited are the start page, the
leaderboard, each group, models, scenarios, the list of runs and each run. A page fails when its console has an error, a
script throws, a request of the page fails, or the text that has to be there does not come up. What HELM's front end fetches
from Stanford (the list of its projects, for a menu) is answered here with a list of one; the browser reaches no other host.
"""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import websocket

SERVER_PORT, BROWSER_PORT = 8642, 8643
PROJECTS = [{"id": "lite", "title": "Lite", "description": "", "releases": ["v1"]}]
PATIENCE = 20.0


def main(export: pathlib.Path, suite: str) -> int:
    pages = pages_of(export / "runs" / suite)
    binaries = pathlib.Path(sys.executable).parent
    server = subprocess.Popen(
        [str(binaries / "helm-server"), "-o", str(export), "--suite", suite, "-p", str(SERVER_PORT)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    with tempfile.TemporaryDirectory() as profile:
        browser = subprocess.Popen(
            [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
             f"--remote-debugging-port={BROWSER_PORT}", "--remote-allow-origins=*",
             "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(f"http://localhost:{SERVER_PORT}/config.js")
            tabs = json.loads(wait_for(f"http://localhost:{BROWSER_PORT}/json"))
            tab = Tab(next(tab for tab in tabs if tab["type"] == "page")["webSocketDebuggerUrl"])
            failed = sum(not visit(tab, route, expected) for route, expected in pages)
        finally:
            for process in (browser, server):
                process.terminate()
                process.wait()
    print(f"{len(pages)} pages, {failed} with errors")
    return 1 if failed else 0


def pages_of(suite: pathlib.Path) -> list:
    """Routes with a text that has to come up on each."""
    runs = [json.loads(path.read_text())["name"] for path in sorted(suite.glob("*/run_spec.json"))]
    tables = json.loads((suite / "groups.json").read_text())
    groups = sorted({path.stem for path in (suite / "groups").glob("*.json")})
    pages = [("", "Leaderboard"), ("leaderboard", ""), ("models", "Model"), ("scenarios", "Scenario"), ("groups", tables[0]["title"])]
    pages += [(f"leaderboard/{group}", "Model") for group in groups] + [("runs", runs[0].split("--")[0])]
    return pages + [(f"runs/{urllib.parse.quote(run, safe='')}", "Instance") for run in runs]


def wait_for(address: str) -> bytes:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return urllib.request.urlopen(address, timeout=2).read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Tab:
    """One tab, spoken to in Chromium's DevTools protocol."""

    def __init__(self, address: str):
        self.socket = websocket.create_connection(address, timeout=PATIENCE)
        self.number, self.events = 0, []
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")
        self.call("Fetch.enable", patterns=[{"urlPattern": "*/project_metadata.json"}])

    def call(self, method: str, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                return message.get("result", {})
            self.events.append(message)
            if message.get("method") == "Fetch.requestPaused":
                self.answer(message["params"]["requestId"])

    def answer(self, request: str) -> None:
        headers = [{"name": "Access-Control-Allow-Origin", "value": "*"}, {"name": "Content-Type", "value": "application/json"}]
        body = base64.b64encode(json.dumps(PROJECTS).encode()).decode()
        # The answer to this call is not waited for: no other call has its number.
        self.socket.send(json.dumps({"id": 10**6, "method": "Fetch.fulfillRequest", "params": {
            "requestId": request, "responseCode": 200, "responseHeaders": headers, "body": body}}))

    def text(self) -> str:
        result = self.call("Runtime.evaluate", expression="document.body ? document.body.innerText : ''")
        return result.get("result", {}).get("value", "")


def visit(tab: Tab, route: str, expected: str) -> bool:
    tab.call("Page.navigate", url="about:blank")
    tab.events.clear()
    address = f"http://localhost:{SERVER_PORT}/#/{route}"
    tab.call("Page.navigate", url=address)
    end, last, still = time.monotonic() + PATIENCE, "", 0
    while time.monotonic() < end and still < 4:
        time.sleep(0.25)
        text = tab.text()
        still = still + 1 if text == last and expected in text and len(text) > 40 else 0
        last = text
    faults = [fault for event in tab.events if (fault := fault_of(event))]
    if expected not in last:
        faults.append(f"no {expected!r} on the page")
    print(f"{'ok  ' if not faults else 'FAIL'} /{route or ' '} ({len(last)} characters)")
    for fault in faults[:5]:
        print("     ", fault)
    return not faults


def fault_of(event: dict):
    method, details = event.get("method"), event.get("params", {})
    if method == "Runtime.exceptionThrown":
        thrown = details["exceptionDetails"]
        return "thrown: " + thrown.get("exception", {}).get("description", thrown["text"])[:300]
    if method == "Runtime.consoleAPICalled" and details["type"] in ("error", "assert"):
        return "console: " + " ".join(str(part.get("value", part.get("description"))) for part in details["args"])[:300]
    if method == "Log.entryAdded" and details["entry"]["level"] == "error":
        entry = details["entry"]
        # What lies elsewhere can't be fetched here on purpose.
        if entry.get("url", "").startswith(f"http://localhost:{SERVER_PORT}"):
            return f"log: {entry['text'][:200]} {entry['url']}"
    if method == "Network.responseReceived" and details["response"]["status"] >= 400:
        return f"HTTP {details['response']['status']}: {details['response']['url']}"
    return None


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
