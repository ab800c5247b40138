#!/usr/bin/env python3
"""Opens the pages of drgn in headless Chromium, light and dark.

usage: .ci/browser.py DRGN [SHOTS [-c CORE ...]]

DRGN is the program. A page fails if the browser complains of it: an error on the console, something that the page's policy
forbids, an exception of a script, something that can't be loaded; or if it is wider than the window, or text is hard to read; or if it is no
valid HTML, says tidy. With
the directory SHOTS, a picture of each page is written there. What follows are flags that say what is debugged, in place of the bundled core.
"""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

CORE = "testdata/tiny-6.12/vmcore"
THEMES = ["light", "dark"]
WIDTHS = [1280, 420]

# Pages of drgn web on the bundled core; what they link to is looked at, too, one of each kind.
PAGES = ["/", "/report", "/tasks", "/stacks", "/stack?thread=1", "/object?e=init_task", "/object?e=init_task.comm", "/type?name=struct+task_struct",
         "/symbol?name=schedule", "/code?at=schedule", "/command?line=help", "/command?line=ps", "/command?line=mount", "/ask?q=schedule", "/ask?q=nonsense", "/prompt", "/flames.svg"]

# Pages that are used: what is done, and what is to be seen then.
USED = [
    ("/prompt", """new Promise(done => {
        const form = document.getElementById("prompt");
        form.elements.q.value = "init_task.comm";
        new MutationObserver((_, o) => { const pre = document.querySelector("#lines pre"); if (pre) { o.disconnect(); done(pre.textContent) } }).observe(document.getElementById("lines"), {childList: true, subtree: true});
        form.requestSubmit();
    })""", '(char [16])"swapper/0"'),
    ("/flames.svg", """(() => {
        const shown = () => [...document.querySelectorAll("#frames g")].filter(g => g.style.display !== "none").length;
        const all = shown(), kthread = [...document.querySelectorAll("#frames g")].find(g => g.querySelector("title").textContent.startsWith("kthread:"));
        kthread.dispatchEvent(new MouseEvent("click"));
        const zoomed = shown(), field = document.getElementById("search");
        field.value = "^kthread$";
        field.dispatchEvent(new Event("input"));
        const found = document.getElementById("found").textContent;
        document.getElementById("reset").dispatchEvent(new MouseEvent("click"));
        return [zoomed < all, /^\\d+ of \\d+ threads/.test(found), shown() === all, field.value].join();
    })()""", "true,true,true,"),
]

# Whether a text is as much lighter or darker than what is behind it as WCAG 2.1 (1.4.3) wants it, and what is wider than the window.
LOOK = r"""
(() => {
  const rgb = c => (c.match(/[\d.]+/g) || []).map(Number);
  const light = c => { const [r, g, b] = rgb(c).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 }); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if ((rgb(c)[3] ?? 1) > 0.5) return c } return getComputedStyle(document.documentElement).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18, 18, 18)" : "rgb(255, 255, 255)" };
  const bad = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg") || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(`${e.tagName.toLowerCase()}.${e.className}: ${ratio.toFixed(1)} (${e.textContent.trim().slice(0, 30)})`);
  }
  const root = document.documentElement;
  return { wide: root.scrollWidth - root.clientWidth, bad: [...bad].slice(0, 5), text: document.body ? document.body.innerText.length : 1, height: root.scrollHeight,
    links: [...document.querySelectorAll("a[href^='/']")].map(a => a.getAttribute("href")) };
})()
"""


class Browser:
    """Chromium, which is told what to do by its DevTools protocol through two pipes."""

    def __init__(self, profile):
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()

        def pipes():  # those that Chromium expects are 3 and 4; neither may be closed while it is moved
            a, b = os.dup(to_read), os.dup(to_write)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [os.environ.get("CHROMIUM", "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.numbers = itertools.count(1)
        self.buffer = b""
        self.complaints = []
        self.loaded, self.url = False, ""
        self.session = None
        page = next(t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        self.enable(self.session)

    def enable(self, session):
        for method in "Page.enable", "Runtime.enable", "Log.enable", "Network.enable":
            self.send(method, session)
        self.send("Target.setAutoAttach", session, autoAttach=True, waitForDebuggerOnStart=False, flatten=True)

    def send(self, method, session, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        return number

    def receive(self):
        while b"\0" not in self.buffer:
            got = os.read(self.into, 1 << 20)
            if not got:
                raise SystemExit("Chromium has ended")
            self.buffer += got
        message, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(message)
        method, params = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired" and message.get("sessionId") == self.session:
            self.loaded = True
        elif method == "Page.frameNavigated" and "parentId" not in params["frame"] and message.get("sessionId") == self.session:
            self.loaded, self.url = False, params["frame"]["url"]
        elif method == "Target.attachedToTarget":
            self.enable(params["sessionId"])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"].get("exception", {}).get("description")))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append(str(params["args"]))
        return message

    def ask(self, method, **params):
        number = self.send(method, self.session, **params)
        while True:
            message = self.receive()
            if message.get("id") == number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                return message["result"]

    def open(self, url):
        """Opens a page. One with a token leads to the one without it by itself."""
        self.complaints, self.loaded, self.url = [], False, url
        self.ask("Page.navigate", url=url)
        while not self.loaded or "token=" in self.url:
            self.receive()

    def look(self, url, theme, width):
        """Opens a page. Returns what LOOK says of it."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.open(url)
        return self.run(LOOK)

    def run(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise SystemExit(result["exceptionDetails"])
        return result["result"].get("value")

    def shoot(self, path, height, width):
        import base64
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, 4000), "scale": 1}
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.send("Browser.close", None)
        self.process.wait()


def source(opener, page):
    """Returns a page as it is sent."""
    try:
        with opener.open(page) as got:
            return got.read()
    except urllib.error.HTTPError as e:  # which has a page, too
        return e.read()


def invalid(source):
    """Returns what is wrong with a page of HTML."""
    got = subprocess.run(["tidy", "-q", "-e", "--drop-empty-elements", "no"], input=source, stderr=subprocess.PIPE)
    return got.stderr.decode().splitlines()


def main():
    drgn, shots, target = sys.argv[1], None, ["-c", CORE]
    if len(sys.argv) > 2:
        shots = pathlib.Path(sys.argv[2])
        shots.mkdir(exist_ok=True)
    if len(sys.argv) > 3:
        target = sys.argv[3:]
    with tempfile.TemporaryDirectory() as scratch:
        failures = 0
        scratch = pathlib.Path(scratch)
        subprocess.run([drgn, *target, "report", "-q", "-o", scratch / "report.html"], check=True)
        with open(scratch / "flames.svg", "w") as out:
            subprocess.run([drgn, *target, "stacks", "--flame"], check=True, stdout=out)
        server = subprocess.Popen([drgn, *target, "web"], stdout=subprocess.PIPE, text=True)
        browser = Browser(scratch / "profile")
        try:
            first = re.search(r"http://\S+", server.stdout.readline())[0]
            browser.open(first)
            root = first[:first.index("/?")]
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
            opener.open(first).close()
            pages = [str(scratch / "report.html"), str(scratch / "flames.svg")]
            pages = [pathlib.Path(p).as_uri() for p in pages] + [root + p for p in PAGES]
            kinds = {urllib.parse.urlparse(p).path for p in pages}
            done = 0
            for page in pages:  # grows
                name = re.sub(r"[^\w.=-]+", "_", page.removeprefix(root).removeprefix(scratch.as_uri())).strip("_") or "first"
                if not page.endswith(".svg"):
                    wrong = invalid(source(opener, page))
                    if wrong:
                        failures += 1
                        print(f"{page}:", *wrong, sep="\n  ")
                for theme in THEMES:
                    for width in WIDTHS:
                        seen = browser.look(page, theme, width)
                        wrong = [c for c in browser.complaints if not ("404" in c and "nonsense" in page)] + seen["bad"]
                        if seen["wide"] > 0:
                            wrong.append(f"{seen['wide']} pixels wider than the window")
                        if seen["text"] == 0:
                            wrong.append("it is empty")
                        if wrong:
                            failures += 1
                            print(f"{page}, {theme}, {width} pixels:", *wrong, sep="\n  ")
                        done += 1
                        if shots:
                            browser.shoot(shots / f"{name}-{theme}-{width}.png", max(seen["height"], 300), width)
                for link in seen["links"]:
                    kind = urllib.parse.urlparse(link).path
                    if kind not in kinds:
                        kinds.add(kind)
                        pages.append(root + link)
            for page, script, want in USED:
                browser.look(root + page, "light", 1280)
                got = browser.run(script)
                if got != want or browser.complaints:
                    failures += 1
                    print(f"{page}: {got!r}, not {want!r}", *browser.complaints, sep="\n  ")
        finally:
            browser.close()
            server.terminate()
            server.wait()
        print(f"{done} looks at {len(pages)} pages, {failures} failed")
        return failures > 0


if __name__ == "__main__":
    sys.exit(main())
